"""What goes in at one end of a tunnel comes out at the other.

  stream.py tcp-receive ADDR PORT            stream.py tcp-send ADDR PORT OCTETS SEED
  stream.py udp-receive ADDR PORT COUNT      stream.py udp-send ADDR PORT SIZE COUNT

TCP: either end prints octets and their digest. UDP: datagrams of SIZE, by UDP_SEGMENT, the last
of each send shorter; the receiver prints how many came whole and in order.
"""
import hashlib
import random
import socket
import struct
import sys

UDP_SEGMENT = 103
PER_SEND = 8


def listening(kind, addr, port):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(30)
    s.bind((addr, int(port)))
    return s


def tcp_receive(addr, port):
    s = listening(socket.SOCK_STREAM, addr, port)
    s.listen(1)
    print("ready", flush=True)
    conn, _ = s.accept()
    conn.settimeout(30)
    digest, count = hashlib.sha256(), 0
    while part := conn.recv(1 << 20):
        digest.update(part)
        count += len(part)
    print(count, digest.hexdigest())


def tcp_send(addr, port, octets, seed):
    s = socket.create_connection((addr, int(port)), timeout=30)
    block = random.Random(int(seed)).randbytes(int(octets))
    s.sendall(block)
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
    print(len(block), hashlib.sha256(block).hexdigest())


def datagram(number, size):
    """The last of each send is shorter."""
    size = size // 3 if number % PER_SEND == PER_SEND - 1 else size
    return struct.pack("!I", number) + random.Random(number).randbytes(size - 4)


def udp_receive(addr, port, count):
    s = listening(socket.SOCK_DGRAM, addr, port)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
    print("ready", flush=True)
    whole = last = 0
    size = len(s.recv(1 << 16, socket.MSG_PEEK))
    s.settimeout(5)
    try:
        while whole < int(count):
            got = s.recv(1 << 16)
            number = struct.unpack("!I", got[:4])[0]
            if number < last or got != datagram(number, size):
                raise SystemExit(f"datagram {number} of {len(got)} octets after {last} is not what was sent")
            last = number
            whole += 1
    except TimeoutError:
        pass
    print(whole)


def udp_send(addr, port, size, count):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(size))
    s.connect((addr, int(port)))
    for first in range(0, int(count), PER_SEND):
        s.send(b"".join(datagram(n, int(size)) for n in range(first, first + PER_SEND)))


{"tcp-receive": tcp_receive, "tcp-send": tcp_send, "udp-receive": udp_receive,
 "udp-send": udp_send}[sys.argv[1]](*sys.argv[2:])
