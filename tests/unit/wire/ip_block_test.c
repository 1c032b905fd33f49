/* ip_block: which addresses are public, seen through every way to write an IPv4 address in IPv6; blocks that are allowed. */
#include "tests/unit/check.h"
#include "wire/ip_block.h"

#include <string.h>

static const char *const refused[] = {
	/* this network, loopback, private, carrier, link-local (with the metadata services of clouds) */
	"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1",
	"172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "100.100.100.200", "169.254.169.254",
	"169.254.0.1",
	/* reserved, documentation, benchmarks, multicast, broadcast */
	"192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7",
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	/* IPv6 */
	"::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
	"2001::1", "2001:10::1", "3fff::1", "100::1", "64:ff9b:1::1", "4000::1", "e000::1",
	/* IPv4 in IPv6: mapped, compatible, NAT64, 6to4, Teredo */
	"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8",
	"64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::192.168.1.1", "2002:7f00:1::", "2002:a00:1::1",
	"2002:c0a8:101::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::1"
};
static const char *const public[] = { "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
	"100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0",
	"192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1",
	"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "3ffe::1" };
#define N(list) (sizeof(list) / sizeof(*(list)))

static void table(void)
{
	uint8_t at[IP_BLOCK_BYTES];

	for (size_t i = 0; i < N(refused); i++) {
		CHECK(ip_block_of_text(refused[i], at));
		if (!ip_block_reserved(at)) {
			fprintf(stderr, "%s counts as public\n", refused[i]);
			exit(1);
		}
	}
	for (size_t i = 0; i < N(public); i++) {
		CHECK(ip_block_of_text(public[i], at));
		if (ip_block_reserved(at)) {
			fprintf(stderr, "%s counts as %s\n", public[i], ip_block_reserved(at));
			exit(1);
		}
	}
}

static bool allows(const struct ip_block_list *l, const char *address)
{
	uint8_t at[IP_BLOCK_BYTES];
	CHECK(ip_block_of_text(address, at));
	return ip_block_has(l, at);
}

static void allowed(void)
{
	struct ip_block_list l;
	struct fault f = { 0 };

	CHECK(ip_block_read("", &l, &f) == RC_OK && l.n == 0 && !allows(&l, "10.0.0.1"));
	CHECK(ip_block_read("10.1.0.0/16, fd00::/8,192.168.7.7 ::1/128,172.16.0.0/13", &l, &f) == RC_OK &&
		l.n == 5);
	CHECK(allows(&l, "10.1.2.3") && !allows(&l, "10.2.0.0") && allows(&l, "::ffff:10.1.0.1"));
	CHECK(allows(&l, "fd12::1") && !allows(&l, "fc00::1"));
	CHECK(allows(&l, "192.168.7.7") && !allows(&l, "192.168.7.6") && allows(&l, "::1") && !allows(&l, "::2"));
	CHECK(allows(&l, "172.23.255.255") && !allows(&l, "172.24.0.0") && !allows(&l, "2002:a01:203::1"));
	static const char *const bad[] = { "10.0.0.0/33", "::/129", "10.0.0/8", "x", "10.0.0.0/", "10.0.0.0/-1",
		"10.0.0.0/8x", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc" };
	for (size_t i = 0; i < N(bad); i++)
		CHECK(ip_block_read(bad[i], &l, &f) == RC_INVALID);
}

int main(void)
{
	table();
	allowed();
	return 0;
}
