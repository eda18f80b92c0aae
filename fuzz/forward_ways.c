#include "forward_ways.h"

#include <string.h>

#include "base/reader.h"
#include "forward/esp_tx.h"

void forward_touch(const uint8_t *bytes, size_t length)
{
	static volatile uint8_t sink;

	for (size_t i = 0; i < length; i++)
		sink = (uint8_t)(sink ^ bytes[i]);
}

static uint8_t *esp_room(void *context, const struct esp_path *path, size_t length)
{
	static uint8_t room[FRAME_MAX + ESP_OVERHEAD_MAX];

	(void)context;
	return path->udp || path->raw ? room + sizeof room - length : NULL;
}

static bool ike_hand(void *context, const struct ipaddr *to, const uint8_t *packet, size_t length)
{
	(void)context;
	forward_touch(packet, length);
	return to->family == IP_V4;
}

static void flush(void *context)
{
	(void)context;
}

static void tap_write(void *context, struct tunnel *t, uint8_t *frame, size_t length)
{
	(void)context;
	(void)t;
	memset(frame - VNET_HEADER, 0, VNET_HEADER);
	forward_touch(frame, length);
}

static void tap_packet(void *context, struct tunnel *t, uint8_t *frame, const struct ip_view *ip)
{
	tap_write(context, t, frame, ETHERNET_HEADER + ip->total_len);
}

static bool control_send(void *context, uint16_t type, const void *payload, size_t length)
{
	(void)context;
	forward_touch(payload, length);
	return type % 2;
}

struct forward_io forward_ways(void)
{
	return (struct forward_io){ .esp_room = esp_room, .esp_undo = flush, .ike_hand = ike_hand, .flush = flush,
				    .tap_write = tap_write, .tap_packet = tap_packet, .control_send = control_send };
}

void forward_records(struct tables *t, const uint8_t *data, size_t size,
		     void (*run)(struct tables *t, uint8_t kind, const uint8_t *bytes, size_t length))
{
	struct reader r = reader_of(data, size);

	while (reader_left(&r) >= 3) {
		const uint8_t kind = reader_u8(&r);
		const size_t wanted = reader_u16(&r);
		const size_t length = wanted < reader_left(&r) ? wanted : reader_left(&r);

		run(t, kind, reader_skip(&r, length), length);
	}
}
