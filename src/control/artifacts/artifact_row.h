/* artifact_row: an artifact as the API shows it. */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct artifact_package {
	const char *format;
	int64_t bytes;
	const char *sha256; /* NULL: there is none */
};
struct artifact_row {
	const char *id, *content_id, *kind, *state;
	int64_t bytes, files;
	struct artifact_package package;
	const char *download_id, *source;
	int64_t refcount;
	struct field_list labels;
	int64_t expires_at;
	const char *tenant_id, *created_by;
	int64_t created_at, updated_at, version;
};
extern const struct field artifact_row_fields[];

/* What of an artifact's content is used: Q6, artifacts, links, downloads that are open. */
#define ARTIFACT_ROW_USES(content)                                                                      \
	"((SELECT COUNT(*) FROM artifacts u WHERE u.content_id = " content " AND u.state = 'ready') + " \
	"(SELECT COUNT(*) FROM downloads d WHERE d.content_id = " content " AND d.finished_at = 0))"

#define ARTIFACT_ROW_SELECT                                                                                        \
	"SELECT a.id, a.content_id, c.kind, a.state, c.bytes, c.files, a.package_format, COALESCE(p.bytes, 0), "   \
	"p.sha256, a.download_id, a.source, " ARTIFACT_ROW_USES(                                                   \
		"a.content_id") ", a.labels, a.expires_at, "                                                       \
				"a.tenant_id, a.created_by, a.created_at, a.updated_at, a.version FROM artifacts " \
				"a JOIN contents c ON "                                                            \
				"c.id = a.content_id LEFT JOIN content_packages p ON p.content_id = a.content_id " \
				"AND p.format = "                                                                  \
				"a.package_format "

must_check enum rc artifact_row_load(struct tx *tx, const char *id, struct artifact_row *ret);

/* One that can be read now: RC_MISSING says why not. */
must_check enum rc artifact_row_ready(struct tx *tx, const char *id, struct artifact_row *ret);
