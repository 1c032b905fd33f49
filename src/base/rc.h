/*
 * rc: the one error currency.
 *
 * A function that can fail returns enum rc, and RC_OK is 0. One line of errors.def says all that the rest of the house
 * asks about an error: its name, the code and title of its problem document, its HTTP status, whether a retry can help.
 */
#pragma once

#include <stdbool.h>

enum rc {
#define RC(name, code, http, retry, title) RC_##name,
#include "base/errors.def"
#undef RC
	RC_COUNT
};

const char *rc_name(enum rc rc);  /* "MISSING", for the log */
const char *rc_code(enum rc rc);  /* "not_found", for the API */
const char *rc_title(enum rc rc); /* one sentence, for the API */
int rc_http(enum rc rc);
bool rc_retry(enum rc rc);

/* The rc whose code it is; RC_INTERNAL for a code nobody knows. */
enum rc rc_of_code(const char *code);
