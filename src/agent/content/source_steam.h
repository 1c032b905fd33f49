/*
 * source_steam: content of Steam: depots' manifests, and single files that Workshop items have at a URL. What belongs to a download is
 * found by source_app and source_workshop. On the task's worker.
 */
#pragma once

#include "agent/action_run.h"
#include "agent/content/cdn.h"
#include "agent/content/content.h"

#define SOURCE_PARTS_MAX 10000
#define SOURCE_ASK_MAX   50 /* apps of one question */

/* A manifest. */
struct source_part {
	struct content_manifest m;
	const char *prefix; /* folder of its files; "": none */
	const char *item;   /* of the Workshop; NULL */
	bool optional;      /* left out when the account may not have it */
	uint8_t key[STEAM_CONTENT_KEY];
};

/* A file that is fetched as it is. */
struct source_url {
	const char *url, *path, *item;
	uint64_t size;
	int64_t updated_ms;
};

struct source_steam {
	struct content_source base;
	struct action_task *task;
	const struct action_download *in;
	struct arena arena; /* of what follows */
	struct source_part *parts;
	struct source_url *urls;
	uint32_t parts_n, urls_n;
	const char *line;
	char password_hash[41];                /* of the branch; "": none */
	uint8_t branch_key[STEAM_CONTENT_KEY]; /* then */
	struct cdn_stats stats;
	_Atomic uint64_t bytes_url;
};

#define SOURCE_URL_REF   UINT32_MAX /* content_chunk.ref of those of a URL; its number is in `check` */
#define SOURCE_URL_CHUNK (1u << 20)

must_check enum rc source_add_part(struct source_steam *s, const struct source_part *part, struct fault *f);
must_check enum rc source_add_url(struct source_steam *s, const struct source_url *url, struct fault *f);

struct vdf;
/* The app's record, which has "depots", in the source's arena. */
must_check enum rc source_ask_app(struct source_steam *s, uint32_t id, const struct vdf **ret, struct fault *f);
/* Those of many; ret[i] stays as it is for one that Steam does not tell, or that has no depots. */
must_check enum rc source_ask_apps(
	struct source_steam *s, const uint32_t *ids, uint32_t n, const struct vdf **ret, struct fault *f);
/* "depots" of a branch that s->in->branch_password opens: then s->password_hash and the key are there, too. */
must_check enum rc source_ask_private(
	struct source_steam *s, const char *branch, const struct vdf **ret, struct fault *f);

/* Older branches hide each manifest's id by their key: the id, from its hex digits. "": it does not open them. NULL: no memory. */
const char *source_open_id(struct source_steam *s, const char *hex);

/* Finds the parts of "depot" and "app"; of the Workshop's items and collections. */
must_check enum rc source_app_resolve(struct source_steam *s, struct fault *f);
must_check enum rc source_workshop_resolve(struct source_steam *s, struct fault *f);

/* Fetches the chunks of run->want whose ref is SOURCE_URL_REF. */
must_check enum rc source_url_fetch(struct source_steam *s, const struct content_run *run, struct fault *f);

extern const struct content_store source_depot, source_app, source_item, source_collection;
