/*
 * map: text to pointer. Keys are borrowed and must live as long as their entry; values are not the map's.
 * uthash stands behind it (map.c alone sees it). One thread at a time.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stddef.h>

struct map_entry;
struct map {
	struct map_entry *all;
};

void *map_get(const struct map *m, const char *key); /* NULL when absent */
must_check enum rc map_put(
	struct map *m, const char *key, void *value); /* replaces the value, and then keeps the first key */
void *map_take(struct map *m, const char *key);       /* removes; NULL when absent */
size_t map_count(const struct map *m);
void map_done(struct map *m);

/* Walks in the order of insertion. The entry just returned may be taken from the map; no other may. */
struct map_walk {
	struct map_entry *next;
};
struct map_walk map_walk(const struct map *m);
void *map_next(struct map_walk *w); /* NULL ends */
