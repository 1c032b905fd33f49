#include "control/updates/titles_due.h"
#include "control/updates/title_rows.h"

#include <stdlib.h>
#include <string.h>

/* Marks what it gives, so that it is not given again at once. $1: store, $2: how many, $3: now, $4: asked before this. */
#define MARKED(mark, which, order)                                                                     \
	{                                                                                              \
		.sql = "UPDATE titles SET " mark " = $3 WHERE id IN (SELECT t.id FROM titles t WHERE " \
		       "t.store = $1 AND t.whole_at < $4 AND " which " ORDER BY " order " LIMIT $2) "  \
		       "RETURNING ref"                                                                 \
	}
#define OPEN(more)                                                                                          \
	"EXISTS (SELECT 1 FROM poll_titles p JOIN polls o ON o.id = p.poll_id WHERE p.title_id = t.id AND " \
	"p.answer IS NULL AND o.status = 'running'" more ")"

static const struct store_query queries[] = {
	[TITLES_WANTED] =
		MARKED("whole_at", "t.watched > 0 AND t.wanted_number > t.change_number", "t.wanted_number"),
	[TITLES_POLL] = MARKED("asked_at", "t.asked_at < $4 AND " OPEN(""), "t.success_at"),
	[TITLES_POLL_FULL] = MARKED("whole_at", OPEN(" AND o.mode = 'full'"), "t.success_at"),
	[TITLES_POLL_META] =
		MARKED("asked_at", "t.asked_at < $4 AND " OPEN(" AND o.mode = 'metadata'"), "t.success_at"),
	[TITLES_OLDEST] =
		MARKED("asked_at", "t.asked_at < $4 AND t.watched > 0 AND t.heard_at <= $3 - t.interval_s * 1000",
			"($3 - t.heard_at) / 1000 * (t.priority + 1) DESC"),
	[TITLES_ALL_AFTER] = { .sql = "SELECT DISTINCT ref FROM titles WHERE store = $1 AND watched > 0 AND ref > "
				      "$3 ORDER "
				      "BY "
				      "ref LIMIT $2" },
	[TITLES_ANY] = { .sql = "SELECT ref FROM titles WHERE store = $1 AND ref > $3 ORDER BY CASE WHEN watched > "
				"0 THEN 0 ELSE 1 END, success_at DESC, ref LIMIT $2" },
};

static int by_ref(const void *p, const void *q)
{
	const char *const *a = p, *const *b = q;
	return strcmp(*a, *b);
}

/* A title is asked for once, however many rows of it are due. */
static size_t each_once(const char **refs, size_t n)
{
	size_t m = 0;

	if (n)
		qsort(refs, n, sizeof(*refs), by_ref);
	for (size_t i = 0; i < n; i++)
		if (m == 0 || strcmp(refs[m - 1], refs[i]) != 0)
			refs[m++] = refs[i];
	return m;
}

static enum rc read_refs(struct tx *tx, struct store_rows *r, uint32_t limit, struct field_list *ret)
{
	const char **to = arena_take(tx->arena, limit * sizeof(*to) + 1);
	bool row = false;
	size_t n = 0;
	enum rc rc = to ? RC_OK : RC_NOMEM;

	while (rc == RC_OK && n < limit && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		if (!(to[n++] = arena_str(tx->arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	*ret = (struct field_list){ to, n };
	return rc;
}

enum rc titles_due(struct tx *tx, const struct titles_ask *ask, struct field_list *ret_refs)
{
	enum title_store s = title_store_of(ask->source);
	bool all = ask->kind == TITLES_ALL_AFTER || ask->kind == TITLES_ANY;
	auto_rows struct store_rows *r = NULL;

	if (s == TITLE_STORES)
		return fault_set(tx->fault, RC_INTERNAL, "no source is called %s", ask->source);
	enum rc rc = store_run(tx->db, &queries[ask->kind],
		all ? STORE_ARGS(store_text(title_store_words[s]), store_int(ask->limit),
			      store_text(ask->after ? ask->after : ""))
		    : STORE_ARGS(store_text(title_store_words[s]), store_int(ask->limit), store_int(tx->now_ms),
			      store_int(tx->now_ms - TITLES_ASK_MS)),
		&r, tx->fault);
	if (rc == RC_OK)
		rc = read_refs(tx, r, ask->limit, ret_refs);
	if (rc == RC_OK && !all)
		ret_refs->n = each_once(ret_refs->at, ret_refs->n);
	return rc;
}

static enum rc mark(struct tx *tx, const struct store_query *set, const char *source, const struct field_list *refs,
	int64_t asked_at)
{
	enum title_store s = title_store_of(source);
	const char *const *at = refs->at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && s < TITLE_STORES && i < refs->n; i++)
		rc = store_put(tx->db, set,
			STORE_ARGS(store_text(title_store_words[s]), store_text(at[i]), store_int(asked_at)),
			tx->fault);
	return rc;
}

enum rc titles_unask(struct tx *tx, const char *source, const struct field_list *refs)
{
	static const struct store_query both = {
		.sql = "UPDATE titles SET asked_at = $3, whole_at = $3 WHERE store = $1 AND ref = $2"
	};
	return mark(tx, &both, source, refs, 0);
}

enum rc titles_reask(struct tx *tx, const char *source, const struct field_list *refs, bool whole)
{
	static const struct store_query sets[] = {
		{ .sql = "UPDATE titles SET asked_at = $3 WHERE store = $1 AND ref = $2" },
		{ .sql = "UPDATE titles SET whole_at = $3 WHERE store = $1 AND ref = $2" },
	};
	return mark(tx, &sets[whole], source, refs, tx->now_ms);
}
