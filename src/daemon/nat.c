/* nat: address translation, kept as the configuration says. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_state.h"
#include "kernel/nat.h"
#include "kernel/nat_address.h"

enum { ADDRESSES_MAX = 256 };

static bool is_own(const struct config_interface *home, const struct ipaddr *a)
{
	for (size_t i = 0; i < home->address_count; i++) {
		if (ipaddr_eq(&home->addresses[i].addr, a))
			return true;
	}
	return false;
}

/* From first to last, as few prefixes as that takes. */
static size_t add_range(const struct nat_rule *r, int ifindex, struct nat_address *out, size_t room)
{
	uint64_t at = ipaddr_to_v4(&r->first);
	const uint64_t end = r->is_static ? at + (1ULL << (32 - r->len)) : (uint64_t)ipaddr_to_v4(&r->last) + 1;
	size_t n = 0;

	while (at < end && n < room) {
		uint8_t len = 32;
		struct ipaddr a = ipaddr_v4((uint32_t)at);

		while (len > 0 && at % (1ULL << (33 - len)) == 0 && at + (1ULL << (33 - len)) <= end)
			len--;
		out[n++] = (struct nat_address){ ipprefix_make(&a, len), ifindex };
		at += 1ULL << (32 - len);
	}
	return n;
}

static size_t answered_for(const struct nat *n, struct nat_address out[ADDRESSES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < n->rule_count; i++) {
		const struct nat_rule *r = &n->rules[i];
		const int ifindex = r->home ? (int)if_nametoindex(r->home->name) : 0;

		if (ifindex && !is_own(r->home, &r->first))
			count += add_range(r, ifindex, out + count, ADDRESSES_MAX - count);
	}
	return count;
}

static int set_addresses(struct daemon *d, const struct nat *n)
{
	struct nat_address *wanted = calloc(ADDRESSES_MAX, sizeof *wanted);
	int rc;

	if (!wanted)
		return -ENOMEM;
	rc = nat_addresses_set(&d->netlink, wanted, answered_for(n, wanted));
	free(wanted);
	return rc;
}

void nat_apply(struct daemon *d)
{
	struct nat *n = nat_new(d->config);
	char *text = n ? nat_ruleset(d->config, n) : NULL;
	char error[200] = "";
	int rc = text ? 0 : -ENOMEM;

	/* Who translates nothing has no need of nft, unless there is something to be taken back. */
	if (text && (d->nat_installed ? strcmp(text, d->nat_installed) : nat_wanted(d->config, n) || d->hello.is_restart))
		rc = nat_install(text, error, sizeof error);
	if (rc == 0)
		rc = set_addresses(d, n);
	if (rc < 0) {
		daemon_log(d, TRACE_ERROR, "NAT_RULES", "error=\"%s\" detail=\"%s\"", strerror(-rc), error);
		free(text);
	} else {
		free(d->nat_installed);
		d->nat_installed = text;
	}
	nat_free(n);
}

void nat_stop(struct daemon *d)
{
	struct nat *n = nat_new(d->config);
	char error[200];

	if (n && nat_wanted(d->config, n))
		nat_install("add table ip dmvpn_nat\ndelete table ip dmvpn_nat\n", error, sizeof error);
	nat_addresses_set(&d->netlink, NULL, 0);
	nat_free(n);
	free(d->nat_installed);
	d->nat_installed = NULL;
}
