/*
 * grammar: the command language as tables.
 *
 * Every form of a command is one row of a mode's table: a pattern, what becomes of a line
 * that fits it, and the function that takes it into the model. A mode's rows become a tree
 * of words (word_tree.h); a line is matched word by word, each word being the shortest
 * unique beginning of a keyword, as on a router's command line.
 *
 * Pattern language:
 *   word            a keyword
 *   <ip> <mask> <wild> <ip6> <prefix> <prefix6>   addresses ("<prefix>" is A.B.C.D/L)
 *   <host>          an address of either family or a host name
 *   <if>            an interface name, also in two words ("Tunnel 0", "Gi0 /0")
 *   <word> <secret> any one word      <text>  the rest of the line (at least one word)
 *   <*>             any words, also none
 *   <1-255>         a number in that range    <asn>  65000 or 1.10    <area>  0 or 0.0.0.0
 *   [ … ]           optional          ( a | b )  one of several
 */
#ifndef DMVPN_CONFIG_GRAMMAR_H
#define DMVPN_CONFIG_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum config_mode {
	MODE_NONE, /* a row with this mode opens nothing */
	MODE_SESSION,
	MODE_GLOBAL,
	MODE_INTERFACE,
	MODE_TUNNEL,
	MODE_VRF,
	MODE_VRF_AF,
	MODE_BGP,
	MODE_BGP_AF,
	MODE_BGP_VRF,
	MODE_OSPF,
	MODE_OSPF6,
	MODE_OSPF6_AF,
	MODE_EIGRP,
	MODE_EIGRP_AF,
	MODE_EIGRP_IF,
	MODE_EIGRP_TOPOLOGY,
	MODE_EIGRP6,
	MODE_RIP,
	MODE_ROUTE_MAP,
	MODE_ACL,
	MODE_KEY_CHAIN,
	MODE_KEY,
	MODE_BFD_TEMPLATE,
	MODE_ISAKMP_POLICY,
	MODE_ISAKMP_PROFILE,
	MODE_KEYRING,
	MODE_TRANSFORM_SET,
	MODE_IPSEC_PROFILE,
	MODE_IKEV2_PROPOSAL,
	MODE_IKEV2_POLICY,
	MODE_IKEV2_KEYRING,
	MODE_IKEV2_PEER,
	MODE_IKEV2_PROFILE,
	MODE_TRUSTPOINT,
	MODE_CERT_CHAIN,
	MODE_CERT_MAP,
	MODE_LINE,
	MODE_SLA,
	MODE_TRACK,
	MODE_OPAQUE,      /* inside a block without effect: whatever is indented belongs to it */
	MODE_UNSUPPORTED, /* inside a block that is not supported: likewise */
	MODE_COUNT,
};

enum fate {
	HONOURED,
	NO_EFFECT,   /* reason says why */
	UNSUPPORTED, /* reason; traffic flows as without it */
	TRAFFIC,     /* not supported and forwarding or security would differ; reason */
	ALWAYS_ON,   /* honoured, being so anyway; its "no" form is as TRAFFIC */
};

/* How a line kept in a block relates to earlier lines of the same row. */
enum keeping {
	MANY,   /* each different text stands by itself */
	SINGLE, /* a later one replaces the earlier */
	KEYED,  /* likewise, for the same first argument */
	TOGGLE, /* its "no" form says something of its own and is kept */
};

struct reading;
struct match;

struct command {
	const char *pattern;
	enum fate fate;
	const char *reason; /* for the last three fates; for HONOURED: unused */
	/* Takes the line into the model; NULL: into the block that is open (struct
	 * config_block), or nowhere when none is. */
	void (*apply)(struct reading *r, const struct match *m);
	enum config_mode enters;
	enum keeping keeping;
	/* How FRR writes it (frr_template.h): "=" as here, a template, "" nothing to write at
	 * this place, NULL not carried or written by a function of its own. */
	const char *frr;
};

struct command_table {
	enum config_mode mode;
	const struct command *rows; /* ends with a NULL pattern */
};

struct token {
	const char *text; /* not terminated */
	size_t length;
};

enum { TOKENS_MAX = 200, ITEMS_MAX = 48 };

enum sign { SIGN_SET, SIGN_NO, SIGN_DEFAULT };

enum item_kind {
	ITEM_KEYWORD, ITEM_IP, ITEM_IP6, ITEM_PREFIX, ITEM_PREFIX6, ITEM_MASK, ITEM_WILD,
	ITEM_HOST, ITEM_IF, ITEM_WORD, ITEM_SECRET, ITEM_TEXT, ITEM_REST, ITEM_NUMBER,
	ITEM_ASN, ITEM_AREA,
};

/* One matched element. text is terminated and canonical, owned by the match. */
struct item {
	enum item_kind kind;
	char *text;
	uint64_t number;
	struct ipaddr addr;
	uint8_t len; /* of a prefix, a mask or a wildcard */
};

struct match {
	const struct command *row;
	enum sign sign;
	bool truncated; /* a no/default line that ended before its row did */
	size_t count;
	struct item items[ITEMS_MAX];
	char *canonical; /* the whole line in full words, without no/default */
};

enum match_result {
	MATCH_OK,
	MATCH_UNKNOWN,    /* no such command in this mode */
	MATCH_AMBIGUOUS,
	MATCH_INCOMPLETE,
	MATCH_BAD_VALUE,
	MATCH_MEMORY,
};

/* Where a match failed: how many words were understood, and in words what is wrong there. */
struct match_failure {
	enum match_result result;
	size_t depth;
	char text[200];
};

/*
 * Matches the words (without no/default) in a mode. MATCH_OK fills *m, which the caller
 * gives back with match_done(); everything else fills *failure. With SIGN_NO or
 * SIGN_DEFAULT a line may end early ("no tunnel key"): the items that follow are absent.
 */
enum match_result grammar_match(enum config_mode mode, enum sign sign, const struct token *tokens, size_t count,
				struct match *m, struct match_failure *failure);
void match_done(struct match *m);

/* The n-th argument (keywords not counted) from 0; NULL when absent. */
const struct item *match_arg(const struct match *m, size_t n);
/* The item that follows the keyword; NULL when the keyword is absent or last. */
const struct item *match_after(const struct match *m, const char *keyword);
bool match_has(const struct match *m, const char *keyword);

/* Every row of the tables once, in order (documentation, tests). */
const struct command_table *commands_all(size_t *count);

#endif
