/*
 * esp: what the kernel's IPsec is told and asked beside charon, over NETLINK_XFRM.
 *
 * A block is a pair of policies below all of charon's: GRE from and to a local address is dropped, unless a policy of
 * charon's for one far end takes it, which requires ESP. So nothing of a protected tunnel leaves or enters in clear
 * while there is no session with its far end.
 */
#ifndef DMVPN_KERNEL_ESP_H
#define DMVPN_KERNEL_ESP_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum esp_way { ESP_IN, ESP_OUT };

/* The message that puts one half of a block there, or takes it away: for netlink_run(). */
void esp_block_request(struct netlink_request *r, const struct ipaddr *local, enum esp_way way, bool on);
/* Both halves. 0 or -errno; one that is there already is as good, and so is one that is not there to be taken away. */
int esp_block(struct netlink *n, const struct ipaddr *local, bool on);

/* The kernel can make an SA by AES-GCM, whose outer packets are of that family. Leaves nothing behind. */
bool esp_possible(struct netlink *n, enum ip_family family);

/* The SA with that SPI, in host order, to that address. */
bool esp_sa_exists(struct netlink *n, const struct ipaddr *dst, uint32_t spi);
int esp_sa_del(struct netlink *n, const struct ipaddr *dst, uint32_t spi); /* 0 or -errno */

/* A socket that hears of SAs that come and go; non-blocking. -errno when it cannot be. */
int esp_watch_open(void);
typedef void (*esp_each)(void *arg, const struct ipaddr *dst, uint32_t spi, bool exists);
/* Until nothing is left to read. 0; -ENOBUFS: not each was told, ask for it; or -errno. */
int esp_watch_read(int fd, esp_each each, void *arg);
/* One message of it, for tests. */
void esp_watch_message(const struct nlmsghdr *m, esp_each each, void *arg);

#endif
