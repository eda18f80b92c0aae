#include "forward/frame.h"

#include <string.h>

enum { MAC_PEER = 0x02, MAC_STAND_IN = 0x0a };

static void mac_make(uint8_t kind, uint64_t id, uint8_t mac[6])
{
	mac[0] = kind;
	for (int i = 0; i < 5; i++)
		mac[1 + i] = (uint8_t)(id >> (8 * (4 - i)));
}

void mac_of_peer(uint64_t id, uint8_t mac[6])
{
	mac_make(MAC_PEER, id, mac);
}

void mac_of_stand_in(uint64_t id, uint8_t mac[6])
{
	mac_make(MAC_STAND_IN, id, mac);
}

bool mac_to_peer(const uint8_t mac[6], uint64_t *id, bool *stands_in)
{
	*stands_in = mac[0] == MAC_STAND_IN;
	if (mac[0] != MAC_PEER && !*stands_in)
		return false;
	*id = 0;
	for (int i = 1; i < 6; i++)
		*id = *id << 8 | mac[i];
	return true;
}

void mac_of_destination(const struct ipaddr *dst, const uint8_t own[6], uint8_t mac[6])
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const uint8_t *b = dst->bytes;

	if (dst->family == IP_V6 && b[0] == 0xff)
		memcpy(mac, (const uint8_t[6]){ 0x33, 0x33, b[12], b[13], b[14], b[15] }, 6);
	else if (dst->family == IP_V4 && (b[0] & 0xf0) == 0xe0)
		memcpy(mac, (const uint8_t[6]){ 0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3] }, 6);
	else if (dst->family == IP_V4 && memcmp(b, broadcast, 4) == 0)
		memcpy(mac, broadcast, 6);
	else
		memcpy(mac, own, 6);
}

void frame_header(uint8_t *frame, const uint8_t to[6], uint64_t from_peer, uint16_t ethertype)
{
	memcpy(frame, to, 6);
	mac_of_peer(from_peer, frame + 6);
	put_u16(frame + 12, ethertype);
}
