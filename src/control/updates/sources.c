/* The look: what is asked next, of which source. */
#include "control/updates/sources.h"
#include "control/control.h"
#include "control/engine/submit.h"
#include "control/updates/sources_builds.h"
#include "control/updates/sources_egresses.h"
#include "control/updates/sources_feed.h"
#include "control/updates/sources_owned.h"
#include "control/updates/sources_sessions.h"
#include "control/updates/titles_due.h"

#define SILENT_MS       1250 /* then the other source is asked, too */
#define STAND_INS       2    /* questions of one that stands in, at once: its lane paces them, the next is ready */
#define FORGOTTEN_MS    3600000
#define CHOSEN_MAX      100000  /* titles of a roll-out by labels */
#define CHOSEN_FROM     1000000 /* watches that a roll-out is chosen from */
#define UNKNOWN_AT_ONCE 500

struct look {
	struct tx *tx;
	const struct source_kind *kind;
	struct source s;
	struct source_rollout rollout;
	struct field_list asks;
	bool suspect; /* it is silent: what is due goes to the other one */
};

static unsigned count(const struct look *l, const char *source, int kind)
{
	const struct source_ask *a = l->asks.at;
	unsigned n = 0;

	for (size_t i = 0; i < l->asks.n; i++)
		n += a[i].kind == kind && !strcmp(a[i].source, source);
	return n;
}

/* ---- what is out ---- */

static bool is_for_titles(int kind)
{
	return kind == ASK_META || kind == ASK_WANTED || kind == ASK_FULL || kind == ASK_OLDEST;
}

/* Its titles may be asked of the other source from now on; who answers first, answers. */
static enum rc hedge(struct look *l, struct source_ask *a)
{
	a->hedged = true;
	enum rc rc = sources_ask_save(l->tx, a);
	return rc == RC_OK ? titles_unask(l->tx, a->source, &a->refs) : rc;
}

/* It is silent for too long at a moment that is known: the look comes then. */
static void look_when_silent(const struct look *l, int64_t silent_ms)
{
	struct control *c = l->tx->control;

	if (l->kind->fallback && c->look_within)
		c->look_within(c, (uint32_t)(SILENT_MS - silent_ms));
}

static enum rc look_at_asks(struct look *l)
{
	struct source_ask *a = l->asks.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < l->asks.n; i++) {
		if (strcmp(a[i].source, l->s.name) != 0)
			continue;
		if (!is_for_titles(a[i].kind) || a[i].refs.n == 0 || !a[i].heard_at)
			continue;
		int64_t silent = l->tx->now_ms > a[i].heard_at ? l->tx->now_ms - a[i].heard_at : 0;
		if (silent < SILENT_MS) {
			look_when_silent(l, silent);
			continue;
		}
		l->suspect = true;
		if (rc == RC_OK && !a[i].hedged && l->kind->fallback)
			rc = hedge(l, &a[i]);
	}
	return rc;
}

static enum rc forget_old(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM source_asks WHERE asked_at < $1" };
	static const struct store_query marks = { .sql = "DELETE FROM source_marks WHERE slot < $1" };
	enum rc rc = store_put(tx->db, &drop, STORE_ARGS(store_int(tx->now_ms - FORGOTTEN_MS)), tx->fault);
	if (rc == RC_OK)
		rc = store_put(tx->db, &marks, STORE_ARGS(store_int(tx->now_ms / 300000 - 24)), tx->fault);
	if (rc == RC_OK)
		rc = sources_egresses_sweep(tx);
	return rc == RC_OK ? sources_sessions_sweep(tx) : rc;
}

/* ---- breakers ---- */

/* It will not be answered, or somebody else is to be asked. */
static enum rc call_off(struct look *l, struct source_ask *a)
{
	enum rc rc = sources_ask_cancel(l->tx, a);

	if (rc == RC_OK && (is_for_titles(a->kind) || a->kind == ASK_FALLBACK))
		rc = titles_unask(l->tx, a->source, &a->refs);
	a->kind = ASK_KINDS; /* it is not out any more */
	return rc;
}

/*
 * The probe of this egress is over its time, or went away (its task was canceled by hand); and, since it is left alone, what it has of
 * other questions is for others, if there are any.
 */
static enum rc take_from(struct look *l, struct source *s, const struct sources_egress *e, bool late)
{
	struct source_ask *a = l->asks.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < l->asks.n; i++) {
		if (!a[i].egress_id || strcmp(a[i].egress_id, e->id) != 0 || strcmp(a[i].source, s->name) != 0)
			continue;
		if (a[i].kind == ASK_PROBE ? late : !a[i].scope && sources_is_asked(s))
			rc = call_off(l, &a[i]);
	}
	return rc;
}

