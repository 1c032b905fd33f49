#include "control/updates/titles.h"
#include "control/updates/build_rows.h"
#include "control/updates/polls.h"
#include "control/updates/title_facts.h"
#include "control/updates/title_rows.h"
#include "control/updates/watches.h"

#define REMOVED_AFTER 3                  /* answers that it is not there … */
#define REMOVED_APART ((int64_t)3600000) /* … so far apart */

/* One answer that is folded. */
struct fold {
	struct tx *tx;
	const struct titles_seen *seen;
	enum title_store store;
	bool others; /* some of the answers are definite */
	struct action_title at;
	struct title_row row;
	enum polls_answer answer;
	bool facts; /* row.facts is new */
	bool more;  /* somebody else may say more of it */
};

static bool is_known(const struct action_title *t) { return t->status && !strcmp(t->status, "known"); }

/* Has the source told of it before? */
static bool has_told(const struct fold *f)
{
	const char *name = arena_fmt(f->tx->arena, "\"%s\":{", f->seen->source);
	return name && f->row.facts && strstr(f->row.facts, name);
}

static enum rc tell_visibility(struct fold *f, const char *was, const char *is)
{
	struct title_news n = { .source = f->seen->source,
		.class = title_class_words[TITLE_VISIBILITY],
		.change_number = f->row.change_number,
		.diff = "[]" };
	struct field_list watchers = { 0 };
	int64_t pos = 0;

	enum rc rc = title_rows_change(f->tx, f->row.id, &n, &pos);
	if (rc == RC_OK)
		rc = title_rows_watchers(f->tx, &f->row, &watchers);
	const char *more = arena_fmt(
		f->tx->arena, "\"before\":\"%s\",\"after\":\"%s\",\"change\":%lld", was, is, (long long)pos);
	if (rc != RC_OK || !more)
		return rc == RC_OK ? RC_NOMEM : rc;
	return title_rows_tell(
		f->tx, &f->row, &watchers, &(struct title_told){ "title.visibility_changed", n.class, NULL, more });
}

/* ---- unknown ---- */

/* It is not there, says a source that has told of it, or of a title that nobody knows yet. Others are: so it is not the source. */
static enum rc fold_missing(struct fold *f)
{
	struct title_row *t = &f->row;
	int64_t now = f->tx->now_ms;

	t->wanted_number = t->change_number;
	if (!strcmp(t->state, TITLE_NEW)) {
		t->state = f->others || t->unknown_n > 0 ? TITLE_UNKNOWN : t->state;
		t->unknown_n++;
		return RC_OK;
	}
	if (!f->others || !has_told(f) || strcmp(t->state, TITLE_KNOWN) != 0 ||
		(t->unknown_n && now - t->unknown_at < REMOVED_APART))
		return RC_OK;
	t->unknown_n++;
	t->unknown_at = now;
	if (t->unknown_n < REMOVED_AFTER)
		return RC_OK;
	t->state = TITLE_REMOVED;
	t->changed_at = now;
	return tell_visibility(f, TITLE_KNOWN, TITLE_REMOVED);
}

/* Is the row's own account still to say something of it? */
static bool is_left(const struct fold *f)
{
	const struct titles_left *l = f->seen->left.at;

	for (size_t i = 0; *f->row.scope && i < f->seen->left.n; i++)
		if (!strcmp(l[i].scope, f->row.scope) && !strcmp(l[i].ref, f->row.ref))
			return true;
	return false;
}

static enum rc fold_unknown(struct fold *f)
{
	const char *reason = f->at.reason ? f->at.reason : "empty";
	bool token = !strcmp(reason, "missing_token"), denied = title_is_denied(reason);

	f->answer = POLLS_UNKNOWN;
	f->more |= is_left(f);
	if (f->more || f->seen->shadow)
		return RC_OK;
	f->row.reason = reason;
	f->row.heard_at = f->tx->now_ms;
	if (token || denied) {
		f->row.access = token ? "token" : "denied";
		f->row.wanted_number = f->row.change_number;
	}
	return !strcmp(reason, "missing") ? fold_missing(f) : RC_OK;
}

/* ---- known ---- */

static enum rc greet(struct fold *f)
{
	struct title_row *t = &f->row;
	bool back = !strcmp(t->state, TITLE_REMOVED);

