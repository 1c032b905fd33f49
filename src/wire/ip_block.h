/*
 * ip_block: addresses as 16 bytes (IPv4 as ::ffff:a.b.c.d), blocks of them, and which addresses belong to the public Internet. A
 * program that connects to where strangers say must not be led to a machine that only it can reach. Pure; any thread.
 * RFC 6890 and its registries, RFC 4291, 3056 (6to4), 6052 and 8215 (NAT64), 4380 (Teredo), 6598.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define IP_BLOCK_BYTES    16
#define IP_BLOCK_LIST_MAX 32

struct ip_block {
	uint8_t at[IP_BLOCK_BYTES];
	uint8_t bits;
};

struct ip_block_list {
	struct ip_block blocks[IP_BLOCK_LIST_MAX];
	size_t n;
};

/* "10.0.0.0/8, ::1, fd00::/8": parted by commas and spaces. RC_INVALID names what cannot be read. */
must_check enum rc ip_block_read(const char *text, struct ip_block_list *ret, struct fault *f);

bool ip_block_of_v4(const uint8_t v4[4], uint8_t ret[static IP_BLOCK_BYTES]); /* always true */
bool ip_block_of_text(const char *address, uint8_t ret[static IP_BLOCK_BYTES]);

bool ip_block_has(const struct ip_block_list *l, const uint8_t at[static IP_BLOCK_BYTES]);

/* Why the address is not for the public ("loopback", "private", …), seen through what carries IPv4 in IPv6. NULL: it is public. */
const char *ip_block_reserved(const uint8_t at[static IP_BLOCK_BYTES]);
