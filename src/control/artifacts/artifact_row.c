#include "control/artifacts/artifact_row.h"
#include "control/rows.h"

static const struct field package_fields[] = {
	{ .name = "format",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_package, format),
		.doc = "none, zip, tar or tar.zst." },
	{ .name = "bytes", .type = FIELD_I64, FIELD_AT(struct artifact_package, bytes), .doc = "Its size." },
	{ .name = "sha256",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_package, sha256),
		.doc = "Of the package; its ETag. null: there is none." },
	{ 0 },
};

const struct field artifact_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct artifact_row, id), .doc = "art_ and a ULID." },
	{ .name = "contentId",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_row, content_id),
		.doc = "SHA-256 of the manifest: equal contents have the same." },
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_row, kind),
		.doc = "What it was the source of, such as app." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_row, state),
		.doc = "ready, expired or deleted." },
	{ .name = "bytes", .type = FIELD_I64, FIELD_AT(struct artifact_row, bytes), .doc = "Of all its files." },
	{ .name = "files",
		.type = FIELD_I64,
		FIELD_AT(struct artifact_row, files),
		.doc = "How many, with links." },
	{ .name = "package",
		.type = FIELD_OBJ,
		FIELD_AT(struct artifact_row, package),
		.sub = package_fields,
		.sub_size = sizeof(struct artifact_package),
		.doc = "All of it as one file." },
	{ .name = "downloadId",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_row, download_id),
		.doc = "Which download it is of; null: none." },
	{ .name = "source",
		.type = FIELD_JSON,
		FIELD_AT(struct artifact_row, source),
		.doc = "As it was asked for." },
	{ .name = "refcount",
		.type = FIELD_I64,
		FIELD_AT(struct artifact_row, refcount),
		.doc = "Artifacts and open downloads that use the content." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct artifact_row, labels),
		.doc = "As they were given to the download." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct artifact_row, expires_at),
		.doc = "It can be downloaded until then." },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct artifact_row, tenant_id), .doc = "Whose it is." },
	{ .name = "createdBy",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_row, created_by),
		.doc = "Who asked for it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct artifact_row, created_at),
		.doc = "When it was published." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct artifact_row, updated_at),
		.doc = "When it was changed last." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct artifact_row, version), .doc = "It is the ETag." },
	{ 0 },
};

enum rc artifact_row_load(struct tx *tx, const char *id, struct artifact_row *ret)
{
	static const struct store_query one = { .sql = ARTIFACT_ROW_SELECT "WHERE a.id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ artifact_row_fields, tx->arena, ret }, tx->fault);
}

enum rc artifact_row_ready(struct tx *tx, const char *id, struct artifact_row *ret)
{
	enum rc rc = artifact_row_load(tx, id, ret);

	if (rc != RC_OK)
		return rc;
	if (strcmp(ret->state, "ready") != 0 || ret->expires_at <= tx->now_ms)
		return fault_set(tx->fault, RC_MISSING, "the artifact is %s: fetch it again",
			strcmp(ret->state, "deleted") ? "expired" : "deleted");
	return RC_OK;
}
