#include "base/map.h"

#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct map_entry {
	UT_hash_handle hh;
	const char *key;
	void *value;
};

static struct map_entry *find(const struct map *m, const char *key)
{
	struct map_entry *e = NULL;
	HASH_FIND_STR(m->all, key, e);
	return e;
}

void *map_get(const struct map *m, const char *key)
{
	struct map_entry *e = find(m, key);
	return e ? e->value : NULL;
}

enum rc map_put(struct map *m, const char *key, void *value)
{
	struct map_entry *e = find(m, key);
	if (e) {
		e->value = value;
		return RC_OK;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return RC_NOMEM;
	e->key = key;
	e->value = value;
	HASH_ADD_KEYPTR(hh, m->all, e->key, strlen(e->key), e);
	if (!e->hh.tbl) {
		free(e);
		return RC_NOMEM;
	}
	return RC_OK;
}

void *map_take(struct map *m, const char *key)
{
	struct map_entry *e = find(m, key);
	if (!e)
		return NULL;
	void *value = e->value;
	HASH_DEL(m->all, e);
	free(e);
	return value;
}

size_t map_count(const struct map *m) { return HASH_COUNT(m->all); }

struct map_walk map_walk(const struct map *m) { return (struct map_walk){ .next = m->all }; }

void *map_next(struct map_walk *w)
{
	struct map_entry *e = w->next;
	if (!e)
		return NULL;
	w->next = e->hh.next;
	return e->value;
}

void map_done(struct map *m)
{
	struct map_entry *e, *next;
	HASH_ITER(hh, m->all, e, next)
	{
		HASH_DEL(m->all, e);
		free(e);
	}
}
