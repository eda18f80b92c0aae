#include "wire/echo.h"

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire/checksum.h"

enum {
	ICMP_HEADER = 8,
	PROOF = 8,
	ICMP4 = 1, ICMP4_ECHO = 8, ICMP4_ANSWER = 0,
	ICMP6 = 58, ICMP6_ECHO = 128, ICMP6_ANSWER = 129,
};

/* payload: from behind the proof on. */
static uint64_t proof_of(const struct siphash_key *key, const uint8_t *payload, const struct ipaddr *own,
			 const struct ipaddr *peer)
{
	uint8_t bytes[ECHO_PAYLOAD - PROOF + 2 * 16 + 1];

	memcpy(bytes, payload, ECHO_PAYLOAD - PROOF);
	memcpy(bytes + ECHO_PAYLOAD - PROOF, own->bytes, 16);
	memcpy(bytes + ECHO_PAYLOAD - PROOF + 16, peer->bytes, 16);
	bytes[sizeof bytes - 1] = own->family;
	return siphash(key, bytes, sizeof bytes);
}

static void put_payload(const struct siphash_key *key, const struct echo *e, uint8_t *out)
{
	static const uint8_t zeros[3];
	const uint64_t sent = (uint64_t)e->sent.us;
	struct writer w = writer_of(out + PROOF, ECHO_PAYLOAD - PROOF);
	uint64_t proof;

	writer_u32(&w, (uint32_t)(sent >> 32));
	writer_u32(&w, (uint32_t)sent);
	writer_u32(&w, e->tunnel);
	writer_u32(&w, e->sequence);
	writer_u32(&w, e->nbma.vrf);
	writer_u32(&w, e->nbma.site);
	writer_u8(&w, e->nbma.addr.family);
	writer_bytes(&w, zeros, sizeof zeros);
	writer_bytes(&w, e->nbma.addr.bytes, 16);
	proof = proof_of(key, out + PROOF, &e->own, &e->peer);
	w = writer_of(out, PROOF);
	writer_u32(&w, (uint32_t)(proof >> 32));
	writer_u32(&w, (uint32_t)proof);
}

static void put_icmp(const struct siphash_key *key, const struct echo *e, uint8_t *out)
{
	struct writer w = writer_of(out, ICMP_HEADER);

	writer_u8(&w, e->own.family == IP_V4 ? ICMP4_ECHO : ICMP6_ECHO);
	writer_u8(&w, 0);
	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)e->tunnel); /* one conversation for whatever keeps state on the way */
	writer_u16(&w, (uint16_t)e->sequence);
	put_payload(key, e, out + ICMP_HEADER);
}

static void put_sum(uint8_t *icmp, uint16_t sum)
{
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
}

size_t echo_encode(const struct siphash_key *key, const struct echo *e, uint8_t *out)
{
	enum { LENGTH = ICMP_HEADER + ECHO_PAYLOAD };
	const bool is4 = e->own.family == IP_V4;
	const struct ip_head head = { .from = e->own, .to = e->peer, .protocol = is4 ? ICMP4 : ICMP6, .ttl = ECHO_TTL,
				      .tos = ECHO_TOS };
	uint8_t *const icmp = out + ip_encode(&head, LENGTH, out);

	put_icmp(key, e, icmp);
	put_sum(icmp, is4 ? checksum(icmp, LENGTH) : ip_payload_checksum(&e->own, &e->peer, ICMP6, icmp, LENGTH));
	return (size_t)(icmp - out) + LENGTH;
}

static bool is_answer(const uint8_t *packet, const struct ip_view *ip)
{
	const uint8_t *const icmp = packet + ip->header_len;

	if (ip->protocol != (ip->version == 4 ? ICMP4 : ICMP6) || ip->more_fragments || ip->fragment_offset != 0)
		return false;
	if (ip->total_len != (uint32_t)ip->header_len + ICMP_HEADER + ECHO_PAYLOAD)
		return false;
	return icmp[0] == (ip->version == 4 ? ICMP4_ANSWER : ICMP6_ANSWER) && icmp[1] == 0;
}

static bool is_request(const uint8_t *packet, const struct ip_view *ip)
{
	const uint8_t *const icmp = packet + ip->header_len;

	if (ip->protocol != (ip->version == 4 ? ICMP4 : ICMP6) || ip->more_fragments || ip->fragment_offset != 0)
		return false;
	return ip->total_len >= (uint32_t)ip->header_len + ICMP_HEADER && icmp[0] == (ip->version == 4 ? ICMP4_ECHO : ICMP6_ECHO) &&
	       icmp[1] == 0;
}

/* Both addresses change places, so that sums over them stay. */
static void swap_addresses(uint8_t *at, size_t length)
{
	uint8_t kept[16];

	memcpy(kept, at, length);
	memcpy(at, at + length, length);
	memcpy(at + length, kept, length);
}

static uint16_t word_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* The sum that stands at `sum` follows one word from what it was. */
static void follow(uint8_t *sum, uint16_t before, uint16_t after)
{
	const uint16_t fresh = checksum_update(word_at(sum), before, after);

	sum[0] = (uint8_t)(fresh >> 8);
	sum[1] = (uint8_t)fresh;
}

bool echo_turn(uint8_t *packet, const struct ip_view *ip)
{
	const bool is4 = ip->version == 4;
	uint8_t *const icmp = packet + ip->header_len;
	uint16_t before;

	if (!is_request(packet, ip))
		return false;
	before = word_at(icmp);
	icmp[0] = is4 ? ICMP4_ANSWER : ICMP6_ANSWER;
	follow(icmp + 2, before, word_at(icmp));
	swap_addresses(packet + (is4 ? 12 : 8), is4 ? 4 : 16);
	before = word_at(packet + 8); /* TTL and protocol */
	packet[is4 ? 8 : 7] = ECHO_TTL;
	if (is4)
		follow(packet + 10, before, word_at(packet + 8));
	return true;
}

bool echo_answer_decode(const struct siphash_key *key, const uint8_t *packet, const struct ip_view *ip, struct echo *out)
{
	struct reader r;
	uint64_t proof, sent;

	if (!is_answer(packet, ip))
		return false;
	r = reader_of(packet + ip->header_len + ICMP_HEADER, ECHO_PAYLOAD);
	proof = (uint64_t)reader_u32(&r) << 32;
	proof |= reader_u32(&r);
	if (proof != proof_of(key, r.at, &ip->dst, &ip->src))
		return false;
	sent = (uint64_t)reader_u32(&r) << 32;
	sent |= reader_u32(&r);
	*out = (struct echo){ .own = ip->dst, .peer = ip->src, .sent = { (int64_t)sent } };
	out->tunnel = reader_u32(&r);
	out->sequence = reader_u32(&r);
	out->nbma.vrf = reader_u32(&r);
	out->nbma.site = reader_u32(&r);
	out->nbma.addr.family = reader_u8(&r);
	reader_skip(&r, 3);
	reader_copy(&r, out->nbma.addr.bytes, 16);
	return !r.bad;
}
