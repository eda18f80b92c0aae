#include "config/render_nhrpd.h"

#include <errno.h>
#include <string.h>

static const char *family_word(bool ipv6) { return ipv6 ? "ipv6" : "ip"; }

static void host(const struct config_host *h, FILE *out)
{
	char text[IPADDR_TEXT_MAX];

	fputs(h->name ? h->name : ipaddr_format(&h->addr, text), out);
}

static bool is_given(const struct config_host *h) { return h->name || !ipaddr_is_none(&h->addr); }

static bool is_server(const struct config_nhrp *n, const struct ipaddr *a)
{
	for (size_t i = 0; i < n->nhs_count; i++)
		if (ipaddr_eq(&n->nhs[i].addr, a))
			return true;
	return false;
}

/* Where a server is: its own word, or a map's. */
static const struct config_host *whereabouts(const struct config_nhrp *n, const struct config_nhs *s)
{
	for (size_t i = 0; i < n->map_count && !is_given(&s->nbma); i++)
		if (ipaddr_eq(&n->maps[i].proto.addr, &s->addr))
			return &n->maps[i].nbma;
	return &s->nbma;
}

static void maps(const struct config_nhrp *n, bool ipv6, FILE *out)
{
	char text[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->map_count; i++) {
		const struct config_map *m = &n->maps[i];

		/* A server's would stand in the way of what it answers. */
		if (is_server(n, &m->proto.addr))
			continue;
		fprintf(out, "%s%s nhrp map %s ", m->nbma.name ? "! not carried: " : " ", family_word(ipv6),
			ipaddr_format(&m->proto.addr, text));
		host(&m->nbma, out);
		fputc('\n', out);
	}
	if (n->map_multicast_dynamic)
		fprintf(out, " %s nhrp map multicast dynamic\n", family_word(ipv6));
	for (size_t i = 0; i < n->map_multicast_count; i++) {
		fprintf(out, "%s%s nhrp map multicast ", n->map_multicast[i].name ? "! not carried: " : " ", family_word(ipv6));
		host(&n->map_multicast[i], out);
		fputc('\n', out);
	}
}

static void servers(const struct config_nhrp *n, bool ipv6, FILE *out)
{
	char text[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->nhs_count; i++) {
		const struct config_nhs *s = &n->nhs[i];
		const struct config_host *nbma = whereabouts(n, s);

		if (!is_given(nbma))
			continue;
		fprintf(out, " %s nhrp nhs %s nbma ", family_word(ipv6),
			ipaddr_is_none(&s->addr) ? "dynamic" : ipaddr_format(&s->addr, text));
		host(nbma, out);
		fputc('\n', out);
		if (s->priority || s->cluster)
			fputs("! not carried: its priority and cluster\n", out);
		if (s->multicast && !nbma->name) {
			fprintf(out, " %s nhrp map multicast ", family_word(ipv6));
			host(nbma, out);
			fputc('\n', out);
		}
	}
}

static void nhrp(const struct config_nhrp *n, bool ipv6, FILE *out)
{
	const char *word = family_word(ipv6);

	if (!n->enabled)
		return;
	fprintf(out, " %s nhrp network-id %u\n %s nhrp holdtime %u\n", word, n->network_id, word, n->holdtime_s);
	if (n->authentication)
		fprintf(out, "! FRR of 2024 and later only\n %s nhrp authentication %s\n", word, n->authentication);
	if (n->no_unique)
		fprintf(out, " %s nhrp registration no-unique\n", word);
	if (n->registration_timeout_s != n->holdtime_s / 3)
		fprintf(out, "! not carried: %s nhrp registration timeout %u\n", word, n->registration_timeout_s);
	if (n->shortcut)
		fprintf(out, " %s nhrp shortcut\n", word);
	if (n->redirect)
		fprintf(out, " %s nhrp redirect\n", word);
	maps(n, ipv6, out);
	servers(n, ipv6, out);
}

static bool has_nhrp(const struct config_interface *i)
{
	return i->is_tunnel && !i->shutdown && (i->tunnel->nhrp4.enabled || i->tunnel->nhrp6.enabled);
}

int config_render_nhrpd(const struct config *c, FILE *out)
{
	fprintf(out, "nhrp nflog-group %d\nnhrp multicast-nflog-group %d\n!\n", NHRPD_REDIRECT_GROUP, NHRPD_MULTICAST_GROUP);
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_interface *i = &c->interfaces[k];

		if (!has_nhrp(i))
			continue;
		fprintf(out, "interface %s\n", i->name);
		nhrp(&i->tunnel->nhrp4, false, out);
		nhrp(&i->tunnel->nhrp6, true, out);
		fputs("exit\n!\n", out);
	}
	return ferror(out) ? -EIO : 0;
}

static void routes(const struct config_interface *i, const struct config_nhrp *n, FILE *out)
{
	char subnet[IPPREFIX_TEXT_MAX], server[IPADDR_TEXT_MAX];

	for (size_t a = 0; a < i->address_count; a++)
		for (size_t s = 0; s < n->nhs_count; s++) {
			const struct config_address *own = &i->addresses[a];
			struct ipprefix p = ipprefix_make(&own->addr, own->prefix_len);

			if (!own->link_local && ipprefix_contains(&p, &n->nhs[s].addr))
				fprintf(out, "%s route %s %s\n", family_word(own->addr.family == IP_V6), ipprefix_format(&p, subnet),
					ipaddr_format(&n->nhs[s].addr, server));
		}
}

int config_nhrpd_routes(const struct config *c, FILE *out)
{
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_interface *i = &c->interfaces[k];

		if (!has_nhrp(i))
			continue;
		routes(i, &i->tunnel->nhrp4, out);
		routes(i, &i->tunnel->nhrp6, out);
	}
	return ferror(out) ? -EIO : 0;
}
