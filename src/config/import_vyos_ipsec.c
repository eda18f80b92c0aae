/*
 * VyOS's `vpn ipsec`: a profile names an IKE group and an ESP group and the tunnels that it
 * protects; IOS has policies, keyrings, profiles and transform sets. Each line is said where its
 * profile uses it, on behalf of its own place in the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/import_vyos.h"

struct profile {
	struct import *x;
	const char *name;
	unsigned line;
	uint32_t node, ike, esp; /* of the profile and its groups */
	bool v2;
};

/* ---- algorithms: VyOS's words and IOS's ---- */

struct cipher { const char *vyos, *isakmp, *ikev2, *esp; bool gcm; };

static const struct cipher ciphers[] = {
	{ "3des", "3des", "3des", "esp-3des", false },
	{ "aes128", "aes 128", "aes-cbc-128", "esp-aes 128", false },
	{ "aes192", "aes 192", "aes-cbc-192", "esp-aes 192", false },
	{ "aes256", "aes 256", "aes-cbc-256", "esp-aes 256", false },
	{ "aes128gcm128", NULL, "aes-gcm-128", "esp-gcm 128", true },
	{ "aes256gcm128", NULL, "aes-gcm-256", "esp-gcm 256", true },
	{ NULL, NULL, NULL, NULL, false },
};

struct hash { const char *vyos, *isakmp, *esp; };

static const struct hash hashes[] = {
	{ "md5", "md5", "esp-md5-hmac" }, { "sha1", "sha", "esp-sha-hmac" }, { "sha256", "sha256", "esp-sha256-hmac" },
	{ "sha384", "sha384", "esp-sha384-hmac" }, { "sha512", "sha512", "esp-sha512-hmac" }, { NULL, NULL, NULL },
};

#define DEFAULT_CIPHER "aes128"
#define DEFAULT_HASH "sha1"
#define DEFAULT_DH_GROUP "2"
#define DEFAULT_IKE_LIFE "28800"
#define DEFAULT_ESP_LIFE "3600"

struct proposal {
	const char *number;
	unsigned line;
	const struct cipher *cipher;
	const struct hash *hash;
	unsigned cipher_line, hash_line;
};

static const char *value_or(const struct import *x, uint32_t node, const char *word, const char *otherwise, unsigned *line)
{
	const char *value = import_value(x, node, word, line);

	return value ? value : otherwise;
}

/* false: an algorithm that is not done, which is said. */
static bool take_proposal(const struct profile *f, uint32_t node, struct proposal *p)
{
	struct import *x = f->x;
	const char *cipher, *hash;

	p->number = x->nodes[node].word;
	p->line = p->cipher_line = p->hash_line = x->nodes[node].line;
	cipher = value_or(x, node, "encryption", DEFAULT_CIPHER, &p->cipher_line);
	hash = value_or(x, node, "hash", DEFAULT_HASH, &p->hash_line);
	for (p->cipher = ciphers; p->cipher->vyos && strcmp(p->cipher->vyos, cipher);)
		p->cipher++;
	for (p->hash = hashes; p->hash->vyos && strcmp(p->hash->vyos, hash);)
		p->hash++;
	if (!p->cipher->vyos)
		import_judge(x, p->cipher_line, CONFIG_NOT_SUPPORTED, true, "use aes256 or aes256gcm128", "this cipher is not done");
	if (!p->hash->vyos)
		import_judge(x, p->hash_line, CONFIG_NOT_SUPPORTED, true, "use sha256", "this hash is not done");
	return p->cipher->vyos && p->hash->vyos;
}

/* ---- IKE ---- */

/* Policies of IOS are numbered over the whole router. */
static void say_policy(const struct profile *f, const struct proposal *p, uint32_t node)
{
	struct import *x = f->x;
	unsigned group_line = p->line;
	const char *group = value_or(x, node, "dh-group", DEFAULT_DH_GROUP, &group_line);
	const unsigned n = x->policies += 10;

	if (!p->cipher->isakmp) {
		import_judge(x, p->cipher_line, CONFIG_NOT_SUPPORTED, true, "key-exchange ikev2", "IKEv1 has no GCM");
		return;
	}
	import_lines(x, p->cipher_line, "crypto isakmp policy %u\n encryption %s", n, p->cipher->isakmp);
	import_lines(x, p->hash_line, "crypto isakmp policy %u\n hash %s", n, p->hash->isakmp);
	import_lines(x, group_line, "crypto isakmp policy %u\n group %s", n, group);
	import_lines(x, p->line, "crypto isakmp policy %u\n authentication pre-share", n);
	group = value_or(x, f->ike, "lifetime", DEFAULT_IKE_LIFE, &group_line);
	import_lines(x, group_line, "crypto isakmp policy %u\n lifetime %s", n, group);
}

