#include "forward/invalid_spi.h"

#include <string.h>

#include "forward/frame.h"

enum {
	MARKER = 4, IKE_HEADER = 28, NOTIFY_HEADER = 8, SPI = 4,
	AT_NEXT = MARKER + 16, AT_VERSION, AT_EXCHANGE, AT_FLAGS, AT_LENGTH = MARKER + 24,
	AT_NOTIFY = MARKER + IKE_HEADER,
	PAYLOAD_NONE = 0, PAYLOAD_NOTIFY = 41, VERSION_2 = 0x20, INFORMATIONAL = 37,
	FLAG_INITIATOR = 0x08, FLAG_RESPONSE = 0x20, PROTOCOL_ESP = 3, INVALID_SPI = 11,
};

_Static_assert(MARKER + IKE_HEADER + NOTIFY_HEADER + SPI == INVALID_SPI_OCTETS, "what is written");

static uint16_t u16_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t u32_at(const uint8_t *at)
{
	return (uint32_t)u16_at(at) << 16 | u16_at(at + 2);
}

static void put_spi(uint8_t *at, uint32_t spi)
{
	put_u16(at, (uint16_t)(spi >> 16));
	put_u16(at + 2, (uint16_t)spi);
}

/* No IKE SPI would mean anything to who reads it, so they stay zero. */
void invalid_spi_write(uint8_t out[INVALID_SPI_OCTETS], uint32_t spi)
{
	uint8_t *notify = out + AT_NOTIFY;

	memset(out, 0, INVALID_SPI_OCTETS);
	out[AT_NEXT] = PAYLOAD_NOTIFY;
	out[AT_VERSION] = VERSION_2;
	out[AT_EXCHANGE] = INFORMATIONAL;
	out[AT_FLAGS] = FLAG_INITIATOR;
	put_u16(out + AT_LENGTH + 2, INVALID_SPI_OCTETS - MARKER);
	notify[0] = PAYLOAD_NONE;
	put_u16(notify + 2, NOTIFY_HEADER + SPI);
	notify[4] = PROTOCOL_ESP;
	put_u16(notify + 6, INVALID_SPI);
	put_spi(notify + NOTIFY_HEADER, spi);
}

/* The SPI is the notification's data; some write it where a notification has its own SPI. */
uint32_t invalid_spi_read(const uint8_t *datagram, size_t length)
{
	const uint8_t *notify = datagram + AT_NOTIFY;

	if (length != INVALID_SPI_OCTETS || u32_at(datagram) != 0 || datagram[AT_NEXT] != PAYLOAD_NOTIFY ||
	    datagram[AT_VERSION] >> 4 != VERSION_2 >> 4 || datagram[AT_EXCHANGE] != INFORMATIONAL ||
	    (datagram[AT_FLAGS] & FLAG_RESPONSE) || u32_at(datagram + AT_LENGTH) != INVALID_SPI_OCTETS - MARKER)
		return 0;
	if (notify[0] != PAYLOAD_NONE || u16_at(notify + 2) != NOTIFY_HEADER + SPI || u16_at(notify + 6) != INVALID_SPI ||
	    (notify[5] != 0 && notify[5] != SPI))
		return 0;
	return u32_at(notify + NOTIFY_HEADER);
}
