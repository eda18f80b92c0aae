/*
 * net: three network namespaces in a row, for one forwarder between its peers.
 *
 *      left                        hub                        right
 *   100.64/16, 10.1/16  ── 192.0.2.0/30 ── 198.51.100.0/30 ── 100.65/16, 10.2/16
 *
 * 100.64/16 and 100.65/16 are the peers' underlay addresses, 10.1/16 and 10.2/16 their LANs. They
 * have no names and go with the process. What comes to the hub in clear from the left is
 * forwarded to the right by its kernel: the plain way.
 */
#ifndef DMVPN_BENCH_NET_H
#define DMVPN_BENCH_NET_H

struct net {
	int left, hub, right; /* descriptors of the namespaces */
};

#define NET_HUB_ADDRESS "192.0.2.1"

/* Ends the program with a word when something is not possible; so do all functions of the bench. */
void net_open(struct net *n);
void net_close(struct net *n);

void net_enter(int ns);
void net_run(int ns, const char *format, ...) __attribute__((format(printf, 2, 3)));

_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
