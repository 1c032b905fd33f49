/*
 * web_details: what the store's api/appdetails says of one app, and digests of what of it changes by itself: "price", "visibility" (when
 * it comes out), "store_page" (the rest, without counts that change all the time). A digest is the SHA-1 of the member as JSON
 * without blanks, members sorted by name.
 *
 * The store says nothing rather than no: past its limit it answers null, {} or nothing at all, with status 200. So an app is known or it
 * is not, and that it is not there cannot be told from here. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum web_details_state {
	WEB_DETAILS_KNOWN,
	WEB_DETAILS_EMPTY,      /* nothing is said of it, or `success` is false */
	WEB_DETAILS_UNREADABLE, /* no JSON, or another shape */
};

struct web_details_section {
	const char *name;
	char sha1[41];
};

#define WEB_DETAILS_SECTIONS 3

struct web_details {
	const char *name, *kind; /* kind in lower case; NULL: not told */
	bool coming_soon;
	struct web_details_section sections[WEB_DETAILS_SECTIONS];
	size_t sections_n;
};

/* Texts are copied into `a`. *ret is filled when it is known. */
must_check enum web_details_state web_details_read(
	const char *p, size_t n, uint32_t app, struct arena *a, struct web_details *ret);
