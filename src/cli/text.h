/*
 * text: words on their way to people's terminals. What a server sends may hold anything; a terminal obeys control characters.
 */
#pragma once

#include "base/buf.h"

struct json_t;

/* Appends s; control characters (C0, DEL, C1) become '?', and so do bytes that are not UTF-8. */
void text_put(struct buf *to, const char *s, size_t n);

/* How many columns it takes: characters, without those that combine with the one before. */
size_t text_columns(const char *s, size_t n);

/* The cell of a value: null is "-", lists of plain values are parted by commas, objects of plain values are k=v, what is deeper
 * is JSON. */
void text_cell(struct buf *to, const struct json_t *v);

/* The member at a path of names parted by dots; NULL when there is none. Borrowed from v. */
const struct json_t *text_member(const struct json_t *v, const char *path);
