/*
 * params: what people type as `-p name=value` becomes JSON. A value that reads as JSON is that JSON, a list of numbers parted
 * by commas (440,480) is a list, anything else is a text. When the action is known here, its field table has the last
 * word: what it wants as a list becomes one, what it wants as a text stays one. Pure.
 */
#pragma once

#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

struct json_t;

/* Sets the member that "name=value" says. `t` may be NULL. RC_INVALID: it is not of that form. */
must_check enum rc params_put(struct json_t *object, const struct field *t, const char *pair, struct fault *f);

/* The value alone; the caller's. NULL without memory, or when the text is not UTF-8. */
struct json_t *params_value(const char *text);

/* Splits "name=value"; the name is put into `ret_name` of `room` bytes. NULL when there is no '=' or no name. */
const char *params_split(const char *pair, char *ret_name, size_t room);
