/*
 * web_json: members of the JSON that Steam's sites answer, where a number may be a text and a yes may be 1. Absent or of another
 * kind: 0, false, NULL. Pure. For wire/steam/web_*.c.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "wire/json.h"

#include <jansson.h>

/* Reads an object; RC_MALFORMED names `what` it should be. */
must_check enum rc web_json_read(const char *p, size_t n, const char *what, json_t **ret, struct fault *f);

uint64_t web_json_u64(const json_t *o, const char *name);
uint32_t web_json_u32(const json_t *o, const char *name); /* a larger one: 0 */
bool web_json_bool(const json_t *o, const char *name);
/* A text or a number as text, in the arena. NULL: neither, empty, or the arena is full. */
const char *web_json_text(const json_t *o, const char *name, struct arena *a);
/* An id: a text or number of decimal digits alone; NULL: none. */
const char *web_json_id(const json_t *o, const char *name, struct arena *a);
/* Unix seconds as milliseconds. */
int64_t web_json_time(const json_t *o, const char *name);
