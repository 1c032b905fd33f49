/* backup_manifest: what a backup says of itself. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "control/recovery/facts.h"

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_FORMAT   1

struct backup_file {
	const char *name, *sha256;
	int64_t bytes;
};

struct backup_manifest {
	int64_t format;
	const char *made_by; /* version of the program */
	const char *engine;  /* sqlite, postgresql: where it is from */
	const char *kind; /* sqlite: footplate.db is a database; rows: rows.jsonl, see control/recovery/row_file */
	int64_t made_ms;
	struct facts facts;
	struct field_list files; /* of struct backup_file */
};

must_check enum rc backup_manifest_write(const char *dir, const struct backup_manifest *m, struct fault *f);
must_check enum rc backup_manifest_read(
	const char *dir, struct arena *a, struct backup_manifest *ret, struct fault *f);

/* The size and SHA-256 of DIR/NAME. */
must_check enum rc backup_manifest_file_sum(
	const char *dir, const char *name, struct arena *a, struct backup_file *ret, struct fault *f);
/* RC_CONFLICT: a file is not the one that was written. */
must_check enum rc backup_manifest_files_check(
	const char *dir, const struct backup_manifest *m, struct arena *a, struct fault *f);
