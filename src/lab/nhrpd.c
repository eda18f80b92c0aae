#include "lab/nhrpd.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "config/render_nhrpd.h"
#include "lab/memory.h"
#include "lab/programs.h"
#include "lab/run.h"

/* The next name of a list "hub1,spoke2"; NULL at its end, or when there is no list. */
static const char *next_name(const char *list, size_t *length)
{
	if (!list)
		return NULL;
	list += strspn(list, ",");
	*length = strcspn(list, ",");
	return *length ? list : NULL;
}

bool nhrpd_runs(const struct lab *lab, size_t router)
{
	const char *wanted = lab->plan->routers[router].name, *at = lab->nhrpd;
	size_t length;

	for (; (at = next_name(at, &length)); at += length)
		if (length == strlen(wanted) && strncasecmp(at, wanted, length) == 0)
			return programs_has_tunnels(lab, router);
	return false;
}

static int check_name(const struct lab *lab, const char *name, char *error, size_t size)
{
	size_t router;

	if (!lab_plan_router(lab->plan, name, &router)) {
		snprintf(error, size, "--nhrpd: there is no router %s", name);
		return 2;
	}
	if (!programs_has_tunnels(lab, router)) {
		snprintf(error, size, "--nhrpd: %s has no tunnels", name);
		return 2;
	}
	if (programs_has_vrfs(lab, router)) {
		snprintf(error, size, "--nhrpd: %s has VRFs, which dmvpnd would set up", name);
		return 2;
	}
	if (programs_is_protected(lab, router)) {
		snprintf(error, size, "--nhrpd: %s has protected tunnels, and nhrpd no way to a stock charon: give --no-ipsec, too", name);
		return 2;
	}
	return 0;
}

int nhrpd_check(const struct lab *lab, char *error, size_t size)
{
	const char *at = lab->nhrpd;
	size_t length;
	int r = 0;

	for (; r == 0 && (at = next_name(at, &length)); at += length) {
		char *name = strndup(at, length);

		r = name ? check_name(lab, name, error, size) : 2;
		free(name);
	}
	return r;
}

/* ---- devices ---- */

/* A device of the kernel can follow another one's address no better than its owner. */
static struct ipaddr source_of(const struct config *c, const struct config_tunnel *t)
{
	const struct config_interface *from =
		t->source_interface ? config_find_interface(c, t->source_interface) : NULL;

	for (size_t i = 0; from && i < from->address_count; i++)
		if (from->addresses[i].addr.family == IP_V4 && !from->addresses[i].secondary)
			return from->addresses[i].addr;
	return t->source;
}

static void device_lines(const struct config *c, const struct config_interface *i, FILE *out)
{
	const struct config_tunnel *t = i->tunnel;
	struct ipaddr local = source_of(c, t);
	char text[IPADDR_TEXT_MAX];

	fprintf(out, "link add %s type gre local %s ttl 64", i->name, ipaddr_format(&local, text));
	if (!ipaddr_is_none(&t->destination.addr))
		fprintf(out, " remote %s", ipaddr_format(&t->destination.addr, text));
	if (t->has_key)
		fprintf(out, " key %u", t->key);
	fputc('\n', out);
	for (size_t k = 0; k < i->address_count; k++)
		fprintf(out, "addr replace %s/%u dev %s\n", ipaddr_format(&i->addresses[k].addr, text),
			i->addresses[k].addr.family == IP_V6 ? 128u : 32u, i->name);
	fprintf(out, "link set %s mtu %u up\n", i->name, i->ip_mtu ? i->ip_mtu : 1400u);
}

