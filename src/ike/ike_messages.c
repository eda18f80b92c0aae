#include "ike/ike_messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ike/ike_defaults.h"
#include "ike/ike_resolve.h"

enum { KEY_FILE_MAX = 65535 /* octets, what one VICI value holds */ };

/* ---- names ---- */

static void connection_name(const struct ike_protection *p, const struct ipaddr *local, const struct ipaddr *remote,
			    uint16_t port, char name[IKE_CONNECTION_NAME_MAX])
{
	char here[IPADDR_TEXT_MAX], there[IPADDR_TEXT_MAX], number[8] = "";

	if (port)
		snprintf(number, sizeof number, "%%%u", port);
	snprintf(name, IKE_CONNECTION_NAME_MAX, "%s@%s%s%s%s", p->name, ipaddr_format(local, here),
		 ipaddr_is_none(remote) ? "" : ">", ipaddr_is_none(remote) ? "" : ipaddr_format(remote, there), number);
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	*port = (uint16_t)value;
	return *text >= '0' && *text <= '9' && !*end && value && value <= UINT16_MAX;
}

/* "LOCAL", "LOCAL>REMOTE", "LOCAL>REMOTE%PORT" */
static bool parse_ends(char *text, struct ipaddr *local, struct ipaddr *remote, uint16_t *port)
{
	char *there = strchr(text, '>'), *number = there ? strchr(there, '%') : NULL;

	*remote = IPADDR_NONE;
	*port = 0;
	if (number)
		*number++ = 0;
	if (there)
		*there++ = 0;
	return ipaddr_parse(text, local) && (!there || ipaddr_parse(there, remote)) && (!number || parse_port(number, port));
}

bool ike_connection_parse(const struct ike_config *i, const char *name, uint32_t *protection, struct ipaddr *local,
			  struct ipaddr *remote, uint16_t *port)
{
	const char *at = name ? strchr(name, '@') : NULL;
	char ends[IKE_CONNECTION_NAME_MAX];

	if (!at || strlen(at) >= sizeof ends)
		return false;
	strcpy(ends, at + 1);
	for (size_t k = 0; k < i->protection_count; k++) {
		const struct ike_protection *p = &i->protections[k];

		if (strlen(p->name) == (size_t)(at - name) && !strncmp(p->name, name, (size_t)(at - name))) {
			*protection = p->number;
			return parse_ends(ends, local, remote, port);
		}
	}
	return false;
}

/* ---- connections ---- */

static void put_list(struct vici_writer *w, const char *name, const char *item)
{
	vici_list_begin(w, name);
	vici_item(w, item);
	vici_list_end(w);
}

static void put_proposals(struct vici_writer *w, const char *name, const char *proposals)
{
	char *copy = strdup(proposals), *rest = copy;

	if (!copy) {
		w->bad = true;
		return;
	}
	vici_list_begin(w, name);
	for (char *one = strsep(&rest, ","); one; one = strsep(&rest, ","))
		vici_item(w, one);
	vici_list_end(w);
	free(copy);
}

static void put_file(struct vici_writer *w, const char *section, const char *path)
{
	if (!path)
		return;
	vici_begin(w, section);
	vici_put(w, "file", path);
	vici_end(w);
}

/* New keys are made at a random point of the last fifth, and the old ones end at the lifetime. */
static void put_ike_times(struct vici_writer *w, const struct ike_protection *p)
{
	const uint32_t over = p->ike_life.seconds / 10;
	const bool asks = p->dpd_delay_s > 0;

	vici_putf(w, "rekey_time", "%us", p->ike_life.seconds - over);
	vici_put(w, "reauth_time", "0s");
	vici_putf(w, "over_time", "%us", over);
	vici_putf(w, "rand_time", "%us", over);
	vici_putf(w, "dpd_delay", "%us", asks ? p->dpd_delay_s : OWN_DPD_S);
	if (p->version == 1)
		vici_putf(w, "dpd_timeout", "%us", asks ? p->dpd_timeout_s : OWN_DPD_TIMEOUT_S);
}

static const char *auth_word(enum ike_auth auth)
{
	return auth == IKE_PSK ? "psk" : "pubkey";
}

static void put_local(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p,
		      const struct ipaddr *local)
{
	const struct ike_trustpoint *t = p->local_auth == IKE_PUBKEY ? ike_trustpoint(i, p->trustpoint) : NULL;
	char text[IPADDR_TEXT_MAX];

	vici_begin(w, "local");
	vici_put(w, "auth", auth_word(p->local_auth));
	if (p->local_id.kind != IKE_ID_ANY)
		vici_put(w, "id", p->local_id.text);
	else if (p->local_auth == IKE_PSK)
		vici_put(w, "id", ipaddr_format(local, text));
	if (t)
		put_file(w, "cert1", t->certificate_file);
	vici_end(w);
}

