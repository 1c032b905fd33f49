/*
 * download_request: what a caller says of a download, checked; and what an agent is told of it. product.md 5.9.1.
 */
#pragma once

#include "control/downloads/download_row.h"

struct call;
struct field_reader;

#define DOWNLOAD_REQUEST_BATCH_MAX  100
#define DOWNLOAD_REQUEST_RETAIN_MAX 31536000 /* seconds */

struct download_limits {
	int64_t bandwidth_bps; /* bits a second; 0: no limit */
	uint32_t concurrency, runtime_s, stall_s;
	int64_t max_bytes;
};

enum download_on_quota { DOWNLOAD_QUOTA_QUEUE, DOWNLOAD_QUOTA_REJECT };

struct download_request {
	struct action_download_source source; /* of POST /v1/downloads */
	struct field_list sources;            /* of POST /v1/downloads/batch: struct action_download_source */
	const char *branch_password;
	struct action_download_filter filter;
	struct download_account account;
	struct field_list account_labels;
	const char *base_artifact;
	const char *webhook_id; /* told of its end; NULL: none */
	int package;            /* see download_request_package */
	uint32_t level;
	struct download_limits limits;
	uint32_t priority, retain_s;
	int on_quota;
	struct field_list labels;
};
extern const struct field download_request_fields[], download_request_batch_fields[];

/* What the tables cannot see. Problems go into c->reader under `at` ("/source", "/sources/3"). */
must_check enum rc download_request_check(
	struct call *c, const struct download_request *in, const struct action_download_source *s, const char *at);

/* As JSON, with what was left out, without its password; and its source alone. In the arena. */
must_check enum rc download_request_put(struct tx *tx, const struct download_request *in,
	const struct action_download_source *s, const char **ret_request, const char **ret_source);

/* Reads what download_request_put wrote. */
must_check enum rc download_request_read(struct tx *tx, const char *request, struct download_request *ret);

/* Reads what a caller wrote, from text; f tells why not. r: hears of problems; may be NULL. */
must_check enum rc download_request_parse(
	struct tx *tx, struct field_reader *r, const char *request, struct download_request *ret, struct fault *f);

/* sha256 of what decides the content: model/download. `alone`: see there. In the arena; NULL without memory. */
const char *download_request_key(struct tx *tx, const struct download_request *in,
	const struct action_download_source *s, const char *alone);

const char *download_request_package(const struct download_request *in); /* "zip" */
