#include "wire/ip_block.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct reserved {
	const char *block, *what;
};

static const struct reserved reserved_v4[] = {
	{ "0.0.0.0/8", "this network" },
	{ "10.0.0.0/8", "private" },
	{ "100.64.0.0/10", "shared by a carrier" },
	{ "127.0.0.0/8", "loopback" },
	{ "169.254.0.0/16", "link-local" },
	{ "172.16.0.0/12", "private" },
	{ "192.0.0.0/24", "reserved" },
	{ "192.0.2.0/24", "for documentation" },
	{ "192.88.99.0/24", "reserved" },
	{ "192.168.0.0/16", "private" },
	{ "198.18.0.0/15", "for benchmarks" },
	{ "198.51.100.0/24", "for documentation" },
	{ "203.0.113.0/24", "for documentation" },
	{ "224.0.0.0/4", "multicast" },
	{ "240.0.0.0/4", "reserved" },
};

/* Within 2000::/3; outside of it nothing is public. */
static const struct reserved reserved_v6[] = {
	{ "2001::/23", "reserved" }, /* Teredo and its neighbours */
	{ "2001:db8::/32", "for documentation" },
	{ "3fff::/20", "for documentation" },
};

bool ip_block_of_v4(const uint8_t v4[4], uint8_t ret[static IP_BLOCK_BYTES])
{
	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	memcpy(ret + 12, v4, 4);
	return true;
}

bool ip_block_of_text(const char *address, uint8_t ret[static IP_BLOCK_BYTES])
{
	uint8_t v4[4];
	return inet_pton(AF_INET, address, v4) == 1 ? ip_block_of_v4(v4, ret)
						    : inet_pton(AF_INET6, address, ret) == 1;
}

static bool has(const struct ip_block *b, const uint8_t at[static IP_BLOCK_BYTES])
{
	size_t whole = b->bits / 8;
	unsigned rest = b->bits % 8;

	if (memcmp(b->at, at, whole) != 0)
		return false;
	return rest == 0 || ((b->at[whole] ^ at[whole]) & (0xff00u >> rest) & 0xff) == 0;
}

/* n bytes of "ADDRESS/BITS", or of an address alone. */
static bool read_one(const char *text, size_t n, struct ip_block *ret)
{
	char address[INET6_ADDRSTRLEN + 8];
	unsigned long bits = 128;

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = 0;
	char *slash = strchr(address, '/'), *end = NULL;
	if (slash) {
		*slash = 0;
		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end)
			return false;
		bits += strchr(address, ':') ? 0 : 96;
	}
	ret->bits = (uint8_t)(bits > 128 ? 129 : bits);
	return bits <= 128 && ip_block_of_text(address, ret->at);
}

enum rc ip_block_read(const char *text, struct ip_block_list *ret, struct fault *f)
{
	struct ip_block_list l = { .n = 0 };

	for (const char *at = text + strspn(text, ", "); *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");
		if (l.n == IP_BLOCK_LIST_MAX)
			return fault_set(f, RC_INVALID, "at most %d blocks of addresses", IP_BLOCK_LIST_MAX);
		if (!read_one(at, n, &l.blocks[l.n++]))
			return fault_set(f, RC_INVALID,
				"\"%.*s\" is no block of addresses, such as 10.0.0.0/8 or fd00::/8",
				(int)(n > 60 ? 60 : n), at);
		at += n;
	}
	*ret = l;
	return RC_OK;
}

bool ip_block_has(const struct ip_block_list *l, const uint8_t at[static IP_BLOCK_BYTES])
{
	for (size_t i = 0; i < l->n; i++)
		if (has(&l->blocks[i], at))
			return true;
	return false;
}

static const char *find(const struct reserved *all, size_t n, const uint8_t at[static IP_BLOCK_BYTES])
{
	struct ip_block b;

	for (size_t i = 0; i < n; i++)
		if (read_one(all[i].block, strlen(all[i].block), &b) && has(&b, at))
			return all[i].what;
	return NULL;
}

static bool within(const uint8_t at[static IP_BLOCK_BYTES], const char *block)
{
	struct ip_block b;
	return read_one(block, strlen(block), &b) && has(&b, at);
}

static const char *reserved_of_v4(const uint8_t v4[4])
{
	uint8_t at[IP_BLOCK_BYTES];

	ip_block_of_v4(v4, at);
	return find(reserved_v4, sizeof(reserved_v4) / sizeof(*reserved_v4), at);
}

const char *ip_block_reserved(const uint8_t at[static IP_BLOCK_BYTES])
{
	if (within(at, "::ffff:0:0/96") || within(at, "64:ff9b::/96"))
		return reserved_of_v4(at + 12);
	if (within(at, "2002::/16"))
		return reserved_of_v4(at + 2);
	if (within(at, "::/127"))
		return "loopback";
	if (within(at, "fe80::/10"))
		return "link-local";
	if (within(at, "fc00::/7"))
		return "private";
	if (within(at, "ff00::/8"))
		return "multicast";
	if (!within(at, "2000::/3"))
		return "reserved";
	return find(reserved_v6, sizeof(reserved_v6) / sizeof(*reserved_v6), at);
}
