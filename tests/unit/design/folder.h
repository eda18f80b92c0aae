/* What the tests of src/design share: routers from texts, and what was found in them. */
#ifndef TESTS_DESIGN_FOLDER_H
#define TESTS_DESIGN_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"
#include "design/design.h"

enum { FOLDER_MAX = 40 };

struct folder {
	struct config *configs[FOLDER_MAX];
	size_t count;
	struct design *d;
};

/* A text with its first `old` replaced; malloc'd. The text has to have it. */
static inline char *with(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	const size_t before = at ? (size_t)(at - text) : 0;
	char *out = malloc(strlen(text) + strlen(new) + 1);

	if (!at || !out)
		fail_msg("no \"%s\"", old);
	memcpy(out, text, before);
	strcpy(out + before, new);
	strcat(out, text + before + strlen(old));
	return out;
}

static inline void folder_add(struct folder *f, const char *name, const char *text)
{
	char error[200] = "";

	f->configs[f->count] = config_read_text(name, text, strlen(text), error, sizeof error);
	if (!f->configs[f->count++])
		fail_msg("%s", error);
}

static inline void folder_judge(struct folder *f)
{
	f->d = design_new((const struct config *const *)f->configs, f->count);
	design_judge(f->d);
}

static inline void folder_done(struct folder *f)
{
	design_free(f->d);
	for (size_t i = 0; i < f->count; i++)
		config_free(f->configs[i]);
	*f = (struct folder){ 0 };
}

static inline const struct design_finding *found(const struct folder *f, enum design_rule_id rule)
{
	for (size_t i = 0; i < f->d->finding_count; i++) {
		if (f->d->findings[i].rule == rule)
			return &f->d->findings[i];
	}
	return NULL;
}

/* Found once, and one of its places is in that line of the configuration, by its text. */
static inline void assert_found(const struct folder *f, enum design_rule_id rule, const char *file, const char *text)
{
	const struct design_finding *x = found(f, rule);

	if (!x)
		fail_msg("%s is not found", design_rule_name(rule));
	for (size_t i = 0; i < x->place_count; i++) {
		for (size_t k = 0; k < f->count; k++) {
			const struct config *c = f->configs[k];

			if (c->name == x->places[i].file && !strcmp(c->name, file) && strstr(c->lines[x->places[i].line - 1].text, text))
				return;
		}
	}
	fail_msg("%s (%s) is found, and not at \"%s\" of %s", design_rule_name(rule), x->text, text, file);
}

static inline void assert_silent(const struct folder *f)
{
	for (size_t i = 0; i < f->d->finding_count; i++) {
		const struct design_finding *x = &f->d->findings[i];

		if (x->severity != DESIGN_ADVICE)
			fail_msg("%s at %s:%u: %s", design_rule_name(x->rule), x->places[0].file, x->places[0].line, x->text);
	}
}

/* One cloud of phase 3 over IPsec with EIGRP: a hub and two spokes, nothing wrong with it. */
#define CRYPTO \
	"crypto isakmp policy 10\n encryption aes 256\n hash sha256\n authentication pre-share\n group 14\n" \
	"crypto isakmp key example address 0.0.0.0\n" \
	"crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac\n mode transport\n" \
	"crypto ipsec profile P\n set transform-set TS\n"

#define HUB "hostname hub\n" CRYPTO \
	"interface GigabitEthernet0/0\n ip address 192.0.2.2 255.255.255.252\n" \
	"interface GigabitEthernet0/1\n ip address 10.50.0.1 255.255.255.0\n" \
	"interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip mtu 1400\n ip tcp adjust-mss 1360\n" \
	" no ip split-horizon eigrp 7\n" \
	" ip nhrp authentication OneTwo\n ip nhrp network-id 1\n ip nhrp map multicast dynamic\n ip nhrp redirect\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel key 5\n tunnel protection ipsec profile P\n" \
	"router eigrp 7\n network 10.0.0.0 0.0.0.255\n network 10.50.0.0 0.0.0.255\n" \
	"ip route 0.0.0.0 0.0.0.0 192.0.2.1\n"

#define SPOKE(n) "hostname spoke" n "\n" CRYPTO \
	"interface GigabitEthernet0/0\n ip address 198.51.100." n " 255.255.255.252\n" \
	"interface GigabitEthernet0/1\n ip address 10.60." n ".1 255.255.255.0\n" \
	"interface Tunnel0\n ip address 10.0.0." n " 255.255.255.0\n ip mtu 1400\n ip tcp adjust-mss 1360\n" \
	" ip nhrp authentication OneTwo\n ip nhrp network-id 1\n ip nhrp map 10.0.0.1 192.0.2.2\n" \
	" ip nhrp map multicast 192.0.2.2\n ip nhrp nhs 10.0.0.1\n ip nhrp shortcut\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel key 5\n tunnel protection ipsec profile P\n" \
	"router eigrp 7\n network 10.0.0.0 0.0.0.255\n network 10.60." n ".0 0.0.0.255\n" \
	"ip route 0.0.0.0 0.0.0.0 GigabitEthernet0/0 198.51.100.254\n"

/* The same folder with one text changed; judged. */
static inline void folder_of(struct folder *f, const char *hub, const char *spoke)
{
	*f = (struct folder){ 0 };
	folder_add(f, "hub.cfg", hub);
	folder_add(f, "spoke10.cfg", spoke);
	folder_add(f, "spoke18.cfg", SPOKE("18"));
	folder_judge(f);
}

/* One replacement at the spoke is one finding, at that line. */
static inline void at_spoke(const char *old, const char *new, enum design_rule_id rule, const char *line)
{
	char *text = with(SPOKE("10"), old, new);
	struct folder f;

	folder_of(&f, HUB, text);
	assert_found(&f, rule, "spoke10.cfg", line);
	folder_done(&f);
	free(text);
}

static inline void at_hub(const char *old, const char *new, enum design_rule_id rule, const char *line)
{
	char *text = with(HUB, old, new);
	struct folder f;

	folder_of(&f, text, SPOKE("10"));
	assert_found(&f, rule, "hub.cfg", line);
	folder_done(&f);
	free(text);
}

/* The change is none that anything is to be said of. */
static inline void fine_at_spoke(const char *old, const char *new)
{
	char *text = with(SPOKE("10"), old, new);
	struct folder f;

	folder_of(&f, HUB, text);
	assert_silent(&f);
	folder_done(&f);
	free(text);
}

static inline void fine_at_hub(const char *old, const char *new)
{
	char *text = with(HUB, old, new);
	struct folder f;

	folder_of(&f, text, SPOKE("10"));
	assert_silent(&f);
	folder_done(&f);
	free(text);
}

#endif
