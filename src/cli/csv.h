/*
 * csv: answers as RFC 4180: a line of names, then one line an item, each ended by CR LF. null is empty; lists and objects
 * stand as in a table's cell.
 */
#pragma once

#include "base/buf.h"

struct json_t;

void csv_heading(struct buf *to, const char *columns);
void csv_row(struct buf *to, const struct json_t *item, const char *columns);

/* One thing: its plain members and those of objects in it. */
void csv_object(struct buf *to, const struct json_t *object);
