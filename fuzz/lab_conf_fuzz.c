/* Any bytes as lab.conf beside a hub and two spokes: refused with file and line, or a plan that holds. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lab/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUTERS = 3 };

static const char *const names[ROUTERS] = { "hub1.cfg", "spoke1.cfg", "spoke2.cfg" };
#define HUB \
	"interface Gi0/0\n ip address 192.0.2.2 255.255.255.252\nip route 0.0.0.0 0.0.0.0 192.0.2.1\n" \
	"interface Gi0/1\n ip address 203.0.113.9 255.255.255.0\n ipv6 address 2001:db8::1/64\n" \
	"interface Tunnel0\n ip address 10.100.0.1 255.255.255.0\n tunnel source Gi0/0\n tunnel mode gre multipoint\n"
#define SPOKE1 \
	"interface Gi0/0\n ip address 192.168.1.11 255.255.255.0\nip route 0.0.0.0 0.0.0.0 192.168.1.1\n" \
	"interface Gi0/1\n ip address 10.1.1.1 255.255.255.0\n" \
	"interface Tunnel0\n ip address 10.100.0.11 255.255.255.0\n tunnel source Gi0/0\n tunnel mode gre multipoint\n"
#define SPOKE2 \
	"interface Gi0/0\n ip address 192.168.1.12 255.255.255.0\nip route 0.0.0.0 0.0.0.0 192.168.1.1\n" \
	"interface Gi0/1\n ip address dhcp\n"

static const char *const texts[ROUTERS] = { HUB, SPOKE1, SPOKE2 };

static struct config *configs[ROUTERS];

static void read_routers(void)
{
	char error[256];

	for (size_t i = 0; i < ROUTERS && !configs[i]; i++) {
		configs[i] = config_read_text(names[i], texts[i], strlen(texts[i]), error, sizeof(error));
		assert(configs[i]);
	}
}

/* What the lab relies on when it lays cables. */
static void check_plan(const struct lab_plan *p)
{
	for (size_t i = 0; i < p->segment_count; i++)
		for (size_t k = 0; k < p->segments[i].port_count; k++) {
			const struct lab_port *port = &p->segments[i].ports[k];

			assert(port->ifname[0] && strlen(port->ifname) < sizeof(port->ifname));
			assert(port->node != NODE_NAT || port->index < p->nat_count);
			assert(port->node != NODE_HOST || port->index < p->host_count);
		}
	for (size_t i = 0; i < p->loss_count; i++)
		assert(lab_segment_way_out(&p->segments[p->losses[i].segment]));
	for (size_t i = 0; i < p->host_count; i++)
		assert(lab_segment_port(&p->segments[p->hosts[i].segment], NODE_HOST, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[512] = "";
	struct lab_conf *conf;
	struct lab_plan *plan;

	read_routers();
	conf = lab_conf_parse("lab.conf", (const char *)data, size, error, sizeof(error));
	if (!conf) {
		assert(strncmp(error, "lab.conf:", 9) == 0);
		return 0;
	}
	plan = lab_plan_new(ROUTERS, (const struct config *const *)configs, names, conf, error, sizeof(error));
	if (plan)
		check_plan(plan);
	else
		assert(strncmp(error, "lab.conf:", 9) == 0);
	lab_plan_free(plan);
	lab_conf_free(conf);
	return 0;
}
