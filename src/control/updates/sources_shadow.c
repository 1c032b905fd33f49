#include "control/updates/sources_shadow.h"
#include "model/action_titles.h"

#include <string.h>

/* 's' (the shadow) or 'r' (the real one), then 'k' and the name, or 'u'. */
static const char *verdict(struct tx *tx, bool shadow, const struct action_title *t)
{
	bool known = t->status && !strcmp(t->status, "known");
	return arena_fmt(
		tx->arena, "%c%c%.200s", shadow ? 's' : 'r', known ? 'k' : 'u', known && t->name ? t->name : "");
}

static bool agree(const char *a, const char *b)
{
	return a[1] == b[1] && (!a[2] || !b[2] || !strcmp(a + 2, b + 2));
}

static enum rc put(struct tx *tx, const char *source, const char *ref, const char *said)
{
	static const struct store_query set = { .sql = "INSERT INTO source_shadows (source, ref, verdict) VALUES "
						       "($1, $2, $3) ON CONFLICT (source, ref) "
						       "DO UPDATE SET verdict = $3" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(source), store_text(ref), store_text(said)), tx->fault);
}

static enum rc drop(struct tx *tx, const char *source, const char *ref)
{
	static const struct store_query set = {
		.sql = "DELETE FROM source_shadows WHERE source = $1 AND ref = $2"
	};
	return store_do(tx->db, &set, STORE_ARGS(store_text(source), store_text(ref)), tx->fault);
}

static enum rc compare(struct tx *tx, const char *source, const struct action_title *t, const char *said)
{
	static const struct store_query find = {
		.sql = "SELECT verdict FROM source_shadows WHERE source = $1 AND ref = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(source), store_text(t->ref)), &r, tx->fault);
	const char *other = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;

	store_close(take(r));
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	if (!other || strlen(other) < 2 || other[0] == said[0])
		return put(tx, source, t->ref, said);
	rc = drop(tx, source, t->ref);
	return rc == RC_OK ? sources_mark(tx, source,
				     &(struct source_marks){ .compared = 1, .agreed = agree(said, other) })
			   : rc;
}

/* The source in whose shadow mode this is; NULL: none. */
static enum rc shadowed(struct tx *tx, const struct source_ask *a, const char **ret)
{
	*ret = a->kind == ASK_SHADOW ? a->source : NULL;
	for (const struct source_kind *k = sources_kinds; a->kind == ASK_FALLBACK && k->name; k++) {
		struct source s = { 0 };
		struct source_rollout ro;
		if (!k->fallback || strcmp(k->fallback, a->source) != 0)
			continue;
		enum rc rc = sources_load(tx, k->name, &s);
		if (rc == RC_OK)
			rc = sources_rollout_read(tx, &s, &ro);
		if (rc == RC_OK && ro.shadow)
			*ret = k->name;
		return rc;
	}
	return RC_OK;
}

enum rc sources_shadow_compare(struct tx *tx, const struct source_ask *a, const struct action_title *at, size_t n)
{
	const char *source = NULL;
	enum rc rc = shadowed(tx, a, &source);

	for (size_t i = 0; rc == RC_OK && source && i < n; i++) {
		const char *said = verdict(tx, a->kind == ASK_SHADOW, &at[i]);
		rc = said ? compare(tx, source, &at[i], said) : RC_NOMEM;
	}
	return rc;
}
