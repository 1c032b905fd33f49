/*
 * get_files: brings the files of an artifact into a folder. Each is written beside its place (".NAME.part"), checked against the
 * SHA-256 that the listing has, and moved there as one step; one that is there and right is left alone; one that was cut off goes on
 * where it ended. No name leads out of the folder, whatever the server says (wire/listing), and no link that is there is followed.
 */
#pragma once

#include "cli/cmd.h"

struct get_files {
	struct cmd *c;
	const char *artifact_id, *folder;
	void (*on_bytes)(void *ctx, uint64_t done, uint64_t total); /* of all files; NULL: nobody looks */
	void *ctx;
	/* The end: */
	uint64_t files, bytes, kept; /* kept: files that were there */
};

/* `listing` is the answer of /v1/artifacts/ID/manifest, see wire/listing. What is wrong is said on stderr. */
enum cli_exit get_files_bring(struct get_files *g, const struct buf *listing);
