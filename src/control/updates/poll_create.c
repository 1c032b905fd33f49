#include "control/updates/poll_create.h"
#include "control/access/audit.h"
#include "control/engine/submit.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "control/updates/poll_view.h"
#include "control/updates/polls.h"
#include "control/updates/sources.h"
#include "model/title.h"
#include "wire/field_json.h"

/* ---- what is asked for ---- */

static const char *const store_words[] = { "any", "steam", "workshop", "epic", "gog", NULL };
static const char *const mode_words[] = { "metadata", "full", NULL };

static const struct field selector_fields[] = {
	{ .name = "store",
		.type = FIELD_ENUM,
		FIELD_AT(struct poll_create_selector, store),
		.words = store_words,
		.doc = "Only titles of this store. Default: any." },
	{ .name = "watches",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		FIELD_AT(struct poll_create_selector, watches),
		.doc = "Only these watches, by id." },
	{ .name = "titles",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		FIELD_AT(struct poll_create_selector, titles),
		.doc = "Only these titles, by the store's ids." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct poll_create_selector, labels),
		.doc = "Only watches that have all these labels." },
	{ 0 },
};
const struct field poll_create_fields[] = {
	{ .name = "selector",
		.type = FIELD_OBJ,
		FIELD_AT(struct poll_create, which),
		.sub = selector_fields,
		.doc = "Which of your watches. Default: all that are not paused." },
	{ .name = "mode",
		.type = FIELD_ENUM,
		FIELD_AT(struct poll_create, mode),
		.words = mode_words,
		.doc = "metadata: change numbers are compared where the store has such, and what has moved is then "
		       "read "
		       "whole. full: each is read whole. Default: metadata." },
	{ .name = "maxAgeSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct poll_create, max_age_s),
		.max = 86400,
		.doc = "What was heard no longer ago is not asked again, and counts as unchanged. Default: 0." },
	{ 0 },
};

/* ---- a new one ---- */

struct candidate {
	const char *watch_id, *title_id, *store, *ref, *labels;
	int64_t success_at;
};
static const struct field candidate_fields[] = {
	{ .name = "watchId", .type = FIELD_STR, FIELD_AT(struct candidate, watch_id) },
	{ .name = "titleId", .type = FIELD_STR, FIELD_AT(struct candidate, title_id) },
	{ .name = "store", .type = FIELD_STR, FIELD_AT(struct candidate, store) },
	{ .name = "ref", .type = FIELD_STR, FIELD_AT(struct candidate, ref) },
	{ .name = "labels", .type = FIELD_STR, FIELD_AT(struct candidate, labels) },
	{ .name = "successAt", .type = FIELD_I64, FIELD_AT(struct candidate, success_at) },
	{ 0 },
};

static int by_text(const void *p, const void *q)
{
	const char *const *a = p, *const *b = q;
	return strcmp(*a, *b);
}

/* The list is sorted. An empty one has everything. */
static bool has(const struct field_list *l, const char *text)
{
	return l->n == 0 || bsearch(&text, l->at, l->n, sizeof(const char *), by_text);
}

static bool is_meant(struct tx *tx, const struct poll_create_selector *s, const struct candidate *c)
{
	return (!s->store || !strcmp(store_words[s->store], c->store)) && has(&s->watches, c->watch_id) &&
	       has(&s->titles, c->ref) && (!s->labels.n || submit_has_labels(tx->arena, c->labels, &s->labels));
}

#define PAGE 1000 /* watches that are looked at at once */

/* The watches after this one. */
static enum rc candidates(struct tx *tx, const char *after, struct field_list *ret)
{
	static const struct store_query all = {
		.sql = "SELECT w.id, t.id, t.store, t.ref, w.labels, t.success_at FROM "
		       "watches w JOIN titles t ON t.id = w.title_id WHERE "
		       "w.tenant_id = $1 AND w.id > $2 AND w.state <> 'paused' ORDER "
		       "BY w.id LIMIT $3"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &all,
		STORE_ARGS(store_text(tx_tenant(tx)), store_text(after), store_int(PAGE)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ candidate_fields, tx->arena, NULL }, sizeof(struct candidate),
		PAGE, ret, tx->fault);
}

static enum rc add_title(
	struct tx *tx, const struct poll_create *in, struct poll_view *p, const struct candidate *c)
{
	static const struct store_query add = { .sql = "INSERT INTO poll_titles (poll_id, title_id, answer) VALUES "
						       "($1, $2, $3)" };
	bool fresh = in->max_age_s && c->success_at >= tx->now_ms - (int64_t)in->max_age_s * 1000;

	if (!is_meant(tx, &in->which, c))
		return RC_OK;
	p->total++;
	p->unchanged += fresh;
	return store_put(tx->db, &add,
		STORE_ARGS(store_text(p->id), store_text(c->title_id), store_text(fresh ? "unchanged" : NULL)),
		tx->fault);
}

