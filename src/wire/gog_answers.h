/*
 * gog_answers: what GOG's services answer, as far as updates and downloads need it: builds of a product, where its chunks may be
 * fetched, the product itself, and an installer's link and checksums. JSON of others: what is not there is NULL or 0. Pure. Source:
 * docs/protocol/gog.md.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define GOG_LINKS_MAX 16
#define GOG_SUMS_MAX  65536 /* ranges of one installer's file */

struct gog_build {
	const char *id, *product, *os, *version;
	const char *branch; /* NULL: the main one */
	const char *link;   /* of its repository */
	int64_t published_ms;
	uint32_t generation;
	bool public;
};

/* GET /products/ID/os/OS/builds?generation=2: a list of struct gog_build, the newest first, as they came. RC_MALFORMED: it is none. */
must_check enum rc gog_answers_builds(
	const void *p, size_t n, struct arena *a, struct field_list *ret, struct fault *f);
/* The newest of a branch (NULL and "": the main one); NULL: there is none. */
const struct gog_build *gog_answers_newest(const struct field_list *builds, const char *branch);

/* A way to the chunks: an address with {names} to be filled in. */
struct gog_link {
	const char *name; /* of the content network */
	const char *format;
	struct field_list values; /* of struct field_pair */
};
struct gog_links {
	struct gog_link at[GOG_LINKS_MAX];
	size_t n;
};

/* GET /products/ID/secure_link?generation=2&_version=2&path=/ . RC_MISSING: it names none. */
must_check enum rc gog_answers_links(
	const void *p, size_t n, struct arena *a, struct gog_links *ret, struct fault *f);
/* Appends the address of what is at `path` ("ab/cd/abcd…") below it. False: something is left that nobody fills in. */
must_check bool gog_answers_url(const struct gog_link *l, const char *path, struct buf *to);

struct gog_part {
	const char *id, *link; /* link: asked for, it names the file */
	uint64_t size;
};
struct gog_installer {
	const char *id, *name, *os, *language, *version;
	uint64_t size;
	struct gog_part *parts;
	size_t parts_n;
};
struct gog_product {
	const char *id, *title, *kind, *slug;
	bool secret, on_windows, on_osx,
		on_linux; /* secret: not to be seen in the store. The others: the content system has it */
	const char *store_sha1, *downloads_sha1, *changelog_sha1; /* of canonical JSON: what changes by itself */
	struct gog_installer *installers;
	size_t installers_n;
};

/* GET /products/ID?expand=downloads,changelog. RC_MALFORMED: it is none. */
must_check enum rc gog_answers_product(
	const void *p, size_t n, struct arena *a, struct gog_product *ret, struct fault *f);

/* What a part's link answers. RC_MALFORMED. `checksum` NULL: there is none. */
must_check enum rc gog_answers_downlink(const void *p, size_t n, struct arena *a, const char **ret_link,
	const char **ret_checksum, struct fault *f);

struct gog_range {
	uint64_t from;
	uint32_t n;
	uint8_t md5[16];
};
struct gog_sums {
	const char *name;
	uint8_t md5[16];
	uint64_t size;
	struct gog_range *ranges; /* one behind the other; together the whole file */
	size_t ranges_n;
};

/* The XML behind `checksum`: <file name md5 total_size …><chunk from to>MD5</chunk>…</file>. RC_MALFORMED: it is none, or its ranges do
 * not make up the file. */
must_check enum rc gog_answers_sums(
	const void *p, size_t n, struct arena *a, struct gog_sums *ret, struct fault *f);
