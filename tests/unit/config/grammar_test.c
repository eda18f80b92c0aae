/* How lines are written by people, and what becomes of each. */
#include "config/word_tree.h"
#include "text.h"

struct quirk {
	const char *text;        /* the lines before decide the mode; the last is judged */
	enum config_state state;
	const char *reason;      /* a part of it, or NULL */
};

#define TU "interface Tunnel0\n"

static const struct quirk quirks[] = {
	{ "int lo0", CONFIG_HONOURED, NULL },
	{ "interface Loopback 0", CONFIG_HONOURED, NULL },
	{ "int GigabitEthernet0 /0", CONFIG_HONOURED, NULL },
	{ "int serial 2/0", CONFIG_HONOURED, NULL },
	{ "\xef\xbb\xbfhostname a", CONFIG_HONOURED, NULL },
	{ "R1(config)#hostname a\r", CONFIG_HONOURED, NULL },
	{ TU "R1(config-if)# ip mtu 1400", CONFIG_HONOURED, NULL },
	{ TU "\xe3\x80\x80ip\xc2\xa0mtu\t1400  ! comment", CONFIG_HONOURED, NULL },
	{ TU "ip addr 10.0.0.1 255.255.255.0", CONFIG_HONOURED, NULL },
	{ TU "ip a 10.0.0.1 255.255.255.0", CONFIG_ERROR, "may be address authentication accounting access-group" },
	{ TU "ip nhrp s", CONFIG_ERROR, "ambiguous" },
	{ TU "ip nhrp auth abc", CONFIG_HONOURED, NULL },
	{ TU "ip nhrp auth ninechars", CONFIG_ERROR, "longer than 8" },
	{ TU "tunnel destin 192.0.2.1", CONFIG_HONOURED, NULL },
	{ TU "desc a ! b", CONFIG_HONOURED, NULL },
	{ TU "no sh", CONFIG_HONOURED, NULL },
	{ TU "no ip address", CONFIG_HONOURED, NULL },
	{ TU "ip address 10.0.0.1 255.0.255.0", CONFIG_ERROR, "<mask> is expected" },
	{ TU "ip address 10.0.0.300 255.255.255.0", CONFIG_NOT_SUPPORTED, "unknown word" },
	{ TU "ip nhrp network-id x", CONFIG_ERROR, "<1-4294967295> is expected" },
	{ TU "ip nhrp network-id", CONFIG_ERROR, "incomplete" },
	{ TU "no ip nhrp map", CONFIG_ERROR, "incomplete" },
	{ TU "frobnicate", CONFIG_NOT_SUPPORTED, "unknown command" },
	{ TU "ip nat outside", CONFIG_NOT_SUPPORTED, "not translated" },
	{ TU "ip nat outside source list 2 pool P", CONFIG_NOT_SUPPORTED, "outside are not translated" },
	{ TU "ip route 10.0.0.0 255.0.0.0 192.0.2.1", CONFIG_HONOURED, NULL },
	{ TU "router eig 1", CONFIG_HONOURED, NULL },
	{ TU "net 10.0.0.0", CONFIG_NOT_SUPPORTED, "unknown" },
	{ "router eigrp 1\nnet 10.0.0.0 0.0.0.255", CONFIG_HONOURED, NULL },
	{ "router bgp 65000\naddress-family ipv4\nneighbor 10.0.0.1 remote-as 5", CONFIG_HONOURED, NULL },
	{ "crypto isakmp policy 1\nencr aes 256", CONFIG_HONOURED, NULL },
	{ "line vty 0 4\nlength 0", CONFIG_NO_EFFECT, NULL },
	{ "call-home\n profile X\n  active", CONFIG_NO_EFFECT, "belongs to a block" },
	{ "en", CONFIG_NO_EFFECT, "session" },
	{ "conf t", CONFIG_NO_EFFECT, "session" },
	{ "do sh run", CONFIG_NO_EFFECT, "session" },
	{ "wr", CONFIG_NO_EFFECT, "session" },
	{ TU "exit", CONFIG_NO_EFFECT, "session" },
	{ TU "end", CONFIG_NO_EFFECT, "session" },
	{ "Building configuration...", CONFIG_NO_EFFECT, "session" },
	{ "Using 3836 out of 32768 bytes", CONFIG_NO_EFFECT, "session" },
	{ "Current configuration : 6965 bytes", CONFIG_NO_EFFECT, "session" },
	{ "! comment", CONFIG_BLANK, NULL },
	{ "!--- comment", CONFIG_BLANK, NULL },
	{ "# comment", CONFIG_BLANK, NULL },
	{ "banner motd ^C\ninterface Tunnel0", CONFIG_NO_EFFECT, "banner" },
	{ "banner motd #hello#\nhostname x", CONFIG_HONOURED, NULL },
	{ "crypto pki certificate chain X\n certificate 01\n  30820330\n  quit\nhostname x", CONFIG_HONOURED, NULL },
	{ "datapath user", CONFIG_HONOURED, NULL },
	{ "default interface Gi0/0", CONFIG_HONOURED, NULL },
};

static void each_quirk(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof quirks / sizeof quirks[0]; i++) {
		struct config *c = read_text(quirks[i].text);

		assert_line(c, (unsigned)c->line_count, quirks[i].state, quirks[i].reason);
		config_free(c);
	}
}

/* Known-bad and unknown lines inside of interfaces forbid running; others do not. */
static void what_blocks(void **state)
{
	struct config *c = read_text("mumble\ninterface Gi0/0\n frobnicate\n ip access-group A in\n ip helper-address 10.0.0.1\n");

	(void)state;
	assert_int_equal(config_blocking_count(c), 2);
	config_free(c);
}

/* One address, two spellings; and an index that a removal has moved. */
static void one_map_for_one_address(void **state)
{
	struct config *c = read_text("interface Tunnel0\n"
				     "ipv6 nhrp map multicast 2001:dB8:f::2\n"
				     "ipv6 nhrp map multicast 2001:db8:F:0::2\n"
				     "ip nhrp map multicast 192.0.2.1\n"
				     "ip nhrp map multicast 192.0.2.2\n"
				     "no ip nhrp map multicast 192.0.2.1\n"
				     "ip nhrp map multicast 192.0.2.2\n");

	(void)state;
	assert_int_equal(c->interfaces[0].tunnel->nhrp6.map_multicast_count, 1);
	assert_int_equal(c->interfaces[0].tunnel->nhrp4.map_multicast_count, 1);
	assert_addr(&c->interfaces[0].tunnel->nhrp4.map_multicast[0].addr, "192.0.2.2");
	config_free(c);
}

/* Every mode that has rows has a tree, made once: reading a file is cheap because of it. */
static void trees_are_made_once(void **state)
{
	size_t count;
	const struct command_table *tables = commands_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct node *tree = word_tree(tables[i].mode);

		assert_non_null(tree);
		assert_non_null(tree->first);
		assert_ptr_equal(word_tree(tables[i].mode), tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_quirk),
		cmocka_unit_test(what_blocks),
		cmocka_unit_test(one_map_for_one_address),
		cmocka_unit_test(trees_are_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