static const char *prf_of(const struct profile *f, uint32_t node, const struct proposal *p, unsigned *line)
{
	const char *prf = import_value(f->x, node, "prf", line);

	return prf && !strncmp(prf, "prf", 3) ? prf + 3 : prf ? prf : p->hash->vyos;
}

/* IOS chooses among the policies by place only, so that one names all proposals. */
static void say_proposal(const struct profile *f, const struct proposal *p, uint32_t node)
{
	struct import *x = f->x;
	const char *ike = x->nodes[f->ike].word;
	unsigned group_line = p->line, prf_line = p->hash_line;
	const char *group = value_or(x, node, "dh-group", DEFAULT_DH_GROUP, &group_line);
	const char *prf = prf_of(f, node, p, &prf_line);

	import_lines(x, p->cipher_line, "crypto ikev2 proposal %s-%s\n encryption %s", ike, p->number, p->cipher->ikev2);
	if (!p->cipher->gcm)
		import_lines(x, p->hash_line, "crypto ikev2 proposal %s-%s\n integrity %s", ike, p->number, p->hash->vyos);
	if (p->cipher->gcm || strcmp(prf, p->hash->vyos))
		import_lines(x, prf_line, "crypto ikev2 proposal %s-%s\n prf %s", ike, p->number, prf);
	import_lines(x, group_line, "crypto ikev2 proposal %s-%s\n group %s", ike, p->number, group);
	import_lines(x, p->line, "crypto ikev2 policy vyos\n match fvrf any");
	import_lines(x, p->line, "crypto ikev2 policy vyos\n proposal %s-%s", ike, p->number);
}

static uint32_t proposals(const struct profile *f, uint32_t group)
{
	const uint32_t list = import_find(f->x, group, "proposal", NULL);

	if (list == IMPORT_NONE || f->x->nodes[list].first == IMPORT_NONE) {
		import_judge(f->x, f->x->nodes[group].line, CONFIG_ERROR, false, "add proposal 1 encryption …", "the group has no proposal");
		return IMPORT_NONE;
	}
	return f->x->nodes[list].first;
}

/* A group that two profiles use is said once. */
static void say_ike_group(const struct profile *f)
{
	struct import *x = f->x;
	struct proposal p;

	if (x->nodes[f->ike].said)
		return;
	x->nodes[f->ike].said = true;
	for (uint32_t n = proposals(f, f->ike); n != IMPORT_NONE; n = x->nodes[n].next) {
		if (!take_proposal(f, n, &p))
			continue;
		if (f->v2)
			say_proposal(f, &p, n);
		else
			say_policy(f, &p, n);
	}
}

static unsigned long bounded(const char *text, unsigned long low, unsigned long high)
{
	const unsigned long n = strtoul(text, NULL, 10);

	return n < low ? low : n > high ? high : n;
}

/* IOS asks five times, `retry` seconds apart, after the interval. */
static void say_dpd(const struct profile *f)
{
	struct import *x = f->x;
	const uint32_t dpd = import_find(x, f->ike, "dead-peer-detection", NULL);
	unsigned line;
	const char *interval, *timeout;
	unsigned long delay, retry;

	if (dpd == IMPORT_NONE)
		return;
	line = x->nodes[dpd].line;
	interval = value_or(x, dpd, "interval", "30", &line);
	timeout = value_or(x, dpd, "timeout", "120", NULL);
	delay = bounded(interval, 10, 3600);
	retry = bounded(timeout, 0, 100000);
	retry = retry > delay + 10 ? (retry - delay) / 5 : 2;
	if (retry > 60)
		retry = 60;
	if (strtoul(interval, NULL, 10) < 10)
		import_judge(x, line, CONFIG_NOT_SUPPORTED, false, NULL, "a quiet peer is asked after 10 s at the soonest");
	if (f->v2)
		import_lines(x, line, "crypto ikev2 profile %s\n dpd %lu %lu on-demand", f->name, delay, retry);
	else
		import_lines(x, line, "crypto isakmp profile %s\n keepalive %lu retry %lu", f->name, delay, retry);
}

