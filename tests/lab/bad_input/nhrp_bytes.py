"""NHRP messages as bytes, right or deliberately wrong, independent of the code under test."""
import socket
import struct

RESOLUTION_REQUEST, RESOLUTION_REPLY, REGISTRATION_REQUEST, REGISTRATION_REPLY = 1, 2, 3, 4
PURGE_REQUEST, PURGE_REPLY, ERROR_INDICATION, TRAFFIC_INDICATION = 5, 6, 7, 8
UNIQUE = 0x8000
AUTHENTICATION = b"\0\0\0\1secret"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def address(text):
    return socket.inet_aton(text) if text else b""


def cie(nbma="", proto="", code=0, prefix=32, holding=600):
    n, p = address(nbma), address(proto)
    return struct.pack("!BBHHHBBBB", code, prefix, 0, 1400, holding, len(n), 0, len(p), 0) + n + p


def extension(kind, value, compulsory=True):
    return struct.pack("!HH", kind | (0x8000 if compulsory else 0), len(value)) + value


def message(kind, src_nbma, src, dst, *, cies=(cie(),), flags=0, request=1, code=0, hops=255, payload=b"",
            extensions=None, authentication=AUTHENTICATION):
    """A whole message with right lengths and checksum; types 7 and 8 carry code and payload."""
    addresses = address(src_nbma) + address(src) + address(dst)
    if kind in (ERROR_INDICATION, TRAFFIC_INDICATION):
        # the protocol lengths, an unused word, code and offset
        body = struct.pack("!BBHHH", len(address(src)), len(address(dst)), 0, code, 0) + addresses + payload
    else:
        body = struct.pack("!BBHI", len(address(src)), len(address(dst)), flags, request) + addresses + b"".join(cies)
    tail = b""
    if kind != ERROR_INDICATION:
        tail = b"".join(extensions or ())
        if authentication:
            tail += extension(7, authentication)
        tail += extension(0, b"")
    size = 20 + len(body) + len(tail)
    fixed = struct.pack("!HH5sBHHHBBBB", 1, 0x0800, b"\0" * 5, hops, size & 0xffff, 0, 20 + len(body) if tail else 0,
                        1, kind, len(address(src_nbma)), 0)
    whole = fixed + body + tail
    return whole[:12] + struct.pack("!H", checksum(whole)) + whole[14:]


def kind_of(data):
    return data[17] if len(data) > 17 else 0


def gre(payload, key=100, protocol=0x2001):
    return struct.pack("!HHI", 0x2000, protocol, key) + payload


def ip_udp(src, dst):
    """The head of a packet that a Traffic Indication tells about."""
    udp = struct.pack("!HHHH", 4000, 4000, 16, 0) + b"payload."
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, address(src), address(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp
