/* What FRR is given, and that FRR takes it. */
#include "text.h"

#include <unistd.h>

#include "config/render_frr.h"
#include "config/render_nhrpd.h"

static const char *forms; /* folder of configurations */

static char *render(const struct config *c)
{
	const struct frr_options options = { .stock = false };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(config_render_frr(c, &options, out), 0);
	fclose(out);
	assert_non_null(text); /* open_memstream could not grow */
	return text;
}

static struct config *read_form(const char *name)
{
	char path[600], error[300] = "";
	struct config *c;

	snprintf(path, sizeof path, "%s/%s", forms, name);
	c = config_read_file(path, error, sizeof error);
	if (!c)
		fail_msg("%s", error);
	return c;
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void ios_becomes_frr(void **state)
{
	struct config *c = read_form("routing.cfg");
	char *text = render(c);

	(void)state;
	has(text, "\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf cost 10000\n");
	has(text, "interface Gi0-1\n ip ospf area 0\n ip ospf cost 1\n");
	has(text, " ip ospf passive\n");
	has(text, " ip ospf bfd profile Tunnel0\n");
	has(text, " area 1 range 10.128.0.0/9\n");
	has(text, " redistribute static metric 10 metric-type 1 route-map M\n");
	has(text, "router eigrp 100\n");
	has(text, " passive-interface Gi0-1\n");
	has(text, " ip hello-interval eigrp 20\n");
	has(text, "! not carried: no split-horizon\n");
	has(text, " no bgp ebgp-requires-policy\n");
	has(text, " network 10.1.0.0/24\n");
	has(text, " aggregate-address 10.0.0.0/8 as-set summary-only\n");
	has(text, " neighbor 10.1.0.2 update-source Gi0-1\n");
	has(text, " neighbor 10.1.0.2 bfd\n");
	has(text, "  neighbor RR next-hop-self force\n");
	has(text, "ip route 0.0.0.0/0 10.1.0.254 Gi0-1 tag 7 250\n");
	has(text, "! set by dmvpnd in the VRF's table: ip route 0.0.0.0/0 10.5.0.1 vrf RED\n");
	has(text, "access-list A permit 10.0.0.0 0.255.255.255\n");
	assert_true(strstr(text, "neighbor RR peer-group\n") < strstr(text, "bgp listen range"));
	assert_int_equal(config_frr_daemons(c), FRR_ZEBRA | FRR_STATICD | FRR_BGPD | FRR_OSPFD | FRR_OSPF6D | FRR_RIPD |
			 FRR_EIGRPD | FRR_BFDD);
	free(text);
	config_free(c);
}

static void ospf_is_told(const char *line, const char *bfd)
{
	char form[400];
	struct config *c;
	char *text;

	snprintf(form, sizeof form, "interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n tunnel source 192.0.2.1\n"
		 " tunnel mode gre multipoint\n%srouter ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n", line);
	c = read_text(form);
	text = render(c);
	if (bfd)
		has(text, bfd);
	else
		assert_null(strstr(text, " ip ospf bfd"));
	assert_int_equal((config_frr_daemons(c) & FRR_BFDD) != 0, bfd != NULL);
	free(text);
	config_free(c);
}

/* OSPF has no other ear for what NHRP finds out. Where nobody asked for BFD it says nothing itself. */
static void ospf_follows_nhrp(void **state)
{
	(void)state;
	ospf_is_told("", " ip ospf bfd\n ip ospf bfd profile nhrp-fall-over\n");
	ospf_is_told(" ip ospf bfd\n", " ip ospf bfd\n!");
	ospf_is_told(" ip ospf bfd\n bfd interval 50 min_rx 50 multiplier 3\n", " ip ospf bfd\n ip ospf bfd profile Tunnel0\n");
	ospf_is_told(" ip ospf bfd disable\n", NULL);
	ospf_is_told(" no nhrp fall-over bfd\n", NULL);
}

static char *render_nhrpd(const struct config *c)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(config_nhrpd_routes(c, out), 0);
	assert_int_equal(config_render_nhrpd(c, out), 0);
	fclose(out);
	assert_non_null(text);
	return text;
}

static const char spoke[] =
	"interface Tunnel0\n ip address 10.0.0.11 255.255.255.0\n ip nhrp network-id 7\n ip nhrp holdtime 30\n"
	" ip nhrp registration timeout 5\n ip nhrp registration no-unique\n ip nhrp shortcut\n"
	" ip nhrp map 10.0.0.2 192.0.2.6\n ip nhrp map 10.0.0.3 192.0.2.10\n ip nhrp map multicast 192.0.2.6\n ip nhrp nhs 10.0.0.2\n"
	" ip nhrp nhs 10.0.0.1 nbma 192.0.2.2 multicast priority 3\n"
	" tunnel source 198.51.100.6\n tunnel mode gre multipoint\n";

