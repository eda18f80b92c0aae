"""Certificates of a lab's routers: the lab's own authority and others, made with pki."""
import datetime
import os
import subprocess

import scene

TRUSTPOINT = """crypto pki trustpoint LAB
 ca-file ca.crt
 certificate-file router.crt
 key-file router.key
"""


def certified(name, config):
    crypto = scene.CRYPTO[:scene.CRYPTO.index("crypto ikev2 keyring")] + f"""crypto ikev2 profile DMVPN
 match identity remote any
 identity local fqdn {name}
 authentication local ecdsa-sig
 authentication remote ecdsa-sig
 pki trustpoint LAB
""" + scene.CRYPTO[scene.CRYPTO.index("crypto ipsec transform-set"):]
    return scene.protected(config, TRUSTPOINT + crypto)


class Authority:
    """The lab's, whose key lies where the lab made it; or one of our own."""

    def __init__(self, lab):
        self.folder = os.path.join(lab.run_dir, ".pki")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def pki(self, out, *words):
        made = subprocess.run(["pki", *words, "--outform", "pem"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        at = made.stdout.find(b"-----BEGIN")
        if made.returncode or at < 0:
            raise RuntimeError(made.stderr.decode())
        fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as f:
            f.write(made.stdout[at:])

    def issue(self, router, seconds, ca="ca", names=()):
        """A certificate for the router's own key that is valid so long, put in its place; with other names
        beside the router's."""
        end = datetime.datetime.now() + datetime.timedelta(seconds=seconds)
        begin = end - datetime.timedelta(days=1)
        form = "%Y-%m-%d %H:%M:%S"
        self.pki(self.path(router, "router.crt"), "--issue", "--cacert", self.path(f"{ca}.crt"), "--cakey",
                 self.path(f"{ca}.key"), "--in", self.path(router, "router.key"), "--type", "priv", "--dn",
                 f"CN={router}", *[word for name in (router, *names) for word in ("--san", name)], "--dateform", form, "--not-before", begin.strftime(form),
                 "--not-after", end.strftime(form))

    def found(self, ca):
        self.pki(self.path(f"{ca}.key"), "--gen", "--type", "ecdsa", "--size", "256")
        self.pki(self.path(f"{ca}.crt"), "--self", "--ca", "--in", self.path(f"{ca}.key"), "--type", "ecdsa",
                 "--dn", f"CN={ca}")