/* The key that IOS would take for a peer at that address: the longest prefix; NULL: there is none. */
static const struct ike_secret *secret_for(const struct ike_config *i, const struct ike_protection *p,
					   const struct ipaddr *remote)
{
	const struct ike_secret *best = NULL;

	for (size_t k = 0; k < i->secret_count; k++) {
		const struct ike_secret *s = &i->secrets[k];
		const bool named = s->remote.kind == IKE_ID_ADDRESS;

		if (s->protection != p->number || (named && !ipprefix_contains(&s->remote.prefix, remote)))
			continue;
		if (!best || (named && (best->remote.kind != IKE_ID_ADDRESS || s->remote.prefix.len > best->remote.prefix.len)) ||
		    (s->remote.kind == IKE_ID_ANY && best->remote.kind != IKE_ID_ADDRESS))
			best = s;
	}
	return best;
}

/*
 * The identity that charon insists on. It knows one, so that of several ike_protection_accepts()
 * decides. As initiator it would send a prefix to the peer, which no peer takes; and there it finds a key
 * by that identity alone: a peer with a key of its own is expected to show its address.
 */
static const char *remote_id(const struct ike_config *i, const struct ike_protection *p, const struct ipaddr *remote,
			     char text[IPADDR_TEXT_MAX])
{
	const struct ike_id *id = &p->remote_ids[0];
	const struct ike_secret *s;

	if (p->remote_id_count == 1 && id->kind != IKE_ID_MAP && id->kind != IKE_ID_ANY &&
	    (ipaddr_is_none(remote) || !strchr(id->text, '/')))
		return id->text;
	s = ipaddr_is_none(remote) || p->local_auth != IKE_PSK ? NULL : secret_for(i, p, remote);
	if (!s || s->remote.kind == IKE_ID_ANY)
		return "%any";
	return s->remote.kind == IKE_ID_ADDRESS ? ipaddr_format(remote, text) : s->remote.text;
}

static void put_remote(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p,
		       const struct ipaddr *remote)
{
	char text[IPADDR_TEXT_MAX];
	const struct ike_trustpoint *t = p->remote_auth == IKE_PUBKEY ? ike_trustpoint(i, p->verify_trustpoint) : NULL;

	vici_begin(w, "remote");
	vici_put(w, "auth", auth_word(p->remote_auth));
	vici_put(w, "id", remote_id(i, p, remote, text));
	if (t)
		put_file(w, "cacert1", t->ca_file);
	if (t && t->check_revocation)
		vici_put(w, "revocation", "strict");
	vici_end(w);
}

static void put_child_times(struct vici_writer *w, const struct ike_protection *p)
{
	const uint32_t life = p->child_life.seconds, over = life / 10 ? life / 10 : 1;
	const uint64_t bytes = p->child_life.kilobytes * 1024;

	vici_putf(w, "life_time", "%us", life);
	vici_putf(w, "rekey_time", "%us", life - over);
	vici_putf(w, "rand_time", "%us", over);
	if (bytes) {
		vici_putf(w, "life_bytes", "%llu", (unsigned long long)bytes);
		vici_putf(w, "rekey_bytes", "%llu", (unsigned long long)(bytes / 10 * 9));
		vici_putf(w, "rand_bytes", "%llu", (unsigned long long)(bytes / 10));
	}
	if (p->idle_s)
		vici_putf(w, "inactivity", "%us", p->idle_s);
}

static void put_child(struct vici_writer *w, const struct ike_protection *p, uint32_t reqid, const char *name)
{
	vici_begin(w, "children");
	vici_begin(w, name);
	put_proposals(w, "esp_proposals", p->esp_proposals);
	put_list(w, "local_ts", "dynamic[gre]");
	put_list(w, "remote_ts", "dynamic[gre]");
	vici_put(w, "mode", p->tunnel_mode ? "tunnel" : "transport");
	if (reqid)
		vici_putf(w, "reqid", "%u", reqid);
	put_child_times(w, p);
	vici_putf(w, "replay_window", "%u", p->replay_window);
	vici_put(w, "start_action", "none");
	vici_put(w, "close_action", "none");
	vici_put(w, "dpd_action", "clear");
	vici_end(w);
	vici_end(w);
}

static void put_ends(struct vici_writer *w, const struct ipaddr *local, const struct ipaddr *remote, uint16_t port)
{
	char text[IPADDR_TEXT_MAX];

	put_list(w, "local_addrs", ipaddr_format(local, text));
	put_list(w, "remote_addrs", ipaddr_is_none(remote) ? "%any" : ipaddr_format(remote, text));
	if (port)
		vici_putf(w, "remote_port", "%u", port);
}

void ike_load_connection(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p,
			 const struct ipaddr *local, const struct ipaddr *remote, uint16_t port,
			 char name[IKE_CONNECTION_NAME_MAX])
{
	connection_name(p, local, remote, port, name);
	vici_begin(w, name);
	vici_putf(w, "version", "%u", p->version);
	put_ends(w, local, remote, port);
	put_proposals(w, "proposals", p->ike_proposals);
	vici_put(w, "encap", p->force_encap ? "yes" : "no");
	vici_put(w, "mobike", "no");
	vici_put(w, "fragmentation", p->fragmentation ? "yes" : "no");
	vici_put(w, "unique", "never");
	vici_put(w, "keyingtries", "1");
	put_ike_times(w, p);
	put_local(w, i, p, local);
	put_remote(w, i, p, remote);
	put_child(w, p, i->reqid, name);
	vici_end(w);
}

