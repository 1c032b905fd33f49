#include "control/updates/sources_eta.h"
#include "base/buf.h"
#include "control/budgets/budgets.h"
#include "wire/json.h"

#include <string.h>

/* What one question is good for. LANE_COUNT: nothing holds it back. */
struct pace {
	const char *source;
	enum lane lane;
	int64_t titles, calls; /* so many titles take so many questions */
	int64_t metadata;      /* titles of one question for metadata alone; 0: there is none */
};
static const struct pace paces[] = {
	{ "epic.catalog_http", LANE_EPIC, 1, 1, 0 },
	{ "epic.launcher", LANE_EPIC, 20, 1, 0 },
	{ "gog.content_system", LANE_GOG, 1, 2, 0 },
	{ "gog.product_http", LANE_GOG, 1, 1, 0 },
	{ "steam.pics", LANE_PICS_INFO, 50, 1, 5000 },
	{ "steam.store_http", LANE_STORE_WEB, 1, 1, 0 },
	{ "steam.workshop", LANE_COUNT, 100, 1, 0 },
};

/* Titles of a store that wait. */
struct waits {
	int64_t all, whole; /* whole: those of them for which metadata will not do */
	bool due; /* what was not heard of for its interval counts, too, and not only what polls wait for */
};

#define OPEN_POLL(more)                                                                                     \
	"EXISTS (SELECT 1 FROM poll_titles p JOIN polls o ON o.id = p.poll_id WHERE p.title_id = t.id AND " \
	"p.answer IS NULL AND o.status = 'running'" more ")"

static int64_t parts(int64_t n, int64_t of) { return (n + of - 1) / of; }

/* Milliseconds between two questions, and until the first. Of several addresses, the one that is best off. */
static enum rc rate_of(struct tx *tx, enum lane lane, int64_t *ret_every_us, int64_t *ret_pause_ms)
{
	static const struct store_query find = { .sql = "SELECT COUNT(*), COALESCE(MIN(every_us), 0), "
							"COALESCE(MIN(cool_until), 0) FROM lane_buckets "
							"WHERE lane = $1 AND (base_us = $2 OR tuned = 1)" };
	const struct lane_kind *k = budgets_kind(tx->control, lane);
	int64_t base_us = (int64_t)k->every_ms * 1000;
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(k->name), store_int(base_us)), &r, tx->fault);

	*ret_every_us = base_us;
	*ret_pause_ms = 0;
	if (rc != RC_OK || store_col_int(r, 0) == 0)
		return rc;
	*ret_every_us = store_col_int(r, 1);
	if (store_col_int(r, 2) > tx->now_ms)
		*ret_pause_ms = store_col_int(r, 2) - tx->now_ms;
	return RC_OK;
}

static enum rc seconds_of(struct tx *tx, const char *source, const struct waits *w, int64_t *ret)
{
	const struct pace *p = paces;
	int64_t every_us = 0, pause_ms = 0;

	while (strcmp(p->source, source) != 0)
		p++;
	*ret = 0;
	if (w->all == 0 || p->lane == LANE_COUNT)
		return RC_OK;
	enum rc rc = rate_of(tx, p->lane, &every_us, &pause_ms);
	int64_t whole = p->metadata ? w->whole : w->all;
	int64_t calls =
		parts(whole, p->titles) * p->calls + (p->metadata ? parts(w->all - w->whole, p->metadata) : 0);
	*ret = parts(calls * every_us + pause_ms * 1000, 1000000);
	return rc;
}

#define LABELS_MAX 4 /* of a roll-out's, that are counted by; more choose fewer titles still */

/* A label as the rows of watches have it. "": there is none so far on. */
static const char *label_text(struct tx *tx, const struct field_list *labels, size_t i)
{
	const struct field_pair *pair = labels->at;
	struct buf b = { 0 };

	if (i >= labels->n)
		return "";
	json_put_str(&b, pair[i].key);
	buf_u8(&b, ':');
	json_put_str(&b, pair[i].value);
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* Those that wait and have a watch with these labels: a text that can be taken out of its labels is one of them. */
static enum rc count_labelled(
	struct tx *tx, const char *store, const struct field_list *labels, const struct waits *w, int64_t *ret)
{
	static const struct store_query find = {
		.sql = "SELECT COUNT(DISTINCT t.ref) FROM titles t JOIN watches w ON w.title_id = t.id AND w.state "
		       "<> "
		       "'paused' WHERE t.store = $1 AND REPLACE(w.labels, $4, '') <> w.labels AND ($5 = '' OR "
		       "REPLACE(w.labels, $5, '') <> w.labels) AND ($6 = '' OR REPLACE(w.labels, $6, '') <> "
		       "w.labels) "
		       "AND ($7 = '' OR REPLACE(w.labels, $7, '') <> w.labels) AND (($3 = 'due' AND t.heard_at <= "
		       "$2 - "
		       "t.interval_s * 1000) OR " OPEN_POLL("") ")"
	};
	const char *text[LABELS_MAX];
	auto_rows struct store_rows *r = NULL;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < LABELS_MAX; i++)
		if (!(text[i] = label_text(tx, labels, i)))
			rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = store_one(tx->db, &find,
			STORE_ARGS(store_text(store), store_int(tx->now_ms), store_text(w->due ? "due" : ""),
				store_text(text[0]), store_text(text[1]), store_text(text[2]), store_text(text[3])),
			&r, tx->fault);
	if (rc == RC_OK)
		*ret = store_col_int(r, 0);
	return rc;
}

