#include "contract/store.h"

void store_free(struct store *s)
{
	if (s)
		s->impl->free(s);
}

enum rc store_connect(struct store *s, enum store_mode mode, struct store_conn **ret_conn, struct fault *f)
{
	return s->impl->connect(s, mode, ret_conn, f);
}

void store_disconnect(struct store_conn *c)
{
	if (c)
		c->impl->disconnect(c);
}

static enum rc say(struct store_conn *c, enum store_word word, struct fault *f)
{
	static const char *const words[] = {
		[STORE_BEGIN] = "BEGIN IMMEDIATE",
		[STORE_COMMIT] = "COMMIT",
		[STORE_ROLLBACK] = "ROLLBACK",
		[STORE_MARK] = "SAVEPOINT mark",
		[STORE_KEEP] = "RELEASE SAVEPOINT mark",
		[STORE_UNDO] = "ROLLBACK TO SAVEPOINT mark; RELEASE SAVEPOINT mark",
	};
	return c->impl->word ? c->impl->word(c, word, f) : c->impl->control(c, words[word], f);
}

enum rc store_begin(struct store_conn *c, struct fault *f) { return say(c, STORE_BEGIN, f); }
enum rc store_commit(struct store_conn *c, struct fault *f)
{
	enum rc rc = say(c, STORE_COMMIT, f);
	if (rc != RC_OK)
		store_rollback(c);
	return rc;
}

void store_rollback(struct store_conn *c)
{
	if (say(c, STORE_ROLLBACK, NULL) != RC_OK)
		return; /* there was no transaction any more: the engine had undone it */
}

enum rc store_mark(struct store_conn *c, struct fault *f) { return say(c, STORE_MARK, f); }
enum rc store_keep(struct store_conn *c, struct fault *f) { return say(c, STORE_KEEP, f); }

void store_undo(struct store_conn *c)
{
	if (say(c, STORE_UNDO, NULL) != RC_OK)
		return; /* the whole transaction is gone already */
}

enum rc store_run(struct store_conn *c, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f)
{
	return c->impl->run(c, q, args, ret_rows, f);
}

enum rc store_next(struct store_rows *r, bool *ret_row, struct fault *f) { return r->impl->next(r, ret_row, f); }

void store_close(struct store_rows *r)
{
	if (r)
		r->impl->close(r);
}

enum rc store_do(struct store_conn *c, const struct store_query *q, struct store_args args, struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	bool row = true;
	enum rc rc = store_run(c, q, args, &r, f);

	while (rc == RC_OK && row)
		rc = store_next(r, &row, f);
	return rc;
}

enum rc store_put(struct store_conn *c, const struct store_query *q, struct store_args args, struct fault *f)
{
	return c->impl->put ? c->impl->put(c, q, args, f) : store_do(c, q, args, f);
}

enum rc store_one(struct store_conn *c, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(c, q, args, &r, f);

	if (rc == RC_OK)
		rc = store_next(r, &row, f);
	if (rc != RC_OK)
		return rc;
	if (!row)
		return RC_MISSING;
	*ret_rows = take(r);
	return RC_OK;
}

int64_t store_col_int(struct store_rows *r, size_t i) { return r->impl->column(r, i).i; }
const char *store_col_text(struct store_rows *r, size_t i) { return r->impl->column(r, i).p; }

enum rc store_copy(struct store_conn *c, const char *path, struct fault *f)
{
	if (!c->impl->copy)
		return fault_set(f, RC_INVALID, "%s is no file that could be copied", c->impl->name);
	return c->impl->copy(c, path, f);
}