	t->state = TITLE_KNOWN;
	t->reason = NULL;
	t->unknown_n = 0;
	t->asked_at = 0;
	t->heard_at = t->success_at = f->tx->now_ms;
	t->method = f->seen->source;
	t->fallback = f->seen->fallback;
	if (f->at.access)
		t->access = f->at.access;
	return back ? tell_visibility(f, TITLE_REMOVED, TITLE_KNOWN) : RC_OK;
}

/* Has the source told this very record before? By its hash. */
static enum rc has_this(struct fold *f, bool *ret)
{
	struct action_title before = { 0 };
	enum rc rc = f->at.sha1
			     ? title_facts_get(f->row.facts, f->seen->source, f->tx->arena, &before, f->tx->fault)
			     : RC_MISSING;

	*ret = rc == RC_OK && before.sha1 && !strcmp(before.sha1, f->at.sha1);
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Numbers say nothing of who may see a title whole: the reason stays until it was asked for whole. */
static enum rc greet_number(struct fold *f)
{
	const char *reason = f->row.reason;
	enum rc rc = greet(f);

	if (reason && (!strcmp(reason, "missing_token") || title_is_denied(reason)))
		f->row.reason = reason;
	return rc;
}

/* A number and a hash: another number with another hash wants the title whole. */
static enum rc fold_number(struct fold *f)
{
	struct title_row *t = &f->row;
	bool same = false;

	f->answer = POLLS_UNCHANGED;
	if (f->at.change_number <= t->change_number)
		return f->seen->shadow ? RC_OK : greet_number(f);
	enum rc rc = has_this(f, &same);
	if (rc != RC_OK)
		return rc;
	if (same)
		t->change_number = f->at.change_number;
	else if (t->change_number > 0)
		f->answer = POLLS_CHANGED;
	if (t->wanted_number < f->at.change_number)
		t->wanted_number = f->at.change_number;
	return f->seen->shadow ? RC_OK : greet_number(f);
}

static enum rc tell_change(
	struct fold *f, const struct field_list *watchers, const struct title_change *c, int64_t pos)
{
	const char *class = title_class_words[c->class];
	const char *more = arena_fmt(f->tx->arena, "\"source\":\"%s\",\"changeNumber\":%lld,\"change\":%lld",
		f->seen->source, (long long)f->row.change_number, (long long)pos);

	if (!more)
		return RC_NOMEM;
	return title_rows_tell(f->tx, &f->row, watchers,
		&(struct title_told){ c->class == TITLE_VISIBILITY ? "title.visibility_changed" : "title.changed",
			class, c->branch, more });
}

static const char *direction_of(const struct title_change *c)
{
	if (!c->build)
		return NULL;
	return c->rollback ? BUILDS_ROLLBACK : BUILDS_FORWARD;
}

/* The row of a change; first: the one that has the patch, 0: it is this. */
static struct title_news news_of(
	const struct fold *f, const struct title_change *c, const struct title_facts_set *set, int64_t first)
{
	const char *patch = set->patch ? set->patch : "[]";

	return (struct title_news){ .source = f->seen->source,
		.class = title_class_words[c->class],
		.branch = c->branch,
		.os = c->os,
		.build_id = c->build ? c->build->build_id : NULL,
		.direction = direction_of(c),
		.change_number = f->row.change_number,
		.diff = first ? NULL : patch,
		.cut = set->cut,
		.diff_of = first };
}

/* A new build's announcement is its event; a branch that goes to a build known before is a change as any other. */
static enum rc announce(
	struct fold *f, const struct field_list *watchers, const struct title_change *c, int64_t pos)
{
	bool known = !c->build;
	enum rc rc = RC_OK;

	if (c->build)
		rc = build_rows_announce(f->tx,
			&(struct build_rows_new){
				&f->row, c->build, &f->at.depots, f->seen->source, direction_of(c), watchers, pos },
			&known);
	return rc == RC_OK && known ? tell_change(f, watchers, c, pos) : rc;
}

/* Rows and events of what changed; the patch stands with the first. */
static enum rc keep_changes(struct fold *f, const struct field_list *changes, const struct title_facts_set *set)
{
	const struct title_change *c = changes->at;
	struct field_list watchers = { 0 };
	int64_t first = 0, pos = 0;
	enum rc rc = changes->n ? title_rows_watchers(f->tx, &f->row, &watchers) : RC_OK;

