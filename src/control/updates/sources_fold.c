/* What came back from a store: into titles, and into what is thought of the source. */
#include "control/control.h"
#include "control/engine/moves.h"
#include "control/updates/sources.h"
#include "control/updates/sources_answers.h"
#include "control/updates/sources_feed.h"
#include "control/updates/sources_judge.h"
#include "control/updates/sources_owned.h"
#include "control/updates/sources_sessions.h"
#include "control/updates/sources_shadow.h"
#include "control/updates/titles.h"
#include "control/updates/titles_due.h"
#include "model/action_titles.h"

static bool is(const char *a, const char *b) { return a && !strcmp(a, b); }

/* ---- titles ---- */

/* Moves those of `got` that were asked for to `to`, and their refs out of the ask. */
static size_t pick(struct source_ask *a, const struct field_list *got, struct action_title *to)
{
	const struct action_title *from = got->at;
	const char **refs = a->refs.at;
	size_t n = 0, at = 0, left = 0;

	for (size_t i = 0; i < got->n; i++) {
		size_t tries = 0;
		while (tries < a->refs.n && (!refs[at] || !is(from[i].ref, refs[at]))) {
			at = at + 1 < a->refs.n ? at + 1 : 0;
			tries++;
		}
		if (tries == a->refs.n)
			continue;
		to[n++] = from[i];
		refs[at] = NULL;
	}
	for (size_t i = 0; i < a->refs.n; i++)
		if (refs[i])
			refs[left++] = refs[i];
	a->refs.n = left;
	return n;
}

/* Is the other source asked for the title as well, and has not answered? */
static bool is_with_other(const struct source_ask *a, const struct field_list *asks, const char *ref)
{
	const struct source_kind *mine = sources_kind(a->source);
	const struct source_ask *o = asks->at;

	for (size_t i = 0; i < asks->n; i++) {
		const struct source_kind *k = sources_kind(o[i].source);
		bool other = k && !strcmp(k->store, mine->store) && k->stands_in != mine->stands_in;
		const char *const *refs = o[i].refs.at;
		if (!other || o[i].kind == ASK_AVAILABLE || o[i].kind == ASK_OWNED || o[i].kind == ASK_PROBE ||
			o[i].kind == ASK_SHADOW)
			continue;
		for (size_t r = 0; r < o[i].refs.n; r++)
			if (is(ref, refs[r]))
				return true;
	}
	return false;
}

/* Somebody else may say more of it. */
static bool is_left_to(const struct source_ask *a, const struct field_list *asks, const struct action_title *t)
{
	bool known = is(t->status, "known");

	return (sources_kind(a->source)->stands_in || !known) && is_with_other(a, asks, t->ref);
}

static bool is_metadata(const struct source_ask *a)
{
	bool meta = a->kind == ASK_SWEEP || a->kind == ASK_META || a->kind == ASK_PROBE || a->kind == ASK_OLDEST;
	return meta && sources_kind(a->source)->feed;
}

/*
 * Is the source that this one stands in for asked all the same? Then a title of which this one says nothing is left to it. In a roll-out it
 * may never be asked for the title.
 */
static enum rc has_primary(struct tx *tx, const char *source, bool *ret)
{
	struct source_rollout ro = { 0 };
	struct source s = { 0 };
	enum rc rc = RC_OK;

	*ret = false;
	for (const struct source_kind *k = sources_kinds; rc == RC_OK && k->name; k++) {
		if (!k->fallback || strcmp(k->fallback, source) != 0)
			continue;
		rc = sources_load(tx, k->name, &s);
		if (rc == RC_OK)
			rc = sources_rollout_read(tx, &s, &ro);
		*ret = rc == RC_OK && ro.percent == 100 && !ro.max_titles && !ro.labels.n && !ro.shadow &&
		       breaker_would(&s.breaker, tx->now_ms) == BREAKER_GO;
	}
	return rc;
}

struct answers {
	struct action_title *at;
	size_t n;
	struct field_list left; /* of struct titles_left: accounts that have yet to be asked */
};

/* Those that the other source may still answer, and the rest. Reorders them. */
static enum rc keep(struct tx *tx, const struct source_ask *a, const struct answers *got, int64_t *ret_changed)
{
	struct field_list asks = { 0 };
	struct action_title *at = got->at;
	size_t n = got->n;
	struct titles_seen s = { .source = a->source,
		.scope = a->scope,
		.at = at,
		.left = got->left,
		.metadata_only = is_metadata(a),
		.fallback = sources_kind(a->source)->stands_in };
	bool primary = false;
	enum rc rc = sources_asks(tx, &asks);

