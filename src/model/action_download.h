/*
 * action_download: the declarations of download.run, prefill.run, manifests.list, manifests.diff and manifests.probe, and their shapes.
 * product.md 5.5, 5.9.
 *
 * The control plane chose the account and the agent, resolved nothing else: what the source is made of is found by the agent.
 */
#pragma once

#include "model/action.h"

extern const struct action action_download_run, action_manifests_diff, action_manifests_list,
	action_manifests_probe, action_prefill_run;

struct action_download_depot {
	uint32_t id;
	const char *manifest; /* NULL: the branch's */
};

/* As in product.md 5.9.1. */
struct action_download_source {
	const char *kind; /* workshop_item, workshop_collection, depot, app, epic, gog */
	uint32_t app_id;
	const char *id;           /* of an item or collection */
	struct field_list depots; /* of struct action_download_depot */
	const char *branch, *os, *arch, *lang;
	bool all_dlc, include_dependencies;
	uint32_t max_items;
	const char *app_name, *platform;  /* epic */
	const char *product_id, *kind_of; /* gog */
};

struct action_download_filter {
	struct field_list include, exclude, file_list; /* of const char *: globs, or "re:…" */
};
#define ACTION_DOWNLOAD_FILTERS_MAX 100   /* of include and of exclude */
#define ACTION_DOWNLOAD_FILES_MAX   10000 /* of file_list */
#define ACTION_DOWNLOAD_DEPOTS_MAX  256
#define ACTION_DOWNLOAD_ITEMS_MAX   10000

struct action_download_package {
	const char *format; /* none, zip, tar, tar.zst */
	uint32_t level;
};

/* Who it is for, for the bandwidth's buckets: node > tenant > key > job. A limit is bits a second; 0: none. */
struct action_download_share {
	const char *tenant_id, *key_id;
	uint64_t tenant_bps, key_bps, job_bps;
	uint32_t weight;
};

struct action_download {
	const char *download_id;
	struct action_download_source source;
	const char *branch_password; /* secret: sealed to the agent; NULL: none */
	struct action_download_filter filter;
	struct action_download_package package;
	struct action_download_share share;
	const char *base_content; /* content id of an earlier build whose files may be used; NULL: none */
	uint32_t concurrency;     /* 0: 8 */
	uint32_t stall_s;         /* 0: 600 */
	uint64_t max_bytes;       /* 0: no limit */
};

struct action_download_piece {
	const char *depot, *manifest, *item; /* what it was made of; NULL: not that */
};

#define ACTION_DOWNLOAD_ERRORS 9 /* enum chunk_error */

struct action_download_result {
	const char *content_id;   /* sha256 of the content's listing: see agent/content/publish.h */
	struct field_list pieces; /* of struct action_download_piece */
	uint64_t bytes, files, bytes_network, bytes_reused;
	uint64_t package_bytes;
	const char *package_sha256; /* NULL: no package */
	uint32_t chunk_errors[ACTION_DOWNLOAD_ERRORS];
};

/* Progress of download.run: all of it each time, at most twice a second. product.md 5.9.4. */
struct action_download_server {
	const char *host;
	uint64_t rate_bps;
	uint32_t errors;
};
struct action_download_progress {
	const char *state; /* resolving, allocating, downloading, verifying, packaging, publishing */
	uint64_t bytes_total, bytes_done, bytes_network, bytes_reused, package_done;
	uint32_t files_total, files_done;
	struct field_list current_files; /* of const char *, at most 4 */
	uint64_t rate_bps;
	int64_t eta_s; /* -1: not known */
	uint32_t tries;
	struct field_list servers;                     /* of struct action_download_server */
	uint32_t chunk_errors[ACTION_DOWNLOAD_ERRORS]; /* of the run so far */
	uint64_t
		beside_bytes; /* that its files take of the store's own disk, and that will be linked into the store */
};
extern const struct field action_download_progress_fields[];

/* manifests.probe: can it be fetched? The request code is given and a content server has the manifest. */
struct action_manifests_probe {
	uint32_t app;
	struct field_list depots; /* of struct action_download_depot, with manifests */
	const char *branch;
};
struct action_manifests_probe_result {
	bool available;
	struct field_list missing; /* of const char *: depots that are not there yet */
};

struct action_manifests_list {
	uint32_t app, depot; /* depot 0: all of the app's */
	const char *branch;  /* NULL: public */
};
struct action_manifest_row {
	const char *depot, *manifest, *branch;
	uint64_t size, download_size;
};
struct action_manifests_list_result {
	struct field_list manifests; /* of struct action_manifest_row */
};

struct action_manifests_diff {
	uint32_t app, depot;
	const char *from, *to, *branch;
};
struct action_manifest_change {
	const char *path, *change;    /* added, removed, changed */
	uint64_t size, download_size; /* after; what has to be fetched for it */
};
struct action_manifests_diff_result {
	struct field_list files; /* of struct action_manifest_change; at most ACTION_MANIFEST_CHANGES_MAX */
	uint64_t added, removed, changed, download_size;
	bool cut; /* there are more */
};
#define ACTION_MANIFEST_CHANGES_MAX 10000

struct action_prefill {
	struct field_list apps; /* of uint32_t */
	const char *os, *lang;
	bool force;
	uint32_t concurrency; /* 0: 30 */
	uint64_t max_bytes;   /* it ends well after so many; 0: all */
};
#define ACTION_PREFILL_SERVERS 32
struct action_prefill_result {
	uint64_t bytes, chunks;
	uint32_t hit_percent; /* told by the cache's heads; 0: not told */
	uint64_t rate_bps, took_ms;
	uint64_t p50_us, p99_us;   /* of a chunk: half of them, and 99 of 100, took no longer */
	uint32_t tries, errors;    /* requests, and those that failed */
	struct field_list servers; /* of struct action_download_server, the fastest first */
};