	for (size_t i = 0; rc == RC_OK && i < changes->n; i++) {
		const struct title_news n = news_of(f, &c[i], set, first);
		rc = title_rows_change(f->tx, f->row.id, &n, &pos);
		first = first ? first : pos;
		if (rc == RC_OK)
			rc = announce(f, &watchers, &c[i], pos);
	}
	return rc;
}

/* The first that a source says: its builds are known from now on; what others have told of a branch goes on. */
static enum rc keep_first(struct fold *f, struct field_list *ret_changes)
{
	const struct action_title_branch *b = f->at.branches.at;
	struct title_change *c = arena_take(f->tx->arena, f->at.branches.n * sizeof(*c) + 1);
	size_t n = 0;
	enum rc rc = c ? RC_OK : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < f->at.branches.n; i++) {
		struct action_title_branch was = { .name = b[i].name, .os = b[i].os };
		bool is_new = false, knows = false;
		if (!b[i].build_id || !*b[i].build_id)
			continue;
		if (f->row.facts) /* else nobody has told of builds */
			rc = build_rows_last(f->tx, f->row.id, &was, b[i].build_id, &knows, &is_new);
		if (rc == RC_OK && !knows)
			rc = build_rows_first(f->tx, &(struct build_rows_new){ .title = &f->row,
							     .branch = &b[i],
							     .depots = &f->at.depots,
							     .source = f->seen->source });
		else if (rc == RC_OK && is_new)
			c[n++] = (struct title_change){ TITLE_BUILD, b[i].name, b[i].os, &b[i],
				title_is_rollback(f->store, &was, &b[i]) };
	}
	*ret_changes = (struct field_list){ c, n };
	return rc;
}

static enum rc compare(struct fold *f, struct field_list *ret_changes)
{
	struct action_title before = { 0 };
	struct arena *a = f->tx->arena;
	enum rc rc = title_facts_get(f->row.facts, f->seen->source, a, &before, f->tx->fault);
	bool first = rc == RC_MISSING;

	if (rc != RC_OK && !first)
		return rc;
	/* An account that may see it sees all of it, though it was for everybody before. */
	bool whole = first || (f->seen->scope && f->store == TITLE_STEAM);
	rc = title_settle(f->store, whole ? NULL : &before, &f->at, a);
	if (rc == RC_OK && !first)
		return title_compare(f->store, &before, &f->at, a, ret_changes);
	if (rc == RC_OK && !f->seen->shadow)
		rc = keep_first(f, ret_changes);
	return rc;
}

/* It is as it was, or changed: what is known of it is this from now on. */
static enum rc take_over(struct fold *f, const struct field_list *changes, struct title_facts_set *ret)
{
	struct title_row *t = &f->row;
	enum rc rc = title_facts_set(t->facts, f->seen->source, &f->at, f->tx->arena, ret, f->tx->fault);

	t->facts = ret->text;
	f->facts = !ret->same;
	if (f->at.change_number)
		t->change_number = f->at.change_number;
	if (t->wanted_number < t->change_number || (!f->at.change_number && !f->seen->fallback))
		t->wanted_number = t->change_number;
	if (f->at.name)
		t->name = f->at.name;
	if (changes->n)
		t->changed_at = f->tx->now_ms;
	t->whole_at = 0;
	return rc;
}

/* All that the source has to say. */
static enum rc fold_whole(struct fold *f)
{
	struct field_list changes = { 0 };
	struct title_facts_set set = { 0 };
	bool same = false;

	f->answer = POLLS_UNCHANGED;
	if (f->at.change_number && f->at.change_number < f->row.change_number) /* of a server that is behind */
		return f->seen->shadow ? RC_OK : greet(f);
	enum rc rc = title_settle(f->store, NULL, &f->at, f->tx->arena);
	if (rc == RC_OK)
		rc = title_facts_same(f->row.facts, f->seen->source, &f->at, &same);
	if (rc == RC_OK && !same)
		rc = compare(f, &changes);
	f->answer = changes.n ? POLLS_CHANGED : POLLS_UNCHANGED;
	if (rc != RC_OK || f->seen->shadow)
		return rc;
	rc = take_over(f, &changes, &set);
	if (rc == RC_OK)
		rc = greet(f);
	return rc == RC_OK ? keep_changes(f, &changes, &set) : rc;
}

/* Some answer to a question for numbers alone. Has it more, as a source has that knows none, it is whole. */
static bool is_number(const struct fold *f)
{
	return f->seen->metadata_only && f->at.change_number && !f->at.branches.n && !f->at.sections.n;
}

