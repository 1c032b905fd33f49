#include "control/events/slice.h"
#include "control/events/cloud_event.h"
#include "wire/json.h"

#include <inttypes.h>

void slice_put(struct buf *b, const char *epoch, const struct slice_event *e)
{
	buf_fmt(b, "{\"id\":\"%s-%" PRId64 "\",\"pos\":%" PRId64 ",\"epoch\":\"%s\",", epoch, e->pos, e->pos,
		epoch);
	buf_str(b, e->data);
}

enum rc slice_put_cloud(struct buf *b, const char *epoch, const struct slice_event *e, struct fault *fault)
{
	struct buf own = { 0 };

	slice_put(&own, epoch, e);
	enum rc rc = own.bad ? RC_NOMEM : cloud_event_put(b, epoch, buf_text(&own), own.n, fault);
	buf_done(&own);
	return rc;
}

static enum rc fetch_ends(struct tx *tx, struct slice *s)
{
	static const struct store_query ends = {
		.sql = "SELECT (SELECT MIN(pos) FROM events), (SELECT MAX(pos) FROM events)"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &ends, STORE_NO_ARGS, &r, tx->fault);

	if (rc == RC_OK) {
		s->oldest = store_col_int(r, 0);
		s->newest = store_col_int(r, 1);
	}
	return rc;
}

static enum rc fetch_event(struct tx *tx, struct store_rows *r, struct slice_event *e)
{
	*e = (struct slice_event){
		.pos = store_col_int(r, 0),
		.type = arena_str(tx->arena, store_col_text(r, 1)),
		.job_id = arena_str(tx->arena, store_col_text(r, 2)),
		.account_id = arena_str(tx->arena, store_col_text(r, 3)),
		.region_id = arena_str(tx->arena, store_col_text(r, 4)),
		.data = arena_str(tx->arena, store_col_text(r, 5)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, 6)),
	};
	return e->type && e->data && e->tenant_id ? RC_OK : RC_NOMEM;
}

enum rc slice_fetch(struct tx *tx, const struct slice_ask *ask, struct slice *ret)
{
	static const struct store_query all = {
		.sql = "SELECT pos, type, job_id, account_id, region_id, data, tenant_id FROM "
		       "events WHERE pos > $1 ORDER BY pos LIMIT $2"
	};
	static const struct store_query of_job = { .sql = "SELECT pos, type, job_id, account_id, region_id, data, "
							  "tenant_id FROM events WHERE pos > $1 AND "
							  "job_id = $3 ORDER BY pos LIMIT $2" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	struct slice s = { .events = arena_take(tx->arena, (ask->limit + 1) * sizeof(*s.events)) };

	/* The ends first: what is written in between is then in the events, or in the next slice. */
	enum rc rc = s.events ? fetch_ends(tx, &s) : RC_NOMEM;
	if (rc != RC_OK || ask->after < 0) {
		if (rc == RC_OK)
			*ret = s;
		return rc;
	}
	if (ask->job_id)
		rc = store_run(tx->db, &of_job,
			STORE_ARGS(store_int(ask->after), store_int((int64_t)ask->limit), store_text(ask->job_id)),
			&r, tx->fault);
	else
		rc = store_run(tx->db, &all, STORE_ARGS(store_int(ask->after), store_int((int64_t)ask->limit)), &r,
			tx->fault);
	while (rc == RC_OK && s.n < ask->limit && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		rc = fetch_event(tx, r, &s.events[s.n++]);
	if (rc == RC_OK)
		*ret = s;
	return rc;
}

static void run(struct read *read, struct tx *tx)
{
	struct slice_read *r = (struct slice_read *)(void *)((char *)read - offsetof(struct slice_read, read));
	tx->arena = &r->arena;
	tx->fault = &r->fault;
	r->rc = slice_fetch(tx, &r->ask, &r->slice);
}

static void done(struct read *read)
{
	struct slice_read *r = (struct slice_read *)(void *)((char *)read - offsetof(struct slice_read, read));
	r->done(r);
}

enum rc slice_start(struct control *c, const struct slice_read *how)
{
	struct slice_read *r = malloc(sizeof(*r));
	if (!r)
		return RC_NOMEM;
	*r = *how;
	r->read = (struct read){ .control = c, .run = run, .done = done };
	enum rc rc = reader_push(&r->read);
	if (rc != RC_OK)
		free(r);
	return rc;
}

void slice_free(struct slice_read *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	free(r);
}