/* Which of them the source is asked for [0], and which the one that stands in for it [1]. */
static enum rc part(struct tx *tx, const struct source_kind *k, const struct source *s, const struct waits *w,
	struct waits ret[static 2])
{
	struct source_rollout ro = { .percent = 100 };
	int64_t mine = w->all;
	enum rc rc = s->name && k->fallback ? sources_rollout_read(tx, s, &ro) : RC_OK;

	if (rc == RC_OK && k->fallback && ro.labels.n)
		rc = count_labelled(tx, k->store, &ro.labels, w, &mine);
	if (k->fallback && (ro.shadow || breaker_would(&s->breaker, tx->now_ms) != BREAKER_GO))
		mine = 0;
	mine = mine * ro.percent / 100;
	if (ro.max_titles && mine > ro.max_titles)
		mine = ro.max_titles;
	ret[0] = (struct waits){ .all = mine, .whole = w->whole < mine ? w->whole : mine };
	ret[1] = (struct waits){ .all = w->all - mine, .whole = w->all - mine };
	return rc;
}

/* RC_OK: *ret_may says whether it is asked. A source that has no row has not been looked at, and is. */
static enum rc may_ask(struct tx *tx, const char *name, bool *ret_may)
{
	struct source s = { 0 };
	enum rc rc = sources_load(tx, name, &s);

	*ret_may = rc == RC_MISSING || breaker_would(&s.breaker, tx->now_ms) == BREAKER_GO;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Of a store's first source [0] and of the one that stands in [1]. */
static enum rc plan(
	struct tx *tx, const struct source_kind *k, const struct waits *w, struct sources_eta ret[static 2])
{
	struct source s = { 0 };
	struct waits each[2];

	enum rc rc = sources_load(tx, k->name, &s);
	if (rc == RC_OK || rc == RC_MISSING)
		rc = part(tx, k, &s, w, each);
	for (int i = 0; rc == RC_OK && i < 2; i++) {
		const char *name = i == 0 ? k->name : k->fallback;
		bool may = true;
		ret[i] = (struct sources_eta){ .waiting = each[i].all };
		if (!name || each[i].all == 0)
			continue;
		rc = may_ask(tx, name, &may);
		if (rc == RC_OK && may)
			rc = seconds_of(tx, name, &each[i], &ret[i].seconds);
		else
			ret[i].seconds = SOURCES_ETA_UNKNOWN;
	}
	return rc;
}

static const struct source_kind *first_of(const char *store)
{
	const struct source_kind *k = sources_kinds;

	while (k->name && (k->stands_in || strcmp(k->store, store) != 0))
		k++;
	return k->name ? k : NULL;
}

enum rc sources_eta_of(struct tx *tx, const struct source_kind *k, struct sources_eta *ret)
{
	static const struct store_query find = {
		.sql = "SELECT COUNT(DISTINCT t.ref), COUNT(DISTINCT CASE WHEN " OPEN_POLL(
			" AND o.mode = 'full'") " THEN t.ref END) FROM titles t WHERE t.store = $1 AND ((t.watched "
						"> 0 AND "
						"t.heard_at <= $2 - t.interval_s * 1000) OR " OPEN_POLL("") ")"
	};
	auto_rows struct store_rows *r = NULL;
	struct sources_eta both[2];
	enum rc rc =
		store_one(tx->db, &find, STORE_ARGS(store_text(k->store), store_int(tx->now_ms)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	const struct waits w = { store_col_int(r, 0), store_col_int(r, 1), true };
	store_close(take(r));
	rc = plan(tx, first_of(k->store), &w, both);
	*ret = both[k->stands_in];
	return rc;
}

enum rc sources_eta_poll(struct tx *tx, const char *poll_id, int64_t *ret_seconds)
{
	static const struct store_query find = {
		.sql = "SELECT t.store, COUNT(DISTINCT t.ref), COUNT(DISTINCT CASE WHEN o.mode = 'full' THEN t.ref "
		       "END), MAX(CASE WHEN o.id = $1 THEN 1 ELSE 0 END) FROM poll_titles p JOIN polls o ON o.id "
		       "= p.poll_id JOIN titles t ON t.id = p.title_id WHERE p.answer IS NULL AND o.status = "
		       "'running' GROUP BY t.store"
	};
	struct {
		const struct source_kind *kind;
		struct waits w;
	} stores[8]; /* there are four */
	auto_rows struct store_rows *r = NULL;
	size_t n = 0;
	bool row = false;
	enum rc rc = store_run(tx->db, &find, STORE_ARGS(store_text(poll_id)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row && n < 8)
		if (store_col_int(r, 3)) {
			stores[n].w = (struct waits){ store_col_int(r, 1), store_col_int(r, 2), false };
			stores[n++].kind = first_of(store_col_text(r, 0));
		}
	store_close(take(r));
	*ret_seconds = 0;
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct sources_eta both[2];
		rc = plan(tx, stores[i].kind, &stores[i].w, both);
		for (int k = 0; rc == RC_OK && k < 2; k++)
			if (both[k].seconds == SOURCES_ETA_UNKNOWN)
				*ret_seconds = SOURCES_ETA_UNKNOWN;
			else if (*ret_seconds >= 0 && both[k].seconds > *ret_seconds)
				*ret_seconds = both[k].seconds;
	}
	return rc;
}
