/*
 * artifacts: a tenant's right to a content, until it expires. The content itself (its files, its package) is the installation's, once,
 * whoever asked for it; it lies in the store (io/blobs) and goes when nothing needs it any more (artifacts/cleaner).
 *
 * A content's row is made in the same transaction as the first artifact of it, when its sheet says that it is whole: so what is seen is
 * whole. In the writer's transaction.
 */
#pragma once

#include "control/tx.h"

#define ARTIFACTS_KEEP_MS ((int64_t)7 * 86400000) /* when a download names no time of its own */

struct artifacts_new {
	const char *download_id, *content_id;
	const char *package_format; /* as it was packed; NULL or "none": its files one by one */
	const char *source;         /* JSON, as it was asked for */
	const char *labels;         /* JSON; NULL: none */
	const char *tenant_id, *created_by;
	int64_t expires_at; /* 0: ARTIFACTS_KEEP_MS from now */
};

/*
 * Makes it, with the event artifact.published. *ret_id lives in the arena. RC_MISSING: the store has no such content, or it was not
 * packed so: fetch it again. May be called as often as there are downloads of the same content.
 */
must_check enum rc artifacts_grant(struct tx *tx, const struct artifacts_new *n, const char **ret_id);
