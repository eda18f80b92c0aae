/*
 * launcher: starts charon, stock and unmodified, and makes it talk to us where it means to
 * talk to the kernel's XFRM. It is charon's parent and lives exactly as long.
 *
 * charon runs under a seccomp filter with user notification (seccomp_unotify(2)) on two
 * system calls only; everything else is untouched:
 *
 *   bind(netlink XFRM socket)    a SOCK_SEQPACKET pair is made, one end takes the socket's place
 *                                in charon, the other goes to the keeper (KEEPER_XFRM)
 *   bind(UDP port 4500)          SO_REUSEPORT and UDP_GRO are set first, so that it joins the keeper's
 *                                group (docs/decisions/0004-port-4500.md)
 *   setsockopt(UDP_ENCAP)        answered with success and not done: the kernel would take the ESP
 *
 * Where the kernel does IPsec (struct keeper_ike) charon talks to the kernel, and its port only gets SO_REUSEADDR, so that the
 * keeper's socket can stand in for it while it is away (docs/decisions/0008-ipsec-in-the-kernel.md).
 *
 * charon is killed when the launcher dies, however it dies, and when the keeper's socket
 * ends; KEEPER_STOP lets it say goodbye to its peers first. The launcher holds no secrets.
 */
#ifndef DMVPN_IKE_LAUNCHER_H
#define DMVPN_IKE_LAUNCHER_H

struct launcher_options {
	int keeper_fd;
	const char *run_dir;
	const char *charon_path; /* absolute */
};

/* Waits for KEEPER_IKE_START, runs charon to its end. The program's exit code; says why on
 * stderr. */
int launcher_run(const struct launcher_options *options);

#endif
