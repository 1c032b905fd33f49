#include "control/updates/sources_feed.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/updates/sources_egresses.h"
#include "control/updates/titles.h"
#include "control/updates/titles_due.h"
#include "model/action_pics.h"
#include "model/gap.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <stdio.h>

static enum rc tell(struct tx *tx, const char *type, const char *source, const char *payload)
{
	if (!payload)
		return RC_NOMEM;
	return events_add(
		tx, &(struct event){
			    .type = type, .resource = source, .payload = payload, .tenant_id = TX_TENANT_DEFAULT });
}

static void sweep_anew(struct tx *tx, struct source *s)
{
	s->sweep_open = true;
	s->sweep_after = "";
	s->sweep_at = tx->now_ms;
}

/* The cursor stands still until all that is watched was looked at. */
static enum rc open_gap(struct tx *tx, struct source *s, const struct gap_tick *t, enum gap_why why)
{
	s->gap_from = s->cursor;
	s->gap_to = t->current;
	s->gap_since = tx->now_ms;
	s->gap_why = gap_words[why];
	s->gap_changed = 0;
	sweep_anew(tx, s);
	return tell(tx, "source.gap_detected", s->name,
		arena_fmt(tx->arena, "{\"source\":\"%s\",\"from\":%u,\"to\":%u,\"reason\":\"%s\"}", s->name,
			t->since, t->current, gap_words[why]));
}

static enum rc close_gap(struct tx *tx, struct source *s)
{
	const char *payload = arena_fmt(tx->arena,
		"{\"source\":\"%s\",\"from\":%lld,\"to\":%lld,\"titlesChanged\":%lld,\"seconds\":%lld}", s->name,
		(long long)s->gap_from, (long long)s->gap_to, (long long)s->gap_changed,
		(long long)((tx->now_ms - s->gap_since) / 1000));

	s->cursor = s->gap_to;
	s->cursor_at = tx->now_ms;
	s->gap_from = 0;
	s->gap_closed_at = tx->now_ms;
	enum rc rc = sources_save(tx, s);
	return rc == RC_OK ? tell(tx, "source.gap_closed", s->name, payload) : rc;
}

static enum rc touch_all(struct tx *tx, const char *store, const struct field_list *apps)
{
	const struct action_change *at = apps->at;
	enum rc rc = RC_OK;
	char ref[16];

	for (size_t i = 0; rc == RC_OK && i < apps->n; i++) {
		snprintf(ref, sizeof(ref), "%u", at[i].id);
		rc = titles_touch(tx, store, ref, at[i].change_number);
	}
	return rc;
}

static enum rc read_changes(struct tx *tx, const char *result, struct action_changes_result *ret)
{
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;
	enum rc rc = result ? json_read(result, strlen(result), &j, tx->fault) : RC_INVALID;

	return rc == RC_OK ? field_json_decode(action_pics_changes.result, j, &r, ret, tx->fault) : rc;
}

static enum rc follow(struct tx *tx, struct source *s, const struct action_changes_result *got)
{
	const struct gap_tick t = { .since = got->since,
		.current = got->current,
		.apps = (uint32_t)got->apps.n,
		.packages = (uint32_t)got->packages.n,
		.full = got->gap,
		.late_ms = tx->now_ms - s->cursor_at };
	bool first = s->cursor == 0;
	enum gap_why why = first ? GAP_NONE : gap_suspect(&t);

	if (s->gap_from || (!first && got->since != s->cursor))
		return RC_OK; /* of a question from before */
	s->newest = got->current;
	enum rc rc = touch_all(tx, sources_kind(s->name)->store, &got->apps);
	if (rc != RC_OK)
		return rc;
	if (why != GAP_NONE)
		return open_gap(tx, s, &t, why);
	s->cursor = got->current;
	s->cursor_at = tx->now_ms;
	if (first)
		sweep_anew(tx, s);
	return RC_OK;
}

enum rc sources_feed_told(struct tx *tx, const struct source_ask *a, const char *result)
{
	struct action_changes_result got = { 0 };
	struct sources_egress e = { 0 };
	struct source s = { 0 };
	bool hears = false;

