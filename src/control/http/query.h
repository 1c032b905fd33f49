/*
 * query: the query string (or a form) into a struct, by a field table. Strict as the bodies are: an unknown parameter is a
 * problem, unless the reader is lenient.
 */
#pragma once

#include "wire/field_json.h"

/* `text` without '?'. r->given: bit i: row i of the table was there. Problems name the parameter as "?name". */
must_check enum rc query_decode(
	const struct field *t, const char *text, struct field_reader *r, void *to, struct fault *f);
