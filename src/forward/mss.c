#include "forward/mss.h"

#include <stddef.h>

#include "forward/frame.h"
#include "forward/offload.h"
#include "wire/checksum.h"

enum {
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_FLAG_SYN = 0x02,
	TCP_CHECKSUM = 16,
	OPTION_END = 0,
	OPTION_PAD = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LENGTH = 4,
};

/* Offset of the MSS option from the TCP header on, 0: none. RFC 9293 3.1. */
static size_t mss_option(const uint8_t *tcp, size_t header)
{
	size_t at = TCP_HEADER_MIN;

	while (at + 1 < header && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_PAD) {
			at++;
			continue;
		}
		if (tcp[at + 1] < 2 || at + tcp[at + 1] > header)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return tcp[at + 1] == OPTION_MSS_LENGTH ? at : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* An option may stand at an odd offset; the checksum counts words from even ones. */
static void octet_change(uint8_t *tcp, size_t at, uint8_t value)
{
	uint8_t *word = tcp + (at & ~(size_t)1);
	const uint16_t before = get_u16(word);

	tcp[at] = value;
	put_u16(tcp + TCP_CHECKSUM, checksum_update(get_u16(tcp + TCP_CHECKSUM), before, get_u16(word)));
}

bool mss_clamp(uint8_t *inner, const struct ip_view *ip, uint16_t limit)
{
	uint8_t *tcp = inner + ip->header_len;
	const size_t length = ip->total_len - ip->header_len;
	size_t header, at;

	if (limit == 0 || ip->protocol != PROTO_TCP || ip->fragment_offset || length < TCP_HEADER_MIN ||
	    !(tcp[TCP_FLAGS] & TCP_FLAG_SYN))
		return false;
	header = 4 * (size_t)(tcp[TCP_DATA_OFFSET] >> 4);
	if (header > length)
		return false;
	at = mss_option(tcp, header);
	if (at == 0 || get_u16(tcp + at + 2) <= limit)
		return false;
	octet_change(tcp, at + 2, (uint8_t)(limit >> 8));
	octet_change(tcp, at + 3, (uint8_t)limit);
	return true;
}