/* ---- authentication ---- */

static void say_auth_v1(const struct profile *f, const char *secret, unsigned line)
{
	struct import *x = f->x;

	import_lines(x, line, "crypto keyring %s\n pre-shared-key address 0.0.0.0 0.0.0.0 key %s", f->name, secret);
	import_lines(x, f->line, "crypto isakmp profile %s\n keyring %s", f->name, f->name);
	import_lines(x, f->line, "crypto isakmp profile %s\n match identity address 0.0.0.0", f->name);
	import_lines(x, f->line, "crypto ipsec profile %s\n set isakmp-profile %s", f->name, f->name);
}

static void say_auth_v2(const struct profile *f, const char *secret, unsigned line)
{
	struct import *x = f->x;
	unsigned life_line = x->nodes[f->ike].line;
	const char *life = value_or(x, f->ike, "lifetime", DEFAULT_IKE_LIFE, &life_line);

	import_lines(x, line, "crypto ikev2 keyring %s\n peer any\n  address 0.0.0.0 0.0.0.0", f->name);
	import_lines(x, line, "crypto ikev2 keyring %s\n peer any\n  pre-shared-key %s", f->name, secret);
	import_lines(x, f->line, "crypto ikev2 profile %s\n match fvrf any", f->name);
	import_lines(x, f->line, "crypto ikev2 profile %s\n match identity remote any", f->name);
	import_lines(x, line, "crypto ikev2 profile %s\n authentication remote pre-share", f->name);
	import_lines(x, line, "crypto ikev2 profile %s\n authentication local pre-share", f->name);
	import_lines(x, line, "crypto ikev2 profile %s\n keyring local %s", f->name, f->name);
	import_lines(x, life_line, "crypto ikev2 profile %s\n lifetime %s", f->name, life);
	import_lines(x, f->line, "crypto ipsec profile %s\n set ikev2-profile %s", f->name, f->name);
}

/* One that all of our language's words can hold. */
static bool is_plain(const char *word)
{
	return *word && *word != '!' && !strpbrk(word, " \t");
}

static void say_auth(const struct profile *f)
{
	struct import *x = f->x;
	const uint32_t node = import_find(x, f->node, "authentication", NULL);
	unsigned line = f->line;
	const char *secret = node == IMPORT_NONE ? NULL : import_value(x, node, "pre-shared-secret", &line);

	if (!secret)
		import_judge(x, f->line, CONFIG_ERROR, false, "set … authentication pre-shared-secret SECRET",
			     "the profile has no pre-shared secret");
	else if (!is_plain(secret))
		import_judge(x, line, CONFIG_ERROR, false, "use another secret on all routers",
			     "the secret holds blanks or begins with an exclamation mark");
	else if (f->v2)
		say_auth_v2(f, secret, line);
	else
		say_auth_v1(f, secret, line);
}

/* ---- ESP ---- */

static void say_transform_set(const struct profile *f, const struct proposal *p, const char *mode, unsigned mode_line)
{
	const char *esp = f->x->nodes[f->esp].word;
	char head[256];

	snprintf(head, sizeof head, "crypto ipsec transform-set %.64s-%.16s %s %s", esp, p->number, p->cipher->esp,
		 p->cipher->gcm ? "" : p->hash->esp);
	import_lines(f->x, p->cipher_line, "%s", head);
	import_judge(f->x, p->hash_line, CONFIG_HONOURED, false, NULL, "%s", "");
	import_lines(f->x, mode_line, "%s\n mode %s", head, mode);
}

/* `set transform-set` names all at once. */
static void say_transform_sets(const struct profile *f)
{
	struct import *x = f->x;
	unsigned mode_line = x->nodes[f->esp].line;
	const char *mode = value_or(x, f->esp, "mode", "tunnel", &mode_line);
	char names[1024] = "";
	size_t used = 0;
	struct proposal p;

	for (uint32_t n = proposals(f, f->esp); n != IMPORT_NONE && used < sizeof names - 100; n = x->nodes[n].next) {
		if (!take_proposal(f, n, &p))
			continue;
		used += (size_t)snprintf(names + used, sizeof names - used, " %.64s-%.16s", x->nodes[f->esp].word, p.number);
		say_transform_set(f, &p, mode, mode_line);
	}
	if (used)
		import_lines(x, f->line, "crypto ipsec profile %s\n set transform-set%s", f->name, names);
}

