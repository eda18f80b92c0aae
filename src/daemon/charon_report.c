#include "daemon/charon_report.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "ike/ike_messages.h"

uint32_t protection_id(const struct ike_protection *p)
{
	static const struct siphash_key key = { 0x70726f7465637469, 0x6f6e20696420206f };
	const uint64_t h = siphash(&key, p->name, strlen(p->name));

	return (uint32_t)h ? (uint32_t)h : 1;
}

const struct ike_protection *protection_of(const struct ike_config *c, uint32_t id)
{
	for (size_t i = 0; c && i < c->protection_count; i++)
		if (protection_id(&c->protections[i]) == id)
			return &c->protections[i];
	return NULL;
}

static const struct ike_protection *of_connection(const struct ike_config *c, const char *name)
{
	struct ipaddr local, remote;
	uint32_t number;
	uint16_t port;

	return c && ike_connection_parse(c, name, &number, &local, &remote, &port) ? ike_config_by_number(c, number) : NULL;
}

const struct vici_node *charon_ike_section(const struct ike_config *c, const struct vici_message *m)
{
	for (const struct vici_node *n = m->root->first; n; n = n->next)
		if (n->kind == VICI_SECTION && of_connection(c, n->name))
			return n;
	return NULL;
}

static bool take_address(const struct vici_node *data, const char *key, uint32_t vrf, struct endpoint *out)
{
	const char *text = vici_text(data, key);

	*out = (struct endpoint){ .vrf = vrf };
	return text && ipaddr_parse(text, &out->addr);
}

bool charon_report_ike(const struct ike_config *c, const char *connection, const struct vici_node *data,
		       struct session_report *out)
{
	const struct ike_protection *p = of_connection(c, connection);

	*out = (struct session_report){ 0 };
	if (!p || !data || !take_address(data, "local-host", p->vrf, &out->local) ||
	    !take_address(data, "remote-host", p->vrf, &out->remote))
		return false;
	out->protection = protection_id(p);
	out->ike_id = (uint32_t)vici_number(data, "uniqueid", 0);
	out->spi_initiator = vici_hex(data, "initiator-spi", 0);
	out->age_s = (uint32_t)vici_number(data, "established", 0);
	out->is_initiator = vici_yes(data, "initiator");
	out->remote_port = (uint16_t)vici_number(data, "remote-port", 0);
	out->identity = vici_text(data, "remote-id");
	out->version = (unsigned)vici_number(data, "version", 0);
	if (out->identity && (out->identity[0] == '\0' || strcmp(out->identity, "%any") == 0))
		out->identity = NULL;
	return out->ike_id != 0;
}

bool charon_report_child(const struct vici_node *child, struct session_report *out)
{
	out->spi_in = (uint32_t)vici_hex(child, "spi-in", 0);
	out->spi_out = (uint32_t)vici_hex(child, "spi-out", 0);
	return out->spi_in != 0 && out->spi_out != 0;
}