static void nhrp_becomes_nhrpd(void **state)
{
	struct config *c = read_text(spoke);
	char *text = render_nhrpd(c);

	(void)state;
	/* Its device has a host address: the way to the others is a route. */
	has(text, "ip route 10.0.0.0/24 10.0.0.2\nip route 10.0.0.0/24 10.0.0.1\n");
	has(text, "interface Tunnel0\n ip nhrp network-id 7\n ip nhrp holdtime 30\n ip nhrp registration no-unique\n");
	has(text, "! not carried: ip nhrp registration timeout 5\n ip nhrp shortcut\n");
	has(text, " ip nhrp map 10.0.0.3 192.0.2.10\n");
	assert_null(strstr(text, "map 10.0.0.2")); /* the server's line says it */
	has(text, " ip nhrp map multicast 192.0.2.6\n");
	has(text, " ip nhrp nhs 10.0.0.2 nbma 192.0.2.6\n");
	has(text, " ip nhrp nhs 10.0.0.1 nbma 192.0.2.2\n! not carried: its priority and cluster\n ip nhrp map multicast 192.0.2.2\n");
	assert_null(strstr(text, "redirect"));
	assert_null(strstr(text, "authentication"));
	free(text);
	config_free(c);
	c = read_text("interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 7\n ip nhrp authentication s3cret\n"
		      " ip nhrp redirect\n ip nhrp map multicast dynamic\n tunnel source 192.0.2.2\n tunnel mode gre multipoint\n"
		      "interface Tunnel1\n shutdown\n ip nhrp network-id 8\n tunnel source 192.0.2.2\n tunnel mode gre multipoint\n");
	text = render_nhrpd(c);
	has(text, " ip nhrp authentication s3cret\n ip nhrp redirect\n ip nhrp map multicast dynamic\nexit\n");
	assert_null(strstr(text, "Tunnel1"));
	assert_null(strstr(text, "ip route"));
	free(text);
	config_free(c);
}

static void vtysh_takes(const char *text)
{
	char path[] = "/tmp/dmvpn-render-XXXXXX", command[200];
	FILE *file;
	int fd;

	fd = mkstemp(path);
	file = fdopen(fd, "w");
	fputs(text, file);
	fclose(file);
	snprintf(command, sizeof command, "/usr/bin/vtysh -C -f %s 2>&1", path);
	file = popen(command, "r");
	if (fgets(command, sizeof command, file))
		fail_msg("vtysh: %s", command);
	assert_int_equal(pclose(file), 0);
	unlink(path);
}

/* vtysh's own parser is asked, where it is installed. */
static void frr_takes_it(void **state)
{
	struct config *c;
	char *text;

	(void)state;
	if (access("/usr/bin/vtysh", X_OK) != 0)
		skip();
	c = read_form("routing.cfg");
	text = render(c);
	vtysh_takes(text);
	free(text);
	config_free(c);
	c = read_text(spoke);
	text = render_nhrpd(c);
	vtysh_takes(text);
	free(text);
	config_free(c);
}

/* IOS's ways of taking routes from one protocol into another, and of filtering them. */
static void redistribution(void **state)
{
	struct config *c = read_text("router bgp 65000\n redistribute ospf 1 match internal external 1 external 2 route-map M\n"
				     " redistribute static metric 5\n"
				     "router ospf 1\n redistribute bgp 65000 subnets route-map M\n distribute-list 7 out bgp 65000\n"
				     "router rip\n offset-list 7 in 3 Tunnel0\n redistribute bgp 65000 metric 3 route-map M\n"
				     "access-list 7 permit 10.0.0.0 0.255.255.255\n"
				     "route-map M permit 10\n set metric +10\nroute-map M permit 20\n set metric - 20\n");
	struct config *external = read_text("router bgp 65000\n redistribute ospf 1 match external 2\nrouter ospf 1\n");
	char *text = render(c), *only = render(external);

	(void)state;
	has(text, "  redistribute ospf route-map M\n");
	has(text, "  redistribute static metric 5\n");
	has(text, " redistribute bgp route-map M\n distribute-list 7 out bgp\n");
	has(text, " offset-list 7 in 3 Tunnel0\n redistribute bgp metric 3 route-map M\n");
	has(text, " set metric +10\n");
	has(text, " set metric -20\n");
	has(text, "access-list 7 permit 10.0.0.0 0.255.255.255\n");
	has(only, "! not carried: redistribute ospf 1 match external 2\n");
	free(text);
	free(only);
	config_free(c);
	config_free(external);
}

/* EIGRP for a VRF or IPv6 is not carried, and nothing of it gets into the process for IPv4. */
static void eigrp_of_vrfs_stays_out(void **state)
{
	struct config *c = read_text("vrf definition RED\n address-family ipv4\n"
				     "interface GigabitEthernet0/1\n ip address 10.1.0.1 255.255.255.0\n"
				     "interface GigabitEthernet0/2\n ip address 10.2.0.1 255.255.255.0\n"
				     "router eigrp NET\n"
				     " address-family ipv4 unicast vrf RED autonomous-system 7\n"
				     "  af-interface GigabitEthernet0/1\n   passive-interface\n   hello-interval 9\n  exit-af-interface\n"
				     "  topology base\n   variance 5\n  exit-af-topology\n"
				     "  network 10.2.0.0 0.0.255.255\n  eigrp router-id 9.9.9.9\n exit-address-family\n"
				     " address-family ipv4 unicast autonomous-system 8\n  network 10.1.0.0 0.0.255.255\n"
				     "  eigrp router-id 8.8.8.8\n exit-address-family\n");
	char *text = render(c);

	(void)state;
	has(text, "router eigrp 8\n eigrp router-id 8.8.8.8\n network 10.1.0.0/24\n!\n");
	assert_null(strstr(text, "10.2.0.0"));
	assert_null(strstr(text, "variance"));
	assert_null(strstr(text, "hello-interval"));
	for (unsigned i = 7; i <= 17; i++) /* the family's lines */
		if (!strstr(c->lines[i].text, "exit-") && c->lines[i].state != CONFIG_NOT_SUPPORTED)
			fail_msg("line %u is not refused", i + 1);
	assert_int_equal(c->lines[18].state, CONFIG_HONOURED);
	free(text);
	config_free(c);
}