/* Perfect forward secrecy is on unless disabled, with the group of IKE's first proposal. */
static void say_pfs(const struct profile *f)
{
	struct import *x = f->x;
	unsigned line = f->line;
	const char *pfs = value_or(x, f->esp, "pfs", "enable", &line);
	const uint32_t list = import_find(x, f->ike, "proposal", NULL);

	if (!strcmp(pfs, "disable"))
		import_judge(x, line, CONFIG_HONOURED, false, NULL, "%s", "");
	else if (!strncmp(pfs, "dh-group", 8))
		import_lines(x, line, "crypto ipsec profile %s\n set pfs group%s", f->name, pfs + 8);
	else if (list != IMPORT_NONE && x->nodes[list].first != IMPORT_NONE)
		import_lines(x, line, "crypto ipsec profile %s\n set pfs group%s", f->name,
			     value_or(x, x->nodes[list].first, "dh-group", DEFAULT_DH_GROUP, NULL));
}

static void say_esp_group(const struct profile *f)
{
	struct import *x = f->x;
	unsigned line = x->nodes[f->esp].line;
	const char *life = value_or(x, f->esp, "lifetime", DEFAULT_ESP_LIFE, &line);

	say_transform_sets(f);
	import_lines(x, line, "crypto ipsec profile %s\n set security-association lifetime seconds %s", f->name, life);
	say_pfs(f);
}

/* ---- profiles ---- */

static uint32_t group_of(struct profile *f, const char *kind)
{
	struct import *x = f->x;
	unsigned line = f->line;
	const char *name = import_value(x, f->node, kind, &line);
	const uint32_t group = name ? import_find(x, IMPORT_ROOT, "vpn", "ipsec", kind, name, NULL) : IMPORT_NONE;

	if (group == IMPORT_NONE)
		import_judge(x, line, CONFIG_ERROR, false, NULL, "the profile's %s is not defined", kind);
	else
		x->nodes[group].used = true;
	return group;
}

/* OpenNHRP's generation of VyOS speaks IKEv1 unless told otherwise. */
static bool is_v2(const struct profile *f)
{
	const char *version = import_value(f->x, f->ike, "key-exchange", NULL);

	return version ? !strcmp(version, "ikev2") : import_find(f->x, IMPORT_ROOT, "vpn", "ipsec", "ipsec-interfaces", NULL) == IMPORT_NONE;
}

static void say_bindings(const struct profile *f, uint32_t tunnels)
{
	struct import *x = f->x;
	char name[24];

	for (uint32_t n = x->nodes[tunnels].first; n != IMPORT_NONE; n = x->nodes[n].next)
		import_lines(x, x->nodes[n].line, "interface %s\n tunnel protection ipsec profile %s",
			     import_interface(x, x->nodes[n].word, name), f->name);
}

static void say_profile(struct import *x, uint32_t node)
{
	const uint32_t tunnels = import_find(x, node, "bind", "tunnel", NULL);
	struct profile f = { .x = x, .name = x->nodes[node].word, .line = x->nodes[node].line, .node = node };

	if (tunnels == IMPORT_NONE || import_find(x, node, "disable", NULL) != IMPORT_NONE)
		return;
	x->nodes[node].used = true;
	if (!is_plain(f.name)) {
		import_judge(x, f.line, CONFIG_ERROR, false, "rename it", "the profile's name holds blanks");
		return;
	}
	f.ike = group_of(&f, "ike-group");
	f.esp = group_of(&f, "esp-group");
	if (f.ike == IMPORT_NONE || f.esp == IMPORT_NONE)
		return;
	f.v2 = is_v2(&f);
	say_ike_group(&f);
	say_auth(&f);
	say_dpd(&f);
	say_esp_group(&f);
	say_bindings(&f, tunnels);
}

void vyos_ipsec_survey(struct import *x)
{
	const uint32_t profiles = import_find(x, IMPORT_ROOT, "vpn", "ipsec", "profile", NULL);

	for (uint32_t n = profiles == IMPORT_NONE ? profiles : x->nodes[profiles].first; n != IMPORT_NONE; n = x->nodes[n].next)
		say_profile(x, n);
}

/* ---- what is left to say of each line ---- */

