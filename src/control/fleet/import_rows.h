/* import_rows: texts of several formats as rows of one form. Pure but for its memory. Nothing that fails shows a value. */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>

struct json_t;

enum import_rows_format { IMPORT_ROWS_CSV, IMPORT_ROWS_JSONL, IMPORT_ROWS_ASF, IMPORT_ROWS_MAFILE };
extern const char *const import_rows_words[]; /* csv, jsonl, asf, maFile; ends in NULL */

/* The members that a row may have besides those of an account; ends in NULL. Each is the name of a secret. */
extern const char *const import_rows_secrets[];

/*
 * A list with an object for each row, in the form of `jsonl`; null for one that is not of its format. RC_INVALID: the text as a whole cannot be read
 * (a CSV without its heading), or has more than `max` rows.
 */
must_check enum rc import_rows_read(
	enum import_rows_format format, const char *text, size_t max, struct json_t **ret_rows, struct fault *f);
