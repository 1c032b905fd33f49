/*
 * answer_file: an answer that is a file, whole or a piece of it, as the request's Range, If-Range and If-None-Match ask. A handler opens
 * the file and says what it is; http/serve sends it by io/web_file.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct call;

#define ANSWER_FILE_NAME_MAX 256

struct answer_file {
	int fd;                   /* -1: taken */
	uint64_t from, n, size;   /* the piece, and the whole */
	char etag[72], range[72]; /* Content-Range; "": the whole */
	char type[80], disposition[3 * ANSWER_FILE_NAME_MAX + 64];
};

void answer_file_free(struct answer_file *f); /* takes NULL */

struct answer_file_is {
	int fd; /* taken over, also on failure */
	uint64_t size;
	const char *sha256; /* its ETag */
	const char *type;   /* media type */
	const char *name;   /* that a browser saves it under; NULL: it shows it */
};

/* Fills c->file and c->status. RC_RANGE: the range lies outside. */
must_check enum rc answer_file_set(struct call *c, const struct answer_file_is *is);
