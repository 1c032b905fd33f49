#include "control/quotas/uses.h"
#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "control/control.h"
#include "control/quotas/meter_rows.h"
#include "control/writer.h"
#include "io/clock.h"
#include "io/lock.h"
#include "wire/forwarded.h"

#include <stdio.h>

#define HOUR_MS 3600000

/* Of a key in an hour. */
struct use {
	char name[ID_MAX + 24]; /* in the map: the key's id and the hour */
	char key_id[ID_MAX], address[FORWARDED_ADDRESS_MAX];
	int64_t hour, requests, refused, last_ms;
};

struct uses {
	struct control *control;
	struct lock lock;
	struct map counting; /* struct use; under the lock */
	struct map writing;  /* those on their way; the writer's while `busy` */
	struct write write;
	bool busy;
};

enum rc uses_new(struct control *c, struct uses **ret, struct fault *f)
{
	struct uses *u = calloc(1, sizeof(*u));
	(void)f;

	if (!u)
		return RC_NOMEM;
	u->control = c;
	lock_init(&u->lock);
	*ret = u;
	return RC_OK;
}

static void drop_all(struct map *m)
{
	struct map_walk w = map_walk(m);

	for (struct use *e; (e = map_next(&w));) {
		map_take(m, e->name);
		free(e);
	}
	map_done(m);
	*m = (struct map){ 0 };
}

void uses_free(struct uses *u)
{
	if (!u)
		return;
	drop_all(&u->counting);
	drop_all(&u->writing);
	lock_done(&u->lock);
	free(u);
}

/* Under the lock. NULL without memory: it is not counted. */
static struct use *find(struct uses *u, const char *key_id, int64_t hour)
{
	char name[sizeof(((struct use *)0)->name)];

	snprintf(name, sizeof(name), "%.*s/%lld", ID_MAX - 1, key_id, (long long)hour);
	struct use *e = map_get(&u->counting, name);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	memcpy(e->name, name, sizeof(name));
	snprintf(e->key_id, sizeof(e->key_id), "%s", key_id);
	e->hour = hour;
	if (map_put(&u->counting, e->name, e) == RC_OK)
		return e;
	free(e);
	return NULL;
}

void uses_count(struct uses *u, const char *key_id, const char *address, bool refused)
{
	int64_t now = clock_wall_ms();

	lock_enter(&u->lock);
	struct use *e = find(u, key_id, now / HOUR_MS);
	if (e) {
		e->requests++;
		e->refused += refused;
		e->last_ms = now;
		snprintf(e->address, sizeof(e->address), "%s", address);
	}
	lock_leave(&u->lock);
}

static enum rc run(struct write *w, struct tx *tx)
{
	struct uses *u = (struct uses *)(void *)((char *)w - offsetof(struct uses, write));
	struct map_walk walk = map_walk(&u->writing);
	enum rc rc = RC_OK;

	for (const struct use *e; rc == RC_OK && (e = map_next(&walk));)
		rc = meter_rows_count(tx, &(struct meter_rows_use){ e->key_id, e->address, e->hour, e->requests,
						  e->refused, e->last_ms });
	return rc;
}

/* What was not written is counted with the next. */
static void put_back(struct uses *u)
{
	struct map_walk walk = map_walk(&u->writing);

	lock_enter(&u->lock);
	for (const struct use *e; (e = map_next(&walk));) {
		struct use *to = find(u, e->key_id, e->hour);
		if (!to)
			continue;
		to->requests += e->requests;
		to->refused += e->refused;
		if (e->last_ms > to->last_ms) {
			to->last_ms = e->last_ms;
			memcpy(to->address, e->address, sizeof(to->address));
		}
	}
	lock_leave(&u->lock);
}

static void on_written(struct write *w)
{
	struct uses *u = (struct uses *)(void *)((char *)w - offsetof(struct uses, write));

	if (w->rc != RC_OK && !w->unknown)
		put_back(u);
	drop_all(&u->writing);
	u->busy = false;
}

void uses_flush(struct uses *u)
{
	if (u->busy)
		return;
	lock_enter(&u->lock);
	u->writing = u->counting;
	u->counting = (struct map){ 0 };
	lock_leave(&u->lock);
	if (!u->writing.all)
		return;
	u->write = (struct write){ .control = u->control, .run = run, .done = on_written };
	u->busy = writer_push(&u->write) == RC_OK;
	if (!u->busy) {
		put_back(u);
		drop_all(&u->writing);
	}
}
