/* Whose address a request has, when those who send it lie. */
#include "../check.h"
#include "wire/forwarded.h"

static const char *trusts = "10.0.0.0/8, fd00::/8, 127.0.0.1";

static const char *client(const char *peer, const char *xff)
{
	static struct forwarded f;
	struct ip_block_list l;

	CHECK(ip_block_read(trusts, &l, NULL) == RC_OK);
	forwarded_read(&l, &(struct forwarded_ask){ .peer = peer, .xff = xff, .forwarded = "for=9.9.9.9" }, &f);
	return f.address;
}

static const char *standard(const char *peer, const char *forwarded)
{
	static struct forwarded f;
	struct ip_block_list l;

	CHECK(ip_block_read(trusts, &l, NULL) == RC_OK);
	forwarded_read(&l,
		&(struct forwarded_ask){ .peer = peer, .standard = true, .forwarded = forwarded, .xff = "9.9.9.9" },
		&f);
	return f.address;
}

static void who_is_not_trusted_says_nothing(void)
{
	CHECK_STR(client("192.0.2.1", "1.2.3.4"), "192.0.2.1");
	CHECK_STR(client("192.0.2.1", NULL), "192.0.2.1");
	CHECK_STR(client("2001:db8::1", "127.0.0.1"), "2001:db8::1");
	CHECK_STR(standard("192.0.2.1", "for=1.2.3.4"), "192.0.2.1");
	trusts = "";
	CHECK_STR(client("127.0.0.1", "1.2.3.4"), "127.0.0.1");
	trusts = "10.0.0.0/8, fd00::/8, 127.0.0.1";
}

static void the_first_from_the_right_that_is_not_trusted_is_the_client(void)
{
	CHECK_STR(client("10.0.0.1", "1.2.3.4"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "6.6.6.6, 1.2.3.4"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "127.0.0.1, 1.2.3.4"), "1.2.3.4"); /* it would like to be local */
	CHECK_STR(client("10.0.0.1", "6.6.6.6,1.2.3.4 ,\t10.9.9.9, fd00::7"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3"); /* all are ours: the farthest */
	CHECK_STR(client("10.0.0.1", NULL), "10.0.0.1");
	CHECK_STR(client("::ffff:10.0.0.1", "1.2.3.4"), "1.2.3.4");
}

static void garbage_ends_the_walk_where_it_was_written(void)
{
	static const char *const garbage[] = { "", " ", ",", "unknown", "x", "1.2.3", "1.2.3.4.5", "256.1.1.1",
		"1.2.3.4,", "[::1", "[::1]x", "[]", ":80", "%eth0", "01.2.3.4", "1.2.3.4/8", "::1::2",
		"1.2.3.4 5.6.7.8", "\"1.2.3.4\"", "0x7f000001", "2130706433" };

	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		char more[128];
		CHECK_STR(client("10.0.0.1", garbage[i]), "10.0.0.1");
		snprintf(more, sizeof(more), "1.2.3.4,%s,10.0.0.2", garbage[i]);
		CHECK_STR(client("10.0.0.1", more), "10.0.0.2");
	}
	CHECK_STR(client("no address", "1.2.3.4"), "");
}

static void ports_zones_and_forms_make_no_other_address(void)
{
	CHECK_STR(client("10.0.0.1", "1.2.3.4:5678"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "[2001:DB8:0::1]:443"), "2001:db8::1");
	CHECK_STR(client("10.0.0.1", "2001:db8:0:0::1"), "2001:db8::1");
	CHECK_STR(client("10.0.0.1", "::ffff:1.2.3.4"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "::ffff:0102:0304"), "1.2.3.4");
	CHECK_STR(client("10.0.0.1", "fe80::1%eth0"), "fe80::1");
	CHECK_STR(client("10.0.0.1", "[fe80::1%25eth0]:80"), "fe80::1");
	CHECK_STR(client("fd00::1%lan", "1.2.3.4"), "1.2.3.4");
	CHECK_STR(client("::ffff:192.0.2.9", "1.2.3.4"), "192.0.2.9");
}

static void only_so_many_hops_are_walked(void)
{
	char many[4000] = "1.2.3.4";

	for (int i = 0; i < 200; i++)
		strcat(many, ",10.0.0.2");
	CHECK_STR(client("10.0.0.1", many), "10.0.0.2");
	strcpy(many, "10.7.7.7");
	for (int i = 0; i < FORWARDED_HOPS_MAX - 1; i++)
		strcat(many, ",10.0.0.2");
	CHECK_STR(client("10.0.0.1", many), "10.7.7.7");
}

static void the_standard_header_is_read_when_the_proxies_write_it(void)
{
	CHECK_STR(standard("10.0.0.1", "for=1.2.3.4"), "1.2.3.4");
	CHECK_STR(standard("10.0.0.1", "For=\"[2001:db8::1]:47\";proto=https;by=10.0.0.1"), "2001:db8::1");
	CHECK_STR(standard("10.0.0.1", "for=6.6.6.6, proto=http; for=1.2.3.4 , for=10.0.0.9"), "1.2.3.4");
	CHECK_STR(standard("10.0.0.1", "for=6.6.6.6;x=\"a,for=7.7.7.7\\\",\", for=\"1.2.\\3.4\""), "1.2.3.4");
	CHECK_STR(standard("10.0.0.1", "for=1.2.3.4, for=unknown"), "10.0.0.1");
	CHECK_STR(standard("10.0.0.1", "for=1.2.3.4, for=_hidden, for=10.0.0.2"), "10.0.0.2");
	CHECK_STR(standard("10.0.0.1", "for=1.2.3.4;for=5.6.7.8"), "10.0.0.1"); /* which of them? */
	CHECK_STR(standard("10.0.0.1", "xfor=1.2.3.4"), "10.0.0.1");
	CHECK_STR(standard("10.0.0.1", "for=\"1.2.3.4"), "10.0.0.1");
	CHECK_STR(standard("10.0.0.1", "for=1.2.3.4, for=\"10.0.0.2"), "10.0.0.1");
	CHECK_STR(standard("10.0.0.1", NULL),
		"10.0.0.1"); /* and what the client wrote as X-Forwarded-For is nothing */
}

int main(void)
{
	who_is_not_trusted_says_nothing();
	the_first_from_the_right_that_is_not_trusted_is_the_client();
	garbage_ends_the_walk_where_it_was_written();
	ports_zones_and_forms_make_no_other_address();
	only_so_many_hops_are_walked();
	the_standard_header_is_read_when_the_proxies_write_it();
	return 0;
}