/* A source that stands in and tells of no builds cannot say that there is none: whoever watches builds has no answer from it. */
static enum rc is_blind(struct fold *f, bool *ret)
{
	struct field_list all = { 0 };
	bool blind = f->seen->fallback && f->answer == POLLS_UNCHANGED && !f->at.branches.n;
	enum rc rc = blind ? title_rows_watchers(f->tx, &f->row, &all) : RC_OK;
	const struct title_watcher *w = all.at;

	*ret = false;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		*ret |= title_rows_watches(&w[i], "build", NULL);
	return rc;
}

static void count(struct titles_seen *s, enum polls_answer answer)
{
	s->ret_changed += answer == POLLS_CHANGED;
	s->ret_unchanged += answer == POLLS_UNCHANGED;
	s->ret_unknown += answer == POLLS_UNKNOWN;
}

/* Into the row that was loaded. */
static enum rc fold_row(struct fold *f, struct titles_seen *s, struct polls_open *polls)
{
	const struct title_row was = f->row;
	enum rc rc;

	if (!is_known(&f->at))
		rc = fold_unknown(f);
	else
		rc = is_number(f) ? fold_number(f) : fold_whole(f);
	bool blind = false;
	if (rc == RC_OK)
		rc = is_blind(f, &blind);
	if (rc != RC_OK)
		return rc;
	if (blind)
		f->answer = POLLS_UNKNOWN;
	if (s->scope || !*f->row.scope)
		count(s, f->answer);
	bool waits = f->more && f->answer == POLLS_UNKNOWN;
	if (s->shadow || (waits && !blind))
		return RC_OK;
	rc = title_rows_keep(f->tx, &f->row, f->facts);
	if (rc == RC_OK)
		rc = watches_settle(f->tx, &was, &f->row);
	return rc == RC_OK && !waits ? polls_answered(f->tx, polls, f->row.id, f->answer, !is_number(f)) : rc;
}

/* What an account says is its scope's alone; what is said to everybody is for each row of the title: *ret_more: there is another. */
static enum rc load(struct fold *f, const char *after, bool *ret_more)
{
	const struct title_row like = { .store = title_store_words[f->store], .ref = f->at.ref };

	*ret_more = false;
	return f->seen->scope ? title_rows_find(f->tx, like.store, like.ref, f->seen->scope, &f->row)
			      : title_rows_next(f->tx, &like, after, &f->row, ret_more);
}

/* Each in an arena of its own: thousands of titles with all they say would not fit into one. */
static enum rc fold_one(const struct fold *each, struct titles_seen *s, struct polls_open *polls, struct arena *a)
{
	struct tx *tx = each->tx;
	struct arena *outer = tx->arena;
	const char *after = NULL;
	bool more = true;
	enum rc rc = RC_OK;

	tx->arena = a;
	while (rc == RC_OK && more) {
		struct fold f = *each;
		rc = load(&f, after, &more);
		if (rc == RC_OK)
			rc = fold_row(&f, s, polls);
		if (rc == RC_OK && more && !(after = arena_str(outer, f.row.scope)))
			rc = RC_NOMEM;
		arena_reset(a);
	}
	tx->arena = outer;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc titles_fold(struct tx *tx, struct titles_seen *s)
{
	struct arena a = { 0 };
	struct polls_open polls = { 0 };
	enum title_store store = title_store_of(s->source);
	bool others = false;
	enum rc rc = store < TITLE_STORES ? RC_OK
					  : fault_set(tx->fault, RC_INTERNAL, "no source is called %s", s->source);

	s->ret_changed = s->ret_unchanged = s->ret_unknown = 0;
	for (size_t i = 0; i < s->n; i++)
		others |= is_known(&s->at[i]);
	if (rc == RC_OK && !s->shadow)
		rc = polls_look(tx, &polls);
	for (size_t i = 0; rc == RC_OK && i < s->n; i++) {
		const struct fold f = {
			.tx = tx, .seen = s, .store = store, .others = others, .more = s->more, .at = s->at[i]
		};
		if (f.at.ref)
			rc = fold_one(&f, s, &polls, &a);
	}
	arena_done(&a);
	return rc == RC_OK ? polls_told(tx, &polls) : rc;
}

enum rc titles_touch(struct tx *tx, const char *store, const char *ref, int64_t change_number)
{
	static const struct store_query set = { .sql = "UPDATE titles SET wanted_number = $3 WHERE store = $1 AND "
						       "ref = $2 AND wanted_number < $3 AND "
						       "change_number < $3" };
	return store_put(
		tx->db, &set, STORE_ARGS(store_text(store), store_text(ref), store_int(change_number)), tx->fault);
}