/* One known title, by this egress and nothing else. */
static enum rc probe(struct look *l, struct source *s, struct sources_egress *e)
{
	struct source_ask a = { .source = s->name, .kind = ASK_PROBE, .egress_id = e->id };
	struct titles_ask first = { .source = s->name, .kind = TITLES_ANY, .limit = 1 };
	int was = e->breaker.state;

	enum rc rc = titles_due(l->tx, &first, &a.refs);
	if (rc != RC_OK || a.refs.n == 0 || breaker_ask(&e->breaker, l->tx->now_ms) != BREAKER_PROBE)
		return rc;
	rc = sources_ask_new(l->tx, &a, NULL, NULL);
	return rc == RC_OK ? sources_egress_moved(l->tx, s, e, was, NULL) : rc;
}

static enum rc look_at_egress(struct look *l, struct source *s, struct sources_egress *e)
{
	static const char late[] = "the probe was not answered within 15 s";
	int was = e->breaker.state;
	bool is_late = was == BREAKER_HALF_OPEN && l->tx->now_ms >= e->breaker.probe_ms;
	enum rc rc = was == BREAKER_CLOSED ? RC_OK : take_from(l, s, e, is_late);

	if (rc == RC_OK && is_late) {
		(void)breaker_fail(&e->breaker, BREAKER_CONNECT, l->tx->now_ms);
		return sources_egress_moved(l->tx, s, e, was, late);
	}
	return rc == RC_OK && e->up && breaker_would(&e->breaker, l->tx->now_ms) == BREAKER_PROBE ? probe(l, s, e)
												  : rc;
}

/* What nobody has yet, nobody is to have. */
static enum rc hold_back(struct look *l, const struct source *s)
{
	struct source_ask *a = l->asks.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < l->asks.n; i++)
		if (!strcmp(a[i].source, s->name) && !a[i].egress_id && !a[i].scope && a[i].kind != ASK_KINDS)
			rc = call_off(l, &a[i]);
	return rc;
}

/* *ret_may: it is asked, by one egress at least. Those that are due get their probes. */
static enum rc look_at_egresses(struct look *l, struct source *s, bool *ret_may)
{
	bool forced = s->breaker.state == BREAKER_FORCED_OPEN || s->breaker.state == BREAKER_FORCED_CLOSED;
	struct field_list all = { 0 };
	bool any = false;
	enum rc rc = forced ? RC_OK : sources_egresses_any(l->tx, s->name, &any);

	any |= !forced && s->breaker.state != BREAKER_CLOSED;
	if (rc == RC_OK && any)
		rc = sources_egresses(l->tx, s->name, &all);
	if (rc == RC_OK && any) /* who came and went since counts for what is taken from whom */
		rc = sources_egresses_settle(l->tx, s, &all, NULL);
	struct sources_egress *e = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = look_at_egress(l, s, &e[i]);
	if (rc == RC_OK && any)
		rc = sources_egresses_settle(l->tx, s, &all, NULL);
	*ret_may = sources_is_asked(s);
	return rc == RC_OK && !*ret_may ? hold_back(l, s) : rc;
}

/* ---- which titles are whose ---- */

/* The refs that are asked of this source while it is rolled out to some. */
static enum rc chosen(struct look *l, struct field_list *ret)
{
	/* A row for each watch; a title's rows stand together. */
	static const struct store_query find = { .sql = "SELECT t.ref, w.labels FROM titles t JOIN watches w ON "
							"w.title_id = t.id WHERE t.store = $1 AND "
							"w.state <> 'paused' ORDER BY w.base_id LIMIT $2" };
	const struct source_rollout *ro = &l->rollout;
	int64_t max = ro->max_titles ? ro->max_titles : CHOSEN_MAX;
	auto_rows struct store_rows *r = NULL;
	const char **to = arena_take(l->tx->arena, (size_t)(max + 1) * sizeof(*to));
	size_t n = 0;
	bool row = false;