/* An address family of a VRF is an instance of its own; what is said of the process goes for it, too. */
static void routing_in_vrfs(void **state)
{
	struct config *c = read_text("vrf definition RED\n route-target both 1:9\n address-family ipv4\n  route-target both 1:1\n  route-target import 1:2\n"
				     "vrf definition A-name-longer-than-15\n route-target export 1:2\n route-target import 1:9\n"
				     "interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n bfd interval 50 min_rx 50 multiplier 3\n"
				     "interface Tunnel1\n vrf forwarding RED\n ip address 10.0.0.1 255.255.255.0\n"
				     " bfd interval 60 min_rx 60 multiplier 3\n"
				     "interface GigabitEthernet0/1\n vrf forwarding RED\n ip address 10.1.0.1 255.255.255.0\n ip ospf 7 area 3\n"
				     "router ospf 7 vrf RED\n redistribute bgp 65000 subnets\n"
				     "router bgp 65000\n bgp router-id 1.1.1.1\n timers bgp 5 15\n no bgp default ipv4-unicast\n"
				     " neighbor 10.0.0.9 remote-as 65009\n"
				     " address-family ipv4\n  neighbor 10.0.0.9 activate\n"
				     " address-family ipv4 vrf RED\n  bgp router-id 2.2.2.2\n  neighbor 10.0.0.2 remote-as 65002\n"
				     "  neighbor 10.0.0.2 fall-over bfd\n  neighbor 10.0.0.2 activate\n  network 10.1.0.0 mask 255.255.255.0\n"
				     " address-family ipv6 vrf RED\n  neighbor 2001:db8::2 remote-as 65002\n  neighbor 2001:db8::2 activate\n"
				     " address-family ipv4 vrf A-name-longer-than-15\n  network 10.2.0.0 mask 255.255.255.0\n");
	char *text = render(c), *global, *red, *other;

	(void)state;
	has(text, "interface Gi0-1\n ip ospf area 3\n");
	has(text, "router ospf vrf RED\n redistribute bgp\n!\n");
	global = strstr(text, "router bgp 65000\n");
	red = strstr(text, "router bgp 65000 vrf RED\n");
	other = strstr(text, "router bgp 65000 vrf vrf2\n");
	assert_true(global && red && other && global < red && red < other);
	red[-1] = other[-1] = '\0';
	has(global, " bgp router-id 1.1.1.1\n");
	has(global, " no bgp default ipv4-unicast\n");
	assert_null(strstr(global, "10.0.0.2"));
	assert_null(strstr(global, "10.1.0.0"));
	assert_null(strstr(global, "not carried"));
	has(red, " timers bgp 5 15\n bgp router-id 2.2.2.2\n");
	assert_null(strstr(red, "1.1.1.1"));
	assert_null(strstr(red, "ipv4-unicast"));
	assert_null(strstr(red, "10.0.0.9"));
	has(red, " neighbor 10.0.0.2 bfd\n neighbor 10.0.0.2 bfd profile Tunnel1\n");
	has(red, " address-family ipv4 unicast\n  neighbor 10.0.0.2 activate\n  network 10.1.0.0/24\n  import vrf vrf2\n exit-address-family\n");
	has(red, " address-family ipv6 unicast\n  neighbor 2001:db8::2 activate\n exit-address-family\n");
	/* 1:9 is what RED exports for IPv6 only. */
	has(other, " address-family ipv4 unicast\n  network 10.2.0.0/24\n exit-address-family\n");
	has(other, " address-family ipv6 unicast\n  import vrf RED\n");
	assert_null(strstr(other, "neighbor"));
	red[-1] = other[-1] = '\n';
	vtysh_takes(text);
	assert_true(config_vrf_is_routed(c, 1) && config_vrf_is_routed(c, 2) && !config_vrf_is_routed(c, CONFIG_NO_VRF));
	free(text);
	config_free(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ios_becomes_frr), cmocka_unit_test(ospf_follows_nhrp),
					   cmocka_unit_test(nhrp_becomes_nhrpd), cmocka_unit_test(redistribution),
					   cmocka_unit_test(routing_in_vrfs),
					   cmocka_unit_test(eigrp_of_vrfs_stays_out), cmocka_unit_test(frr_takes_it) };

	forms = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
