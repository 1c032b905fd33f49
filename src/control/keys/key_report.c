#include "control/keys/key_report.h"
#include "base/when.h"
#include "wire/json.h"

#include <stdio.h>

#define COLUMNS 10
static const char *const columns[COLUMNS] = { "name", "key", "state", "account", "login", "detail", "packages",
	"receipt", "tries", "updatedAt" };

static const struct store_query all = { .sql = "SELECT k.name, k.masked, k.state, k.account_id, a.login, k.detail, "
					       "k.packages, k.receipt_id, k.tries, "
					       "k.updated_at FROM batch_keys k LEFT JOIN accounts a ON a.id = "
					       "k.account_id WHERE k.batch_id = $1 ORDER BY "
					       "k.ord" };

/* A field of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it. */
static void put_field(struct buf *b, const char *s)
{
	if (!s)
		return;
	bool formula = *s && strchr("=+-@\t\r", *s);
	bool quoted = formula || strpbrk(s, "\",\r\n");

	buf_str(b, quoted ? "\"" : "");
	buf_str(b, formula ? "'" : "");
	for (; *s; s++) {
		if (*s == '"')
			buf_u8(b, '"');
		buf_u8(b, (uint8_t)*s);
	}
	buf_str(b, quoted ? "\"" : "");
}

static const char *cell(struct store_rows *r, size_t i, char when[static WHEN_MAX])
{
	if (i == COLUMNS - 2) {
		snprintf(when, WHEN_MAX, "%lld", (long long)store_col_int(r, i));
		return when;
	}
	if (i < COLUMNS - 1)
		return store_col_text(r, i);
	when_text(when, store_col_int(r, i));
	return when;
}

enum rc key_report_csv(struct tx *tx, const char *batch_id, struct buf *to)
{
	auto_rows struct store_rows *r = NULL;
	char when[WHEN_MAX];
	bool row = false;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(batch_id)), &r, tx->fault);

	for (size_t i = 0; i < COLUMNS; i++)
		buf_fmt(to, "%s%s", i ? "," : "", columns[i]);
	buf_str(to, "\r\n");
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		for (size_t i = 0; i < COLUMNS; i++) {
			buf_str(to, i ? "," : "");
			put_field(to, cell(r, i, when));
		}
		buf_str(to, "\r\n");
	}
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

enum rc key_report_json(struct tx *tx, const char *batch_id, struct buf *to)
{
	auto_rows struct store_rows *r = NULL;
	char when[WHEN_MAX];
	bool row = false, first = true;
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(batch_id)), &r, tx->fault);

	buf_str(to, "{\"items\":[");
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		for (size_t i = 0; i < COLUMNS; i++) {
			buf_fmt(to, "%s\"%s\":", i ? "," : first ? "{" : ",{", columns[i]);
			if (i == 6 || i == 8) /* a list and a number as they are */
				buf_str(to, cell(r, i, when));
			else
				json_put_str(to, cell(r, i, when));
		}
		buf_u8(to, '}');
		first = false;
	}
	buf_str(to, "]}");
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

enum rc key_report_tries(struct tx *tx, const char *key_id, const char **ret)
{
	static const struct store_query tries = { .sql = "SELECT account_id, outcome, detail, at, task_id FROM "
							 "key_tries WHERE key_id = $1 ORDER BY n LIMIT 200" };
	static const char *const names[] = { "accountId", "outcome", "detail" };
	auto_rows struct store_rows *r = NULL;
	struct buf b = { 0 };
	char when[WHEN_MAX];
	bool row = false;
	enum rc rc = store_run(tx->db, &tries, STORE_ARGS(store_text(key_id)), &r, tx->fault);

	buf_u8(&b, '[');
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		when_text(when, store_col_int(r, 3));
		buf_fmt(&b, "%s{\"at\":\"%s\",\"taskId\":\"%s\"", b.n > 1 ? "," : "", when, store_col_text(r, 4));
		for (size_t i = 0; i < 3; i++) {
			buf_fmt(&b, ",\"%s\":", names[i]);
			json_put_str(&b, store_col_text(r, i));
		}
		buf_u8(&b, '}');
	}
	buf_u8(&b, ']');
	*ret = rc == RC_OK && !b.bad ? arena_str(tx->arena, buf_text(&b)) : NULL;
	buf_done(&b);
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}
