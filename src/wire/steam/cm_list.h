/*
 * cm_list: the answer of ISteamDirectory/GetCMListForConnect: where connection managers are. Texts live in the arena.
 * Entries come out by ascending load. Source: steam-protocol facts 1.1.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define CM_LIST_MAX          1000 /* entries that are read; real answers hold about 80 */
#define CM_LIST_ENDPOINT_MAX 255  /* characters of host:port */

enum cm_type { CM_WEBSOCKETS, CM_NETFILTER };

struct cm_endpoint {
	const char *endpoint; /* "host:port", of letters, digits, '.', '-' and one ':' */
	const char *dc;       /* data centre; "" when not told */
	enum cm_type type;
	uint32_t load;
	double wtd_load; /* load weighted by distance: the smaller, the better */
};

struct cm_list {
	struct cm_endpoint *at;
	size_t n;
};

/* Reads the answer in its VDF form. Entries of another realm or of a type we do not know are left out; an entry whose endpoint
 * is no host:port makes the whole answer RC_MALFORMED. RC_REFUSED when the directory says success 0. */
must_check enum rc cm_list_parse(
	const void *p, size_t n, struct arena *a, struct cm_list *ret_list, struct fault *f);