	if (rc == RC_OK)
		rc = sources_owned_left(tx, a, &asks, &s.left);
	if (rc == RC_OK && s.fallback)
		rc = has_primary(tx, a->source, &primary);
	for (size_t i = 0; rc == RC_OK && i < n; i++)
		if (primary || is_left_to(a, &asks, &at[i])) {
			struct action_title t = at[s.n];
			at[s.n++] = at[i];
			at[i] = t;
		}
	s.more = true;
	if (rc == RC_OK && s.n > 0)
		rc = titles_fold(tx, &s);
	struct titles_seen rest = s;
	rest.at = at + s.n;
	rest.n = n - s.n;
	rest.more = false;
	if (rc == RC_OK && rest.n > 0)
		rc = titles_fold(tx, &rest);
	*ret_changed = rest.ret_changed;
	return rc;
}

static enum rc note_changed(struct tx *tx, const struct source_ask *a, int64_t changed)
{
	struct source s = { 0 };
	enum rc rc = changed && a->kind == ASK_SWEEP ? sources_load(tx, a->source, &s) : RC_MISSING;

	if (rc == RC_OK && s.gap_from) {
		s.gap_changed += changed;
		return sources_save(tx, &s);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Answers, of the end or so far. */
static enum rc take_titles(struct tx *tx, struct source_ask *a, const struct action_titles_result *got)
{
	struct answers all = { .at = arena_take(tx->arena, (got->titles.n + 1) * sizeof(*all.at)) };
	int64_t changed = 0;

	if (!all.at)
		return RC_NOMEM;
	all.n = pick(a, &got->titles, all.at);
	const struct sources_tally y = sources_tally(all.at, all.n);
	enum rc rc = sources_shadow_compare(tx, a, all.at, all.n);
	if (rc == RC_OK)
		rc = sources_owned_ask(tx, a, all.at, all.n, &all.left);
	if (rc == RC_OK && a->kind != ASK_SHADOW)
		rc = keep(tx, a, &all, &changed);
	if (rc == RC_OK)
		rc = note_changed(tx, a, changed);
	/* What one account may see says nothing of the source. */
	return rc == RC_OK && a->kind != ASK_OWNED ? sources_judge(tx, a, &y, got->alive) : rc;
}

/* ---- ends ---- */

enum rc sources_unanswered(struct tx *tx, const struct source_ask *a, const char *reason)
{
	const struct answers all = { .at = arena_take(tx->arena, (a->refs.n + 1) * sizeof(*all.at)),
		.n = a->refs.n };
	const char *const *at = a->refs.at;
	int64_t changed;

	if (!all.at)
		return RC_NOMEM;
	for (size_t i = 0; i < all.n; i++)
		all.at[i] = (struct action_title){ .ref = at[i], .status = "unknown", .reason = reason };
	return keep(tx, a, &all, &changed);
}

enum rc sources_unknown(struct tx *tx, const char *source, const struct field_list *refs, const char *reason)
{
	const struct source_ask a = { .source = source, .kind = ASK_FULL, .refs = *refs };
	return sources_unanswered(tx, &a, reason);
}

static enum rc failed(struct tx *tx, const struct moves_task *t, struct source_ask *a)
{
	const char *code = t->code ? t->code : "";
	bool away = is(code, "timeout") || is(code, "dependency_unavailable") || is(code, "refused") ||
		    is(code, "session_offline"),
	     broken = is(code, "validation_failed") || is(code, "malformed_result") || is(code, "internal"),
	     limited = is(code, "rate_limited");
	enum rc rc = sources_ask_drop(tx, a->id);

	if (rc != RC_OK || a->kind == ASK_AVAILABLE)
		return rc;
	if (a->kind == ASK_OWNED)
		return sources_owned_failed(tx, a);
	if (away || broken)
		rc = sources_judge_failed(
			tx, a, broken ? BREAKER_BROKEN : BREAKER_CONNECT, arena_fmt(tx->arena, "%s", code));
	if (rc == RC_OK && a->kind == ASK_FALLBACK && (away || broken || limited))
		/* Nobody else will answer the polls that wait for it. */
		return sources_unknown(tx, a->source, &a->refs, limited ? "rate_limited" : "timeout");
	return rc == RC_OK ? titles_unask(tx, a->source, &a->refs) : rc;
}

static enum rc unreadable(struct tx *tx, struct source_ask *a)
{
	const char *why = arena_fmt(tx->arena, "the answer cannot be read: %.200s", tx->fault->text);
	enum rc rc = sources_ask_drop(tx, a->id);

	if (rc != RC_OK)
		return rc;
	return a->kind == ASK_OWNED ? sources_owned_failed(tx, a)
				    : sources_judge_failed(tx, a, BREAKER_BROKEN, why);
}

static enum rc succeeded(struct tx *tx, const struct moves_task *t, struct source_ask *a)
{
	struct action_titles_result got = { 0 };
	enum rc rc;

	if (a->kind == ASK_AVAILABLE)
		return sources_answers_available(tx, a, t->result);
	if (a->kind == ASK_CHANGES) {
		rc = sources_ask_drop(tx, a->id);
		return rc == RC_OK ? sources_feed_told(tx, a, t->result) : rc;
	}
	rc = sources_answers_titles(tx, t->result, &got);
	if (rc == RC_INVALID || rc == RC_MALFORMED)
		return unreadable(tx, a);
	if (rc == RC_OK)
		rc = take_titles(tx, a, &got);
	if (rc == RC_OK)
		rc = sources_ask_drop(tx, a->id);
	return rc == RC_OK && a->kind == ASK_SWEEP && got.alive ? sources_feed_swept(tx, a) : rc;
}

enum rc sources_fold(struct tx *tx, const struct moves_task *t)
{
	struct source_ask a = { 0 };
	enum rc rc = sources_ask_load(tx, t->owner, &a);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc; /* nobody waits for it any more */
	if (a.kind != ASK_PROBE)
		a.egress_id = t->agent_id;
	switch ((enum task_status)t->status) {
	case TASK_LEASED:
	case TASK_RUNNING:
		a.heard_at = tx->now_ms;
		return sources_ask_save(tx, &a);
	case TASK_SUCCEEDED:
		rc = sources_sessions_heard(tx, a.source, t->agent_id, true);
		if (rc == RC_OK)
			rc = succeeded(tx, t, &a);
		sources_wake(tx->control);
		return rc;
	case TASK_FAILED:
	case TASK_EXPIRED:
	case TASK_ATTENTION:
		rc = sources_sessions_heard(tx, a.source, t->agent_id, false);
		return rc == RC_OK ? failed(tx, t, &a) : rc;
	case TASK_CANCELED:
		return failed(tx, t, &a);
	case TASK_QUEUED: /* an agent lost it: it is anybody's again */
		a.egress_id = a.kind == ASK_PROBE ? a.egress_id : NULL;
		return sources_ask_save(tx, &a);
	case TASK_UNKNOWN:
	case TASK_STATUSES:
		break;
	}
	return RC_OK;
}

/* It was silent, and is heard again: what it has not answered is left to it. */
static enum rc is_heard(struct tx *tx, struct source_ask *a)
{
	bool was = a->hedged;

	a->heard_at = tx->now_ms;
	a->hedged = false;
	enum rc rc = sources_ask_save(tx, a);
	return rc == RC_OK && was ? titles_reask(tx, a->source, &a->refs, !is_metadata(a)) : rc;
}

enum rc sources_progress(struct tx *tx, const struct moves_task *t, const char *data)
{
	struct action_titles_result got = { 0 };
	struct source_ask a = { 0 };
	enum rc rc = sources_ask_load(tx, t->owner, &a);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (a.kind == ASK_CHANGES || a.kind == ASK_AVAILABLE)
		return RC_OK;
	if (a.kind != ASK_PROBE)
		a.egress_id = t->agent_id;
	rc = sources_answers_titles(tx, data, &got);
	if (rc == RC_INVALID || rc == RC_MALFORMED)
		return RC_OK; /* the end says all once more */
	if (rc == RC_OK)
		rc = take_titles(tx, &a, &got);
	return rc == RC_OK ? is_heard(tx, &a) : rc;
}

void sources_wake(struct control *c)
{
	if (c->look_within)
		c->look_within(c, 0);
}
