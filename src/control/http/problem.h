/*
 * problem: errors as RFC 9457 application/problem+json, with our code, the JSON pointer of each mistake, and whether a
 * retry can help.
 */
#pragma once

#include "wire/field_json.h"

/* Writes the document. `detail` and `r` may be NULL. */
void problem_write(
	struct buf *to, enum rc rc, const char *detail, const struct field_reader *r, const char *request_id);

/* Writes all there are, for docs/generated/errors.md. */
void problem_document(struct buf *to);
