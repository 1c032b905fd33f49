/*
 * world: what this Steam holds: apps and packages, each with its change number, and the newest change number of all.
 *
 * A world file is text, one thing a line; '#' begins a comment. Paths are relative to the file's folder.
 *
 *      change N                              the newest change number at the start (default 1000000)
 *      history N                             how many change numbers back "changes since" knows (default 10000)
 *      app ID FILE [change=N] [token=T] [denied]      text VDF; with a token, others see its public part only
 *      package ID FILE [change=N] [token=T] [denied]  a package's buffer as PICS sends it
 *      generate apps=A-B seed=S [min=BYTES] [max=BYTES] [token_every=N]
 *      generate package=ID apps=A-B          a package that holds these apps
 *
 * Generated records are made at the start, or, when the world holds more than WORLD_EAGER_MAX products, when they are first
 * asked for: one takes about 0.3 ms and 32 KiB. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "wire/steam/pics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_PRODUCTS_MAX 200000
#define WORLD_EAGER_MAX    10000
#define WORLD_FILE_MAX     (1u << 20)
#define WORLD_CHANGES_MAX  4000 /* entries of one answer to "changes since"; more is a full update */

struct product {
	enum pics_kind kind;
	uint32_t id;
	uint32_t change;
	uint64_t token; /* 0: none is needed */
	bool denied;    /* the token is for owners alone; of a package for nobody */
	bool gone;      /* asked for, it is as unknown as if it had never been */
	bool untold;    /* its last change is in no list of changes: another followed too fast */
	struct buf buffer;
	uint8_t sha[PICS_SHA];
	uint64_t asked_full, asked_meta; /* how often it was in a request */
	/* Of a package, once somebody wanted to know; sim/library.c's. */
	uint32_t *apps, billing;
	size_t apps_n;
	bool apps_known;
	/* How to make it, while buffer is empty. */
	uint64_t seed;
	uint32_t min_bytes, max_bytes;
};

struct world {
	struct product *at; /* sorted by kind and id */
	size_t n, room;
	uint32_t change, history;
};

must_check enum rc world_load(struct world *w, const char *path, struct fault *f);

/* Whoever else knows lines of a world file: RC_MISSING when it is none of its own. `folder` is the file's: "" or ends in '/'. */
struct world_more {
	enum rc (*line)(void *ctx, const char *folder, const char *line, struct fault *f);
	void *ctx;
};

/* The same, for a file with lines of others too. */
must_check enum rc world_load_more(
	struct world *w, const char *path, const struct world_more *more, struct fault *f);
void world_done(struct world *w);

/* NULL when there is none. `world_ready` makes sure that its buffer is there. */
struct product *world_find(struct world *w, enum pics_kind kind, uint32_t id);
must_check enum rc world_ready(struct product *p, struct fault *f);

/* What those without the token see of it. */
void world_public_part(const struct product *p, struct buf *to);

/*
 * Sets what a branch of an app's record is: the build, and manifests of depots ("DEPOT:GID,DEPOT:GID"; size and download follow from
 * `size`). What is not there is made. `build` 0: one more than before; manifests "": they stay; updated 0: stays.
 */
struct world_build {
	const char *branch, *manifests;
	uint32_t build, updated, size;
	bool locked;
	uint32_t ret_build;
};
must_check enum rc world_build(struct world *w, uint32_t app, struct world_build *b, struct fault *f);

enum world_bump { WORLD_BUMP_METADATA, WORLD_BUMP_BUILD };

/* Changes a product: a new change number for it and for the world. BUILD raises the build id of an app's public branch and
 * METADATA its review score; a package gets the number only. RC_MISSING when there is no such product. */
must_check enum rc world_bump(
	struct world *w, enum pics_kind kind, uint32_t id, enum world_bump what, struct fault *f);
