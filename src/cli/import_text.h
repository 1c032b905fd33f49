/*
 * import_text: lists of accounts in the files that people and programs keep them in, as texts that one request takes each.
 * A folder is of the format asf (its *.json but ASF.json) or maFile (its *.maFile): each file becomes a row.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct json_t;

#define IMPORT_TEXT_MAX   (64u << 20) /* bytes of all */
#define IMPORT_TEXT_FILE  65536       /* of a file of a folder */
#define IMPORT_TEXT_ROWS  500         /* of one request */
#define IMPORT_TEXT_PIECE 262144      /* bytes of one request, when a row alone is not longer */

enum import_text_format {
	IMPORT_TEXT_LOGINS,
	IMPORT_TEXT_CSV,
	IMPORT_TEXT_JSONL,
	IMPORT_TEXT_ASF,
	IMPORT_TEXT_MAFILE
};
extern const char *const import_text_words[]; /* logins, csv, jsonl, asf, maFile; ends in NULL */

/* What the file's name tells: logins when it tells nothing. A folder is asf. */
enum import_text_format import_text_guess(const char *path);

struct import_text {
	enum import_text_format format;
	struct buf all;       /* a row a line, or a CSV as it is; holds secrets */
	size_t at, heading;   /* where the next piece begins; the bytes of a CSV's first line */
	struct json_t *files; /* the name of the file of each row; NULL: they are not of a folder */
};

/*
 * `path` "-" is the standard input. Of logins each row is `base`, an object, with the login. All but logins are refused when
 * others may read them, for they hold secrets. RC_INVALID: a file of a folder is no JSON.
 */
must_check enum rc import_text_read(const char *path, enum import_text_format format, const struct json_t *base,
	struct import_text *ret, struct fault *f);

/* The next piece and how many rows it has; false at the end. *ret is emptied first. */
bool import_text_next(struct import_text *t, struct buf *ret, size_t *ret_rows);

void import_text_done(struct import_text *t); /* wipes it */
