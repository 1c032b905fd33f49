/*
 * table: answers for people: aligned columns, or one thing as lines of name and value. Colour marks states alone, and only
 * when asked for.
 */
#pragma once

#include "base/buf.h"

struct json_t;

/* `items` is a list of objects; `columns` is a verb's spec. No items: the heading alone. */
void table_list(struct buf *to, const struct json_t *items, const char *columns, bool colour);

/* Members of objects inside it are named "summary.total". */
void table_object(struct buf *to, const struct json_t *object, bool colour);
