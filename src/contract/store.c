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

enum rc store_begin(struct store_conn *c, struct fault *f) { return c->impl->control(c, "BEGIN IMMEDIATE", f); }
enum rc store_commit(struct store_conn *c, struct fault *f)
{
	enum rc rc = c->impl->control(c, "COMMIT", f);
	if (rc != RC_OK)
		store_rollback(c);
	return rc;
}

void store_rollback(struct store_conn *c)
{
	if (c->impl->control(c, "ROLLBACK", NULL) != RC_OK)
		return; /* there was no transaction any more: the engine had undone it */
}

enum rc store_mark(struct store_conn *c, struct fault *f) { return c->impl->control(c, "SAVEPOINT mark", f); }
enum rc store_keep(struct store_conn *c, struct fault *f)
{
	return c->impl->control(c, "RELEASE SAVEPOINT mark", f);
}

void store_undo(struct store_conn *c)
{
	if (c->impl->control(c, "ROLLBACK TO SAVEPOINT mark", NULL) != RC_OK)
		return; /* the whole transaction is gone already */
	if (c->impl->control(c, "RELEASE SAVEPOINT mark", NULL) != RC_OK)
		return;
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
