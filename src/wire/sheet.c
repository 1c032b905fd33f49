#include "wire/sheet.h"
#include "wire/field_json.h"
#include "wire/listing.h"

#include <string.h>

static const struct field fields[] = {
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct sheet, kind),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.doc = "what it was the source of" },
	{ .name = "bytes",
		.type = FIELD_I64,
		FIELD_AT(struct sheet, bytes),
		.flags = FIELD_REQUIRED,
		.max = INT64_MAX,
		.doc = "of all files" },
	{ .name = "files",
		.type = FIELD_I64,
		FIELD_AT(struct sheet, files),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = LISTING_FILES_MAX,
		.doc = "and links" },
	{ .name = "packageFormat",
		.type = FIELD_STR,
		FIELD_AT(struct sheet, package_format),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 16,
		.chars = "abcdefghijklmnopqrstuvwxyz.",
		.doc = "none, zip, tar, tar.zst" },
	{ .name = "packageBytes",
		.type = FIELD_I64,
		FIELD_AT(struct sheet, package_bytes),
		.max = INT64_MAX,
		.doc = "its size" },
	{ .name = "packageSha256",
		.type = FIELD_STR,
		FIELD_AT(struct sheet, package_sha256),
		.flags = FIELD_NULLABLE | FIELD_OMIT,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "of the package" },
	{ 0 },
};

void sheet_write(const struct sheet *s, struct buf *to) { field_json_encode(fields, s, to); }

enum rc sheet_read(const void *p, size_t n, struct arena *a, struct sheet *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = a };

	enum rc rc = json_read(p, n, &j, f);
	if (rc == RC_OK)
		rc = field_json_decode(fields, j, &r, ret, f);
	if (rc == RC_OK && (strcmp(ret->package_format, "none") != 0) != (ret->package_sha256 != NULL))
		rc = fault_set(f, RC_INVALID, "a sheet has a package with its hash, or none");
	return rc;
}
