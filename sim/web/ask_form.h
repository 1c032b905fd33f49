/*
 * ask_form: queries and the bodies of forms, taken apart: urlencoded (WHATWG URL, 5.1) and multipart/form-data (RFC 7578). Names and
 * values are copies in the arena, with a NUL after them; a value may hold other NULs. Pure.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

#define ASK_FORM_PAIRS_MAX 4096 /* of one query or form */

struct ask_pair {
	const char *name, *value;
	size_t n; /* of the value */
};

struct ask_pairs {
	struct ask_pair *at;
	size_t n, room;
};

/* All give false for what cannot be read, or is too much. */
bool ask_form_add(
	struct arena *a, struct ask_pairs *to, const char *name, size_t name_n, const char *value, size_t n);
bool ask_form_urlencoded(struct arena *a, struct ask_pairs *to, const char *p, size_t n);
bool ask_form_multipart(struct arena *a, struct ask_pairs *to, const char *boundary, const char *p, size_t n);
/* By its content type; a body of another type is no form, and that is fine. */
bool ask_form_body(struct arena *a, struct ask_pairs *to, const char *type, const char *p, size_t n);
