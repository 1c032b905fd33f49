/*
 * gog_source: content of kind gog: a build of the content system (kindOf content), or the files of an offline installer (kindOf
 * installer). docs/protocol/gog.md.
 */
#pragma once

#include "agent/action_run.h"
#include "agent/content/content.h"
#include "agent/content/shop_fetch.h"
#include "base/arena.h"
#include "wire/gog_answers.h"
#include "wire/gog_manifest.h"

extern const struct content_store gog_source;

struct http_answer;
struct action_download_source;

/* A range of an installer's file. */
struct gog_source_range {
	uint32_t part;
	struct gog_range range;
};

/* How the chunks of a product are fetched: of the game, or of a DLC that the login has. */
struct gog_source_way {
	const char *product;
	struct gog_links links;
};

struct gog_source_chunk {
	struct gog_chunk chunk;
	uint32_t way; /* its product's */
};

struct gog_source {
	struct content_source base;
	struct action_task *task;
	const struct action_download_source *want;
	struct arena arena;
	struct shop_fetch fetch;
	struct content_listing listing; /* in the arena */
	const char *build;              /* its id, or the installer's version */
	/* Of a build. */
	struct gog_source_way *ways; /* the game's first */
	size_t ways_n;
	struct gog_source_chunk *chunks; /* as listing.chunks */
	/* Of an installer. */
	struct gog_source_range *ranges; /* as listing.chunks */
	const char **parts, **asked;     /* of each part: its address, and where that was asked for */
	size_t parts_n;
};

/* GET; with the agent's token when `login`. RC_MISSING: 404. */
must_check enum rc gog_source_ask(
	struct gog_source *s, const char *url, bool login, size_t most, struct http_answer *ret, struct fault *f);

/* gog_installer.c: fills in the listing and all that belongs to it. */
must_check enum rc gog_installer_open(struct gog_source *s, struct fault *f);