	enum rc rc = sources_load(tx, a->source, &s);
	if (rc == RC_OK)
		rc = sources_egress_of(tx, a, &s, &e, &hears);
	if (rc != RC_OK)
		return rc;
	int was = e.breaker.state;
	rc = read_changes(tx, result, &got);
	if (rc == RC_INVALID || rc == RC_MALFORMED) {
		if (hears)
			(void)breaker_fail(&e.breaker, BREAKER_BROKEN, tx->now_ms);
		return hears ? sources_egress_judged(tx, &s, &e, was, "the answer could not be read") : RC_OK;
	}
	if (rc == RC_OK)
		rc = follow(tx, &s, &got);
	if (rc == RC_OK)
		rc = sources_save(tx, &s);
	if (rc != RC_OK || !hears)
		return rc;
	(void)breaker_succeed(&e.breaker, tx->now_ms);
	return sources_egress_judged(tx, &s, &e, was, NULL);
}

enum rc sources_feed_swept(struct tx *tx, const struct source_ask *page)
{
	struct source s = { 0 };
	enum rc rc = sources_load(tx, page->source, &s);

	/* A gap that opened meanwhile has begun a sweep of its own. */
	if (rc != RC_OK || !s.sweep_open || page->asked_at < s.sweep_at)
		return rc;
	if (page->page)
		s.sweep_after = page->page;
	else
		s.sweep_open = false;
	return sources_save(tx, &s);
}

static bool is_out(const struct field_list *asks, const char *source, int kind)
{
	const struct source_ask *a = asks->at;

	for (size_t i = 0; i < asks->n; i++)
		if (a[i].kind == kind && !strcmp(a[i].source, source))
			return true;
	return false;
}

static enum rc ask_changes(struct tx *tx, struct source *s)
{
	struct source_ask a = { .source = s->name, .kind = ASK_CHANGES };
	const char *payload = arena_fmt(tx->arena, "{\"since\":%lld}", (long long)s->cursor);

	s->tick_at = tx->now_ms;
	enum rc rc = payload ? sources_ask_new(tx, &a, "pics.changes", payload) : RC_NOMEM;
	return rc == RC_OK ? sources_save(tx, s) : rc;
}

static enum rc ask_page(struct tx *tx, struct source *s)
{
	struct titles_ask due = {
		.source = s->name, .kind = TITLES_ALL_AFTER, .limit = SOURCES_SWEEP_PAGE, .after = s->sweep_after
	};
	struct source_ask a = { .source = s->name, .kind = ASK_SWEEP };

	enum rc rc = titles_due(tx, &due, &a.refs);
	if (rc == RC_OK && a.refs.n == 0) {
		s->sweep_open = false;
		return sources_save(tx, s);
	}
	if (a.refs.n == SOURCES_SWEEP_PAGE)
		a.page = ((const char *const *)a.refs.at)[a.refs.n - 1];
	return rc == RC_OK ? sources_ask_new(tx, &a, NULL, NULL) : rc;
}

/* What the sweep found to have moved was read, or asked for since, whatever came of it. */
static enum rc is_read(struct tx *tx, const struct source *s, bool *ret)
{
	static const struct store_query find = { .sql = "SELECT 1 FROM titles WHERE store = $1 AND watched > 0 AND "
							"wanted_number > change_number AND asked_at < $2 LIMIT 1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(sources_kind(s->name)->store), store_int(s->gap_since)), &r, tx->fault);

	*ret = rc == RC_MISSING;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc try_close(struct tx *tx, struct source *s, const struct field_list *asks)
{
	bool read = false;

	if (s->sweep_open || s->sweep_at < s->gap_since || is_out(asks, s->name, ASK_WANTED))
		return RC_OK;
	enum rc rc = is_read(tx, s, &read);
	return rc == RC_OK && read ? close_gap(tx, s) : rc;
}

enum rc sources_feed_scan(struct tx *tx, struct source *s, const struct field_list *asks)
{
	int64_t sweep_ms =
		tx->control->conf->updates_sweep_ms ? tx->control->conf->updates_sweep_ms : SOURCES_SWEEP_MS;
	int64_t tick_ms = tx->control->conf->updates_tick_ms ? tx->control->conf->updates_tick_ms : 5000;
	enum rc rc = RC_OK;

	if (!s->gap_from && tx->now_ms - s->tick_at >= tick_ms && !is_out(asks, s->name, ASK_CHANGES))
		rc = ask_changes(tx, s);
	if (!s->sweep_open && s->cursor && tx->now_ms - s->sweep_at >= sweep_ms)
		sweep_anew(tx, s);
	if (rc == RC_OK && s->sweep_open && !is_out(asks, s->name, ASK_SWEEP))
		rc = ask_page(tx, s);
	return rc == RC_OK && s->gap_from ? try_close(tx, s, asks) : rc;
}
