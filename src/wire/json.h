/*
 * json: reading by jansson, with limits; writing straight into a buf.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct json_t; /* jansson's */

#define JSON_DEPTH_MAX 64

/*
 * Reads one JSON text (RFC 8259): UTF-8, no duplicate members, at most JSON_DEPTH_MAX deep. *ret_json is freed by
 * json_drop. RC_MALFORMED with the place and the reason.
 */
must_check enum rc json_read(const char *p, size_t n, struct json_t **ret_json, struct fault *f);
void json_drop(struct json_t *j);

static inline void own_json_p(struct json_t **j) { json_drop(*j); }
#define auto_json __attribute__((cleanup(own_json_p)))

/* Puts the members of `from` into `into`, in place of those of the same name. RC_INVALID: not both are objects. */
must_check enum rc json_merge(struct json_t *into, const struct json_t *from);
/*
 * From now on jansson wipes what it gives back, in the whole process: texts, and what the reader made on its way. Once, at the start of
 * a program that reads secrets.
 */
void json_wipe_freed(void);
/* Overwrites every text of it, whoever else shares it. To be dropped after it. Takes NULL. */
void json_wipe(struct json_t *j);

/* Writes a JSON string with its quotes; NULL becomes null. Bytes that are not UTF-8 become U+FFFD. */
void json_put_str(struct buf *b, const char *s);
void json_put_strn(struct buf *b, const char *s, size_t n);

/* Writes the value as compact text; `sorted` orders members by name, so that equal values give equal bytes. */
must_check enum rc json_put(struct buf *b, const struct json_t *j, bool sorted);
