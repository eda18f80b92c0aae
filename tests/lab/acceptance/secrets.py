#!/usr/bin/env python3
"""Secrets stay secret: the pre-shared key and the private key's text stand in no log, in no answer
of the tool, in no argument or environment of our processes, in no file that anybody but root may
read, and in no core dump.

usage: secrets.py DMVPN_TOOL
"""
import os
import resource
import signal
import stat

import scene

KEY = "a-very-secret-pre-shared-key"
SUBJECTS = ("dmvpn", "nhrp", "nhs", "tunnels", "events", "counters", "ipsec")


def configs(psk):
    def crypto(name):
        if psk:
            return scene.CRYPTO.replace("not-a-secret", KEY)
        return scene.CRYPTO[:scene.CRYPTO.index("crypto ikev2 keyring")] + f"""crypto pki trustpoint LAB
 ca-file ca.crt
 certificate-file router.crt
 key-file router.key
crypto ikev2 profile DMVPN
 match identity remote any
 identity local fqdn {name}
 authentication local ecdsa-sig
 authentication remote ecdsa-sig
 pki trustpoint LAB
""" + scene.CRYPTO[scene.CRYPTO.index("crypto ipsec transform-set"):]

    return {"hub1": scene.protected(scene.hub_config(), crypto("hub1")),
            "spoke1": scene.protected(scene.spoke_config(1), crypto("spoke1"))}


def contents(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""  # a socket, or gone meanwhile


def processes(lab, router):
    """All of dmvpnd's, by name."""
    found = {}
    for pid in scene.run("ip", "netns", "pids", lab.netns(router)).split():
        name = contents(f"/proc/{pid}/comm").decode().strip()
        if name.startswith(("dmvpn", "charon")):
            found[int(pid)] = name
    return found


def places(lab, routers):
    """(where, what stands there) of all that somebody else than root may come to see."""
    for r in routers:
        yield f"{r}'s log", lab.log(r).encode()
        for what in SUBJECTS:
            yield f"{r}: show {what}", lab.tool(r, "show", what).encode()
            yield f"{r}: show --json {what}", lab.tool(r, "show", "--json", what).encode()
        yield f"{r}: explain", lab.tool(r, "explain").encode() + lab.tool(r, "explain", "--json").encode()
        yield f"{r}: render swanctl", scene.run(lab.tool_path, "render", "swanctl", lab.file(r)).encode()
        yield f"{r}: check", scene.run(lab.tool_path, "check", lab.file(r), check=False).encode()
        for pid, name in processes(lab, r).items():
            yield f"{r}: arguments of {name}", contents(f"/proc/{pid}/cmdline")
            yield f"{r}: environment of {name}", contents(f"/proc/{pid}/environ")
    for folder in (lab.run_dir, lab.logs):
        for at, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(at, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode) and mode & 0o077:
                    yield path, contents(path)


def look(lab, routers, secrets):
    count = 0
    for where, text in places(lab, routers):
        count += 1
        for secret in secrets:
            scene.check(f"{where} holds a secret", secret not in text)
    print(f"{count} places hold none of {len(secrets)} secrets", flush=True)


def cores(folders):
    """Files that a kernel wrote for a process that died."""
    return sorted(os.path.join(at, name) for folder in folders for at, _, files in os.walk(folder) for name in files
                  if name == "core" or name.startswith("core."))


def crash(lab, routers):
    """Each process in turn dies of a fault, with no limit for core dumps."""
    folders = {lab.run_dir, lab.logs, lab.configuration_dir, os.getcwd()}
    before = cores(folders)
    for r in routers:
        for name in ("dmvpn-fwd", "charon-systemd", "dmvpn-charon"):
            victims = scene.wait_for(f"{r} has a {name}", lambda r=r, name=name:
                                     [pid for pid, comm in processes(lab, r).items() if comm == name])
            for pid in victims:
                folders.add(os.readlink(f"/proc/{pid}/cwd"))
                os.kill(pid, signal.SIGSEGV)
                scene.wait_for(f"{name} is gone", lambda pid=pid: not os.path.exists(f"/proc/{pid}/exe"))
            print(f"{r}: {name}: {len(victims)} crashed", flush=True)
            scene.wait_for(f"{r} answers", lambda r=r: lab.show(r, "tunnels"), 20)
    keepers = [pid for pid, comm in processes(lab, routers[0]).items() if comm == "dmvpnd"]
    scene.check("keeper and control process are not both there", len(keepers) == 2, keepers)
    for pid in keepers:
        os.kill(pid, signal.SIGSEGV)
    scene.wait_for("the keeper is gone", lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in keepers))
    folders = {f for f in folders if f != "/"}
    scene.expect("core dumps", [c for c in cores(folders) + [f"/{n}" for n in os.listdir("/") if n.startswith("core")]
                                if c not in before], [])


def test(tool):
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for psk in (True, False):
        with scene.Lab(tool, configs(psk), None if psk else "certificates\n") as lab:
            lab.wait_registered("spoke1")
            if psk:
                secrets = [KEY.encode()]
            else:
                lines = [contents(os.path.join(lab.run_dir, ".pki", r, "router.key")) for r in ("hub1", "spoke1")]
                secrets = [line for key in lines for line in key.splitlines() if line and not line.startswith(b"-----")]
            scene.check("there are no secrets to look for", secrets)
            look(lab, ["hub1", "spoke1"], secrets)
            lab.tool("spoke1", "reload")
            os.kill(lab.charon("spoke1"), signal.SIGKILL)  # what is said of deaths and new starts holds none either
            scene.wait_for("charon is back", lambda: lab.charon("spoke1") > 0 and lab.children("spoke1"), 20)
            look(lab, ["hub1", "spoke1"], secrets)
            if psk:
                crash(lab, ["spoke1"])


scene.main(test)