/* vpn ipsec ike-group|esp-group|profile NAME …, which the survey has taken where it is used. */
static void settled(struct import *x, const struct import_path *p)
{
	const uint32_t node = import_find(x, IMPORT_ROOT, "vpn", "ipsec", p->words[2], p->words[3], NULL);

	if (x->nodes[node].used)
		import_judge(x, p->line, CONFIG_HONOURED, false, NULL, "%s", "");
	else
		import_judge(x, p->line, CONFIG_NO_EFFECT, false, NULL, "no tunnel is protected by it");
}

static void unknown(struct import *x, const struct import_path *p)
{
	const uint32_t node = import_find(x, IMPORT_ROOT, "vpn", "ipsec", p->words[2], p->words[3], NULL);

	if (x->nodes[node].used)
		import_judge(x, p->line, CONFIG_NOT_SUPPORTED, true, NULL, "unknown command");
	else
		settled(x, p);
}

#define IPSEC "vpn ipsec "

const struct import_rule vyos_ipsec[] = {
	{ IPSEC "profile * authentication mode pre-shared-secret", .apply = settled },
	{ IPSEC "profile * authentication mode *", NULL, CONFIG_NOT_SUPPORTED, true, "only pre-shared secrets are read" },
	{ IPSEC "profile * authentication pre-shared-secret *", .apply = settled },
	{ IPSEC "profile * bind tunnel *", .apply = settled },
	{ IPSEC "profile * esp-group|ike-group *", .apply = settled },
	{ IPSEC "profile * disable", NULL, CONFIG_NO_EFFECT, false, "the profile is switched off" },
	{ IPSEC "profile *", .apply = settled },
	{ IPSEC "ike-group * proposal * encryption|hash|dh-group|prf *", .apply = settled },
	{ IPSEC "ike-group * proposal *", .apply = settled },
	{ IPSEC "ike-group * lifetime *", .apply = settled },
	{ IPSEC "ike-group * key-exchange ikev1|ikev2", .apply = settled },
	{ IPSEC "ike-group * dead-peer-detection interval|timeout *", .apply = settled },
	{ IPSEC "ike-group * dead-peer-detection action *", NULL, CONFIG_NO_EFFECT, false, "a dead peer is asked anew when it is needed" },
	{ IPSEC "ike-group * close-action *", NULL, CONFIG_NO_EFFECT, false, "a session that ends comes again when it is needed" },
	{ IPSEC "ike-group * mode main", .apply = settled },
	{ IPSEC "ike-group * mode aggressive", NULL, CONFIG_NOT_SUPPORTED, true, "aggressive mode is not used" },
	{ IPSEC "ike-group * ikev2-reauth|mobike|disable-mobike **", NULL, CONFIG_NOT_SUPPORTED, false, "left to strongSwan" },
	{ IPSEC "esp-group * proposal * encryption|hash *", .apply = settled },
	{ IPSEC "esp-group * proposal *", .apply = settled },
	{ IPSEC "esp-group * lifetime *", .apply = settled },
	{ IPSEC "esp-group * mode transport|tunnel", .apply = settled },
	{ IPSEC "esp-group * pfs *", .apply = settled },
	{ IPSEC "esp-group * compression disable", .apply = settled },
	{ IPSEC "esp-group * life-bytes|life-packets *", NULL, CONFIG_NOT_SUPPORTED, false, "keys are renewed by time" },
	{ IPSEC "ike-group|esp-group *", .apply = settled },
	{ IPSEC "ike-group|esp-group|profile * **", .apply = unknown },
	{ IPSEC "interface|ipsec-interfaces **", NULL, CONFIG_NO_EFFECT, false, "a session starts where its tunnel does" },
	{ IPSEC "log|logging **", NULL, CONFIG_NO_EFFECT, false, "the log is set up by the system" },
	{ IPSEC "options|nat-traversal|nat-networks|uniqreqids|disable-uniqreqids|auto-update|include-ipsec-conf|include-ipsec-secrets **",
	  NULL, CONFIG_NO_EFFECT, false, "charon is set up by the daemon" },
	{ IPSEC "site-to-site|remote-access|authentication **", NULL, CONFIG_NOT_SUPPORTED, true, "only tunnel protection is done" },
	{ IPSEC "**", NULL, CONFIG_NOT_SUPPORTED, true, "unknown command" },
	{ "vpn * **", NULL, CONFIG_NOT_SUPPORTED, true, "only tunnel protection is done" },
	{ NULL },
};