/* One indication for a pair of networks every 15 s, as the manual has it. */
static void rule_lines(const struct config_interface *i, FILE *out)
{
	fprintf(out,
		"-A FORWARD -i %s -o %s -m hashlimit --hashlimit-upto 4/minute --hashlimit-burst 1 --hashlimit-mode srcip,dstip "
		"--hashlimit-srcmask 24 --hashlimit-dstmask 24 --hashlimit-name %s -j NFLOG --nflog-group %d --nflog-size 128\n"
		"-A OUTPUT -d 224.0.0.0/24 -o %s -j NFLOG --nflog-group %d\n"
		"-A OUTPUT -d 224.0.0.0/24 -o %s -j DROP\n",
		i->name, i->name, i->name, NHRPD_REDIRECT_GROUP, i->name, NHRPD_MULTICAST_GROUP, i->name);
}

static bool is_there(const char *netns, const struct config_interface *i)
{
	char *argv[] = { "ip", "link", "show", "dev", (char *)(uintptr_t)i->name, NULL }, *output = NULL;
	bool there = run_wait(netns, argv, NULL, &output) == 0;

	free(output);
	return there;
}

/* Input of ip, "" when nothing is missing, and of iptables-restore. */
static void write_input(const char *netns, const struct config *c, char **devices, char **rules)
{
	size_t size[2];
	FILE *ip = open_memstream(devices, &size[0]), *filter = open_memstream(rules, &size[1]);

	if (!ip || !filter)
		abort();
	fputs("*filter\n", filter);
	for (size_t k = 0; k < c->interface_count; k++) {
		const struct config_interface *i = &c->interfaces[k];

		if (!i->is_tunnel || i->shutdown)
			continue;
		rule_lines(i, filter);
		if (!is_there(netns, i))
			device_lines(c, i, ip);
	}
	fputs("COMMIT\n", filter);
	if (fclose(ip) != 0 || fclose(filter) != 0)
		abort();
}

static int run_tool(const char *netns, char *const argv[], const char *input, char *error, size_t size)
{
	char *output = NULL;
	int r = run_wait(netns, argv, input, &output);

	if (r != 0)
		snprintf(error, size, "%s: %s: %.300s", netns, argv[0], r < 0 ? strerror(-r) : output ? output : "");
	free(output);
	return r == 0 ? 0 : 2;
}

int nhrpd_devices(const struct lab *lab, size_t router, char *error, size_t size)
{
	char *ip[] = { "ip", "-batch", "-", NULL }, *restore[] = { "iptables-legacy-restore", NULL };
	char *devices, *rules, netns[128];
	int r;

	lab_netns(lab, NODE_ROUTER, router, netns);
	write_input(netns, lab->plan->routers[router].config, &devices, &rules);
	r = *devices ? run_tool(netns, ip, devices, error, size) : 0;
	if (r == 0 && *devices)
		r = run_tool(netns, restore, rules, error, size);
	free(devices);
	free(rules);
	return r;
}

/* ---- the daemon ---- */

int nhrpd_render(const struct lab *lab, size_t router, const char *frr_dir)
{
	char *path = lab_printf("%s/nhrpd.conf", frr_dir);
	FILE *f = fopen(path, "we");
	int r = f ? config_render_nhrpd(lab->plan->routers[router].config, f) : -errno;

	free(path);
	if (f && fclose(f) != 0)
		r = -errno;
	return r;
}

size_t nhrpd_registered(const struct lab *lab, size_t router)
{
	char *dir = lab_printf("%s/%s/frr", lab->run_dir, lab->plan->routers[router].name), *output = NULL;
	char *argv[] = { "vtysh", "--vty_socket", dir, "-d", "nhrpd", "-c", "show ip nhrp cache json", NULL };
	json_t *j, *item;
	size_t i, count = 0;

	/* The list of servers does not say in JSON which of them are reachable; their entries come and go so. */
	j = run_wait(NULL, argv, NULL, &output) == 0 && output ? json_loads(output, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	json_array_foreach(json_object_get(j, "table"), i, item) {
		const char *type = json_string_value(json_object_get(item, "type"));

		count += type && strcmp(type, "nhs") == 0;
	}
	json_decref(j);
	free(output);
	free(dir);
	return count;
}