/* ---- secrets ---- */

static bool is_only_key(const struct ike_config *i, const struct ike_secret *s)
{
	for (size_t k = 0; k < i->secret_count; k++) {
		if (i->secrets[k].protection == s->protection && !ike_id_same(&i->secrets[k].remote, &s->remote))
			return false;
	}
	return true;
}

/* IOS finds a key by the peer's address also when the peer shows a name: good for the only key. */
static void put_names(struct vici_writer *w, const struct ike_protection *p)
{
	for (size_t k = 0; k < p->remote_id_count; k++) {
		const enum ike_id_kind kind = p->remote_ids[k].kind;

		if (kind == IKE_ID_FQDN || kind == IKE_ID_EMAIL || kind == IKE_ID_KEY_ID)
			vici_item(w, p->remote_ids[k].text);
	}
}

/*
 * charon finds keys by their owners: one owner that fits either end will do. So a key of one peer
 * has only that peer as owner, else every peer could use it. To verify a peer charon tries all
 * that fit, not knowing its own identity yet; to authenticate itself it takes the one that fits
 * both ends best. A key for all has therefore %any, and our own identity by which it is
 * preferred to that of another protection, and so is a local key to the remote one.
 */
void ike_load_shared(struct vici_writer *w, const struct ike_config *i, const struct ike_secret *s,
		     const struct ipaddr *local)
{
	const struct ike_protection *p = ike_config_by_number(i, s->protection);
	const bool wildcard = s->remote.kind == IKE_ID_ANY;
	char text[IPADDR_TEXT_MAX];

	vici_putf(w, "id", "%s-%zu", p->name, (size_t)(s - i->secrets));
	vici_put(w, "type", "IKE");
	vici_put_bytes(w, "data", s->bytes, s->length);
	vici_list_begin(w, "owners");
	if (wildcard)
		vici_item(w, "%any");
	if ((wildcard && !s->remote_only) || s->local_only)
		vici_item(w, p->local_id.kind == IKE_ID_ANY ? ipaddr_format(local, text) : p->local_id.text);
	if (!wildcard)
		vici_item(w, s->remote.text);
	if (s->remote.kind == IKE_ID_ADDRESS && is_only_key(i, s))
		put_names(w, p);
	vici_list_end(w);
}

const char *ike_key_file(const struct ike_config *i, const struct ike_protection *p)
{
	const struct ike_trustpoint *t = p->local_auth == IKE_PUBKEY ? ike_trustpoint(i, p->trustpoint) : NULL;

	return t ? t->key_file : NULL;
}

static int read_key(const char *path, uint8_t *bytes, size_t *length)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1;
	int error;

	if (fd < 0)
		return -errno;
	*length = 0;
	while (got > 0 && *length <= KEY_FILE_MAX) {
		got = read(fd, bytes + *length, KEY_FILE_MAX + 1 - *length);
		if (got > 0)
			*length += (size_t)got;
	}
	error = got < 0 ? -errno : *length > KEY_FILE_MAX ? -EFBIG : 0;
	close(fd);
	return error;
}

int ike_load_key(struct vici_writer *w, const struct ike_config *i, const struct ike_protection *p)
{
	const char *path = ike_key_file(i, p);
	uint8_t *bytes;
	size_t length = 0;
	int error;

	if (!path)
		return 0;
	bytes = malloc(KEY_FILE_MAX + 1);
	if (!bytes)
		return -ENOMEM;
	error = read_key(path, bytes, &length);
	if (!error) {
		vici_put(w, "type", "any");
		vici_put_bytes(w, "data", bytes, length);
	}
	explicit_bzero(bytes, KEY_FILE_MAX + 1);
	free(bytes);
	return error ? error : 1;
}

/* ---- short ones ---- */

void ike_unload_connection(struct vici_writer *w, const char *name)
{
	vici_put(w, "name", name);
}

void ike_initiate(struct vici_writer *w, const char *name)
{
	vici_put(w, "child", name);
	vici_put(w, "ike", name);
	vici_put(w, "timeout", "-1");
	vici_put(w, "init-limits", "no");
}

static void terminate(struct vici_writer *w, const char *what, uint32_t id, bool force)
{
	vici_putf(w, what, "%u", id);
	vici_put(w, "timeout", "-1");
	if (force)
		vici_put(w, "force", "yes");
}

void ike_terminate_ike(struct vici_writer *w, uint32_t ike_id, bool force)
{
	terminate(w, "ike-id", ike_id, force);
}

void ike_terminate_child(struct vici_writer *w, uint32_t child_id, bool force)
{
	terminate(w, "child-id", child_id, force);
}

void ike_list_sas(struct vici_writer *w, const char *connection)
{
	vici_put(w, "noblock", "yes");
	if (connection)
		vici_put(w, "ike", connection);
}
