/*
 * gog_manifest: what a build of GOG's content system (generation 2) is made of: its repository, which names depots, and the depots'
 * manifests, which name files and chunks. JSON in a zlib stream. Pure. Source: docs/protocol/gog.md.
 *
 * All of it lives in the arena that it was read into.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define GOG_MD5          16
#define GOG_MANIFEST_MAX (256u << 20) /* bytes of one, unpacked */
#define GOG_CHUNK_MAX    (16u << 20)  /* bytes of a chunk, unpacked; real ones have at most 10 MiB */
#define GOG_TEXT_MAX     4096
#define GOG_PATH_MAX     48 /* bytes of a path of a hash, with its NUL */

/* A part of a repository that is wanted by its language and bitness. */
struct gog_depot {
	const char *product;         /* of the game, or of a DLC of it */
	const char *manifest;        /* hash */
	struct field_list languages; /* of const char *: "*", "en-US" … */
	struct field_list bitness;   /* of const char *: "64", "32"; empty: any */
	uint64_t size, packed;
	bool offline; /* it holds what an offline installer adds, not a part of the game */
};

struct gog_repository {
	const char *product; /* the base game */
	const char *folder;  /* that it wants to be installed in */
	const char *build;   /* its id; NULL: it is not said */
	const char *platform;
	struct gog_depot *depots;
	size_t depots_n;
};

struct gog_chunk {
	uint8_t md5[GOG_MD5];        /* of its bytes */
	uint8_t packed_md5[GOG_MD5]; /* of the stream: the name that it is fetched by */
	uint32_t size, packed;
};

enum gog_kind { GOG_FILE, GOG_FOLDER, GOG_LINK };

struct gog_item {
	enum gog_kind kind;
	const char *path;         /* with slashes or back-slashes; not looked at: it may be any text */
	const char *target;       /* of a link; NULL */
	bool executable, support; /* support: it belongs to the installer, beside the game */
	bool has_md5;
	uint8_t md5[GOG_MD5];     /* of the whole file; of one with a single chunk, that one's */
	struct gog_chunk *chunks; /* one behind the other */
	uint32_t chunks_n;
	uint64_t size;
};

struct gog_depot_content {
	struct gog_item *items;
	size_t items_n;
	uint64_t size, packed;
};

/* Both: RC_MALFORMED: it is none; RC_TOO_LARGE: over a limit above or of the arena. A stream or the JSON itself. */
must_check enum rc gog_manifest_repository(
	const void *p, size_t n, struct arena *a, struct gog_repository *ret, struct fault *f);
must_check enum rc gog_manifest_depot(
	const void *p, size_t n, struct arena *a, struct gog_depot_content *ret, struct fault *f);

/* Does somebody with this language ("en-US", "en"; NULL: any English) and bitness ("64"; NULL: any) want it? */
bool gog_manifest_wanted(const struct gog_depot *d, const char *language, const char *bitness);

/* Where the content servers keep what has this hash: "ab/cd/abcd…". False: it is no hash of 32 lower-case digits. */
must_check bool gog_manifest_path(const char *hash, char ret[static GOG_PATH_MAX]);
