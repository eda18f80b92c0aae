#include "config/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Words that announce a secret, with the letters that must at least be there. */
static const struct { const char *word; size_t least; } announcers[] = {
	{ "authentication", 3 }, { "authentication-key", 15 }, { "key", 3 }, { "key-string", 4 },
	{ "message-digest-key", 15 }, { "password", 4 }, { "secret", 3 }, { "pre-shared-key", 6 },
	{ "community", 4 }, { "passphrase", 5 }, { "shared-secret", 7 }, { "cisco-authentication", 20 },
	{ "md5", 3 }, { "snmp-server", 6 }, { "pkcs12", 6 }, { "pre-shared-secret", 17 },
	{ "plaintext-password", 18 }, { "encrypted-password", 18 }, { "private-key", 11 }, { "md5-key", 7 },
};

/* Words that may follow and are no secrets; they do not end the masking. */
static const char *const harmless[] = {
	"address", "ipv6", "ip", "encryption", "level", "mode", "md5", "local", "remote", "pre-share",
	"rsa-sig", "rsa-encr", "ecdsa-sig", "key-chain", "key-string", "hex", "host", "location", "contact",
	"enable", "traps", "community", "version", "trap-source", "ifindex", "persist", "group", "view",
	"chain", "login", "default", "list", "ppp", "chap", "pap", "message-digest", "ipsec", "spi",
	"eigrp", "hmac-sha-256", "generate", "rsa", "standard", "expanded", "permit", "deny", "config-key",
	"{", "password-encrypt", "pubkey-chain", "zeroize", "export", "import", "hostname", "secret", "include-reverse-ip",
};

static bool is_harmless(const char *word, size_t length)
{
	bool digits = true;

	for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
		if (strlen(harmless[i]) == length && !strncasecmp(harmless[i], word, length))
			return true;
	}
	for (size_t i = 0; i < length; i++)
		digits &= isdigit((unsigned char)word[i]) != 0;
	/* An encryption type or a key's number, if something follows. */
	return digits && length <= 2 && word[length + strspn(word + length, " \t")];
}

static bool announces(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof announcers / sizeof announcers[0]; i++) {
		if (length >= announcers[i].least && length <= strlen(announcers[i].word) &&
		    !strncasecmp(announcers[i].word, word, length))
			return true;
	}
	return false;
}

/* An address tells the reader which key is meant and is no secret after "address". */
static bool is_address(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isxdigit((unsigned char)word[i]) && !strchr("./:", word[i]))
			return false;
	}
	return memchr(word, '.', length) || memchr(word, ':', length);
}

/* "tunnel key 100", "key chain NAME" and "key 1" hold no secrets. */
static bool stays_open(const char *line)
{
	line += strspn(line, " \t");
	return !strncasecmp(line, "tunnel key", 10) || !strncasecmp(line, "key chain", 9);
}

char *redact(const char *text)
{
	char *out = malloc(strlen(text) * 3 + 1), *at = out;
	bool masking = false, after_address = false;
	const bool open = stays_open(text);

	while (out && *text) {
		const size_t blank = strspn(text, " \t");
		const size_t length = strcspn(text + blank, " \t");
		const char *word = text + blank;

		memcpy(at, text, blank);
		at += blank;
		if (masking && length && *word == '!')
			masking = false; /* a comment begins */
		if (masking && length && !is_harmless(word, length) && !(after_address && is_address(word, length))) {
			at = stpcpy(at, "***");
		} else {
			memcpy(at, word, length);
			at += length;
		}
		after_address |= masking && length == 7 && !strncasecmp(word, "address", 7);
		masking |= !open && announces(word, length);
		text = word + length;
	}
	if (out)
		*at = 0;
	return out;
}