	enum rc rc = to ? store_run(l->tx->db, &find,
				  STORE_ARGS(store_text(l->kind->store), store_int(CHOSEN_FROM)), &r, l->tx->fault)
			: RC_NOMEM;
	while (rc == RC_OK && n < (size_t)max && (rc = store_next(r, &row, l->tx->fault)) == RC_OK && row) {
		if (n > 0 && !strcmp(to[n - 1], store_col_text(r, 0)))
			continue;
		if (ro->labels.n && !submit_has_labels(l->tx->arena, store_col_text(r, 1), &ro->labels))
			continue;
		if (!(to[n++] = arena_str(l->tx->arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	}
	*ret = (struct field_list){ to, n };
	return rc;
}

/* FNV-1a: a title is always on the same side. */
static uint32_t share_of(const char *ref)
{
	uint32_t h = 2166136261u;

	for (; *ref; ref++)
		h = (h ^ (uint8_t)*ref) * 16777619u;
	return (h >> 8) % 100;
}

static bool is_in(const struct field_list *refs, const char *ref)
{
	const char *const *at = refs->at;

	for (size_t i = 0; i < refs->n; i++)
		if (!strcmp(at[i], ref))
			return true;
	return false;
}

/* Parts what is due: to this source, or to the one that stands in. */
static enum rc part(
	struct look *l, const struct field_list *due, struct field_list *ret_mine, struct field_list *ret_other)
{
	const struct source_rollout *ro = &l->rollout;
	const char **at = due->at, **mine = arena_take(l->tx->arena, (due->n + 1) * sizeof(*mine)),
		   **other = arena_take(l->tx->arena, (due->n + 1) * sizeof(*other));
	bool some = ro->max_titles || ro->labels.n;
	struct field_list named = { 0 };
	size_t m = 0, o = 0;

	enum rc rc = mine && other ? RC_OK : RC_NOMEM;
	if (rc == RC_OK && some)
		rc = chosen(l, &named);
	for (size_t i = 0; rc == RC_OK && i < due->n; i++)
		if (!ro->shadow && share_of(at[i]) < ro->percent && (!some || is_in(&named, at[i])))
			mine[m++] = at[i];
		else
			other[o++] = at[i];
	*ret_mine = (struct field_list){ mine, m };
	*ret_other = (struct field_list){ other, o };
	return rc;
}

/* ---- asking ---- */

static enum rc ask(struct look *l, const char *source, int kind, const struct field_list *refs)
{
	struct source_ask a = { .source = source, .kind = kind, .refs = *refs };
	return refs->n ? sources_ask_new(l->tx, &a, NULL, NULL) : RC_OK;
}

static enum rc due(struct look *l, enum titles_due_kind kind, uint32_t limit, struct field_list *ret)
{
	struct titles_ask want = { .source = l->s.name, .kind = kind, .limit = limit };
	return titles_due(l->tx, &want, ret);
}

/* Asked of the one that stands in, one title each, as many as it takes now; what is left may be given again. */
static enum rc ask_other(struct look *l, const struct field_list *refs, unsigned *room)
{
	const char **at = refs->at;
	size_t i = 0;
	enum rc rc = RC_OK;

	for (; rc == RC_OK && i<refs->n && * room> 0; i++, --*room)
		rc = ask(l, l->kind->fallback, ASK_FALLBACK, &(struct field_list){ &at[i], 1 });
	if (rc == RC_OK && l->rollout.shadow && i > 0)
		rc = ask(l, l->s.name, ASK_SHADOW, &(struct field_list){ at, i });
	const struct field_list rest = { at + i, refs->n - i };
	return rc == RC_OK && rest.n ? titles_unask(l->tx, l->s.name, &rest) : rc;
}

static enum rc room_of_other(struct look *l, unsigned *ret)
{
	struct source f = { 0 };
	bool may = false;
	enum rc rc = l->kind->fallback ? sources_load(l->tx, l->kind->fallback, &f) : RC_MISSING;

	*ret = 0;
	if (rc == RC_OK)
		rc = look_at_egresses(l, &f, &may);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	unsigned out = count(l, f.name, ASK_FALLBACK) + count(l, f.name, ASK_PROBE);
	if (may)
		*ret = out < STAND_INS ? STAND_INS - out : 0;
	return RC_OK;
}

static const struct {
	int ask;
	enum titles_due_kind due;
} turns[] = {
	{ ASK_WANTED, TITLES_WANTED },
	{ ASK_FULL, TITLES_POLL_FULL },
	{ ASK_META, TITLES_POLL_META },
	{ ASK_OLDEST, TITLES_OLDEST },
};
#define TURNS (sizeof(turns) / sizeof(*turns))

/* The source is asked for what is due; the rest of a roll-out of the other one. */
static enum rc ask_primary(struct look *l)
{
	unsigned room = 0;
	enum rc rc = l->rollout.percent < 100 || l->rollout.max_titles || l->rollout.labels.n || l->rollout.shadow
			     ? room_of_other(l, &room)
			     : RC_OK;

	for (size_t i = 0; rc == RC_OK && i < TURNS; i++) {
		bool meta = l->kind->feed && (turns[i].ask == ASK_META || turns[i].ask == ASK_OLDEST);
		struct field_list all = { 0 }, mine = { 0 }, other = { 0 };
		if (count(l, l->s.name, turns[i].ask) > 0 || (turns[i].ask == ASK_META && !l->kind->feed))
			continue;
		/* Without metadata of their own, the others read the whole title for any poll. */
		enum titles_due_kind kind = turns[i].ask == ASK_FULL && !l->kind->feed ? TITLES_POLL : turns[i].due;
		rc = due(l, kind, meta ? SOURCES_SWEEP_PAGE : l->kind->refs_max, &all);
		if (rc == RC_OK)
			rc = part(l, &all, &mine, &other);
		if (rc == RC_OK)
			rc = ask(l, l->s.name, turns[i].ask, &mine);
		if (rc == RC_OK && other.n)
			rc = ask_other(l, &other, &room);
	}
	return rc;
}

/* Nobody can be asked: polls end with what that is, unknown. */
static enum rc answer_unknown(struct look *l)
{
	struct field_list open = { 0 };
	enum rc rc = due(l, TITLES_POLL, UNKNOWN_AT_ONCE, &open);
	return rc == RC_OK && open.n ? sources_unknown(l->tx, l->s.name, &open, "timeout") : rc;
}

static enum rc ask_secondary(struct look *l)
{
	/* What a feed announced it has to be asked itself: the other one cannot see whether that was a build. */
	static const enum titles_due_kind order[] = { TITLES_POLL, TITLES_OLDEST, TITLES_WANTED };
	size_t orders = l->kind->feed ? 2 : 3;
	unsigned room = 0;
	enum rc rc = room_of_other(l, &room);
	unsigned out = l->kind->fallback ? count(l, l->kind->fallback, ASK_FALLBACK) : 0;

	if (rc == RC_OK && room == 0 && out == 0 && !l->suspect)
		return answer_unknown(l);
	for (size_t i = 0; rc == RC_OK && i < orders && room > 0; i++) {
		struct field_list refs = { 0 };
		rc = due(l, order[i], room, &refs);
		if (rc == RC_OK)
			rc = ask_other(l, &refs, &room);
	}
	return rc;
}

static enum rc look_at(struct look *l)
{
	bool may = false;
	enum rc rc = sources_load(l->tx, l->kind->name, &l->s);

	if (rc == RC_OK)
		rc = sources_rollout_read(l->tx, &l->s, &l->rollout);
	if (rc == RC_OK)
		rc = look_at_egresses(l, &l->s, &may);
	if (rc == RC_OK)
		rc = look_at_asks(l);
	if (rc == RC_OK && may && l->kind->feed && !l->rollout.shadow)
		rc = sources_feed_scan(l->tx, &l->s, &l->asks);
	if (rc != RC_OK)
		return rc;
	if (may && !(l->suspect && l->kind->fallback))
		return ask_primary(l);
	l->rollout.shadow = false; /* it is not asked at all */
	return ask_secondary(l);
}

/* ---- all ---- */

static enum rc is_watched(struct tx *tx, const char *store, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT 1 FROM titles t WHERE t.store = $1 AND (t.watched > 0 OR EXISTS (SELECT 1 FROM "
		       "poll_titles p JOIN polls o ON o.id = p.poll_id WHERE p.title_id = t.id AND p.answer IS "
		       "NULL AND o.status = 'running')) LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(store)), &r, tx->fault);

	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc sources_scan(struct tx *tx)
{
	enum rc rc = forget_old(tx);

	for (const struct source_kind *k = sources_kinds; rc == RC_OK && k->name; k++) {
		struct look l = { .tx = tx, .kind = k };
		bool watched = false;
		if (k->stands_in)
			continue;
		rc = is_watched(tx, k->store, &watched);
		if (rc == RC_OK && watched)
			rc = sources_asks(tx, &l.asks);
		if (rc == RC_OK && watched)
			rc = look_at(&l);
	}
	struct field_list asks = { 0 };
	if (rc == RC_OK)
		rc = sources_asks(tx, &asks);
	if (rc == RC_OK)
		rc = sources_owned_scan(tx, &asks);
	if (rc == RC_OK)
		rc = sources_builds_ask(tx, &asks, false);
	return rc == RC_OK ? sources_builds_ask(tx, &asks, true) : rc;
}
