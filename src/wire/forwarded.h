/*
 * forwarded: which address a request comes from when proxies stand in front. What a header says is believed only as far as it was
 * written by a proxy that is trusted: it is read from its right end, where the nearest one wrote, and on to the left through
 * trusted addresses alone; the first that is not trusted is the client, whatever stands to the left of it. An entry that cannot be
 * read ends the walk at the proxy that wrote it. Pure; any thread. RFC 7239; X-Forwarded-For as nginx and others write it.
 * What they say of scheme and host is not read at all.
 */
#pragma once

#include "wire/ip_block.h"

#define FORWARDED_HOPS_MAX    32 /* entries that are looked at, from the right */
#define FORWARDED_ADDRESS_MAX 48 /* of an address as text, with NUL */

/* What came with the request; NULL: it did not. Several headers of a name are joined by commas. */
struct forwarded_ask {
	const char *peer;      /* the other end of the connection */
	bool standard;         /* the proxies write Forwarded; else they write X-Forwarded-For */
	const char *forwarded; /* Forwarded */
	const char *xff;       /* X-Forwarded-For */
};

struct forwarded {
	char address[FORWARDED_ADDRESS_MAX]; /* in its usual form, without zone and port; IPv4 in IPv6 as IPv4 */
};

void forwarded_read(const struct ip_block_list *trusted, const struct forwarded_ask *ask, struct forwarded *ret);

/* "1.2.3.4", "1.2.3.4:80", "::1", "[::1]:80", "fe80::1%eth0": the address in its usual form. False: it is none. */
bool forwarded_address(const char *text, size_t n, char ret[static FORWARDED_ADDRESS_MAX]);
