#include "wire/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

static void read_message(struct capture_message *m)
{
	m->drop = NHRP_DROP_NONE;
	m->fault = 0;
	if (m->frame.kind == FRAME_NHRP)
		m->drop = nhrp_decode(m->frame.nhrp, m->frame.nhrp_len, &m->message, &m->fault);
	else
		memset(&m->message, 0, sizeof m->message);
}

static void take_frame(int datalink, const struct pcap_pkthdr *h, const uint8_t *bytes,
		       capture_sink *sink, void *context, struct capture_totals *totals)
{
	static _Thread_local struct capture_message m; /* too big for a small stack */

	totals->frames++;
	frame_read(datalink, bytes, h->caplen, &m.frame);
	switch (m.frame.kind) {
	case FRAME_OTHER:
		return;
	case FRAME_ESP:
		totals->esp++;
		return;
	case FRAME_FRAGMENT:
		totals->fragments++;
		return;
	case FRAME_NHRP:
	case FRAME_BROKEN:
		break;
	}
	m.frame_number = totals->frames;
	m.time_s = h->ts.tv_sec;
	m.time_us = (uint32_t)h->ts.tv_usec;
	read_message(&m);
	totals->messages++;
	if (m.drop != NHRP_DROP_NONE || m.frame.kind == FRAME_BROKEN)
		totals->malformed++;
	sink(context, &m);
}

static int read_frames(pcap_t *p, capture_sink *sink, void *context, struct capture_totals *totals,
		       char error[CAPTURE_ERROR_MAX])
{
	const int datalink = pcap_datalink(p);
	const char *name = pcap_datalink_val_to_name(datalink);
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int got;

	snprintf(totals->link, sizeof totals->link, "%s", name ? name : "unknown");
	if (!frame_link_is_known(datalink)) {
		snprintf(error, CAPTURE_ERROR_MAX, "link type %d (%s) cannot be read", datalink, totals->link);
		return -EINVAL;
	}
	while ((got = pcap_next_ex(p, &header, &bytes)) == 1)
		take_frame(datalink, header, bytes, sink, context, totals);
	if (got == PCAP_ERROR_BREAK)
		return 0;
	snprintf(error, CAPTURE_ERROR_MAX, "%s", pcap_geterr(p));
	return -EINVAL;
}

static int read_opened(pcap_t *p, const char *open_error, capture_sink *sink, void *context,
		       struct capture_totals *totals, char error[CAPTURE_ERROR_MAX])
{
	int result;

	memset(totals, 0, sizeof *totals);
	if (!p) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s", open_error);
		return -EINVAL;
	}
	error[0] = '\0';
	result = read_frames(p, sink, context, totals, error);
	pcap_close(p);
	return result;
}

int capture_read_file(const char *path, capture_sink *sink, void *context,
		      struct capture_totals *totals, char error[CAPTURE_ERROR_MAX])
{
	char open_error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_open_offline(path, open_error);

	return read_opened(p, open_error, sink, context, totals, error);
}

int capture_read_stream(FILE *stream, capture_sink *sink, void *context,
			struct capture_totals *totals, char error[CAPTURE_ERROR_MAX])
{
	char open_error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_fopen_offline(stream, open_error);

	if (!p)
		fclose(stream); /* libpcap takes the stream over only when it succeeds */
	return read_opened(p, open_error, sink, context, totals, error);
}
