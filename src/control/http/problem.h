/*
 * problem: errors as RFC 9457 application/problem+json, with our code, the JSON pointer of each mistake, and whether a
 * retry can help.
 */
#pragma once

#include "wire/field_json.h"

/* Writes the document. `detail`, `r` and `violated` (the name of the limit that is used up) may be NULL. */
void problem_write(struct buf *to, enum rc rc, const char *detail, const struct field_reader *r,
	const char *request_id, const char *violated);

/* Writes all there are, for docs/generated/errors.md. */
void problem_document(struct buf *to);