static enum rc add_titles(struct tx *tx, const struct poll_create *in, struct poll_view *p)
{
	struct field_list page = { .n = PAGE };
	const char *after = "";
	enum rc rc = RC_OK;

	while (rc == RC_OK && page.n == PAGE) {
		rc = candidates(tx, after, &page);
		const struct candidate *c = page.at;
		for (size_t i = 0; rc == RC_OK && i < page.n; i++)
			rc = add_title(tx, in, p, &c[i]);
		after = rc == RC_OK && page.n ? c[page.n - 1].watch_id : after;
	}
	p->answered = p->unchanged;
	return rc;
}

/* Those whose last answer was none are asked now, and not when that question is forgotten. What is being asked is not asked twice. */
static enum rc ask_now(struct tx *tx, const char *poll_id)
{
	static const struct store_query set = {
		.sql = "UPDATE titles SET asked_at = 0, whole_at = 0 WHERE heard_at >= asked_at AND heard_at >= "
		       "whole_at AND id "
		       "IN (SELECT title_id FROM poll_titles WHERE poll_id = $1 AND "
		       "answer IS NULL)"
	};
	return store_do(tx->db, &set, STORE_ARGS(store_text(poll_id)), tx->fault);
}

static enum rc add_row(struct tx *tx, const struct poll_view *p)
{
	static const struct store_query add = { .sql = "INSERT INTO polls (id, mode, selector, status, total, "
						       "tenant_id, created_by, created_at) VALUES ($1, $2, $3, "
						       "'running', 0, $4, $5, $6)" };
	return store_do(tx->db, &add,
		STORE_ARGS(store_text(p->id), store_text(p->mode), store_text(p->selector),
			store_text(p->tenant_id), store_text(p->created_by), store_int(p->created_at)),
		tx->fault);
}

static enum rc keep_counts(struct tx *tx, const struct poll_view *p)
{
	static const struct store_query set = {
		.sql = "UPDATE polls SET status = $2, total = $3, asked = $4, unchanged "
		       "= $4, finished_at = $5 WHERE id = $1"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(p->id), store_text(p->status), store_int(p->total), store_int(p->answered),
			store_int(p->finished_at)),
		tx->fault);
}

static enum rc check_room(struct tx *tx)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN tenant_id = $1 THEN "
		       "1 ELSE 0 END), 0) FROM polls WHERE status = 'running'"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(tx_tenant(tx))), &r, tx->fault);

	if (rc == RC_OK && (store_col_int(r, 0) >= POLLS_OPEN_MAX || store_col_int(r, 1) >= POLL_CREATE_RUNNING))
		return fault_set(tx->fault, RC_CONCURRENCY, "at most %d polls run at once; wait for one",
			POLL_CREATE_RUNNING);
	return rc;
}

static const char *selector_text(struct tx *tx, const struct poll_create_selector *s)
{
	struct buf b = { 0 };

	field_json_encode(selector_fields, s, &b);
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc poll_create(struct call *c, void *ret_out)
{
	struct poll_create in = c->in ? *(const struct poll_create *)c->in : (struct poll_create){ 0 };
	struct poll_view *p = ret_out;
	struct tx *tx = &c->tx;

	if (in.which.watches.n)
		qsort(in.which.watches.at, in.which.watches.n, sizeof(const char *), by_text);
	if (in.which.titles.n)
		qsort(in.which.titles.at, in.which.titles.n, sizeof(const char *), by_text);
	*p = (struct poll_view){ .id = tx_id(tx, "pol"),
		.mode = mode_words[in.mode],
		.selector = selector_text(tx, &in.which),
		.tenant_id = tx_tenant(tx),
		.created_by = tx->actor,
		.created_at = tx->now_ms };
	if (!p->id || !p->selector)
		return RC_NOMEM;
	enum rc rc = check_room(tx);
	if (rc == RC_OK)
		rc = add_row(tx, p);
	if (rc == RC_OK)
		rc = add_titles(tx, &in, p);
	bool over = p->answered == p->total;
	p->status = over ? "finished" : "running";
	p->finished_at = over ? tx->now_ms : 0;
	if (rc == RC_OK)
		rc = keep_counts(tx, p);
	if (rc == RC_OK)
		rc = ask_now(tx, p->id);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "poll.created", .resource = p->id });
	if (rc == RC_OK)
		rc = poll_view_fill(tx, p);
	c->location = arena_fmt(tx->arena, "/v1/polls/%s", p->id);
	if (rc != RC_OK || !c->location)
		return rc == RC_OK ? RC_NOMEM : rc;
	sources_wake(tx->control);
	return audit_add(tx, "poll.create", p->id);
}
