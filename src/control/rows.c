#include "control/rows.h"
#include "base/buf.h"
#include "wire/field_json.h"
#include "wire/packed.h"

#include <string.h>

/* Maps and lists stand in the database as JSON. */
static enum rc read_json(const struct field *row, const char *text, struct arena *a, void *at, struct fault *f)
{
	if (!text)
		return RC_OK;
	return field_json_text(row, text, a, at, f);
}

static enum rc read_word(const struct field *row, const char *text, int *to, struct fault *f)
{
	for (int i = 0; text && row->words[i]; i++)
		if (!strcmp(text, row->words[i])) {
			*to = i;
			return RC_OK;
		}
	return fault_set(f, RC_INTERNAL, "the database holds \"%.40s\" as %s", text ? text : "null", row->name);
}

static enum rc read_text(struct store_rows *r, size_t i, struct arena *a, const char **to)
{
	const char *s = store_col_text(r, i);
	*to = s ? arena_str(a, s) : NULL;
	return s && !*to ? RC_NOMEM : RC_OK;
}

/* JSON as it stands there, or packed. */
static enum rc read_any_json(struct store_rows *r, size_t i, struct arena *a, const char **to, struct fault *f)
{
	const char *s = store_col_text(r, i);
	size_t n = s ? strlen(s) : 0, size = 0;

	if (!packed_is(s ? s : "", n))
		return read_text(r, i, a, to);
	enum rc rc = packed_size(s, n, &size, f);
	char *text = rc == RC_OK ? arena_take(a, size + 1) : NULL;
	if (rc == RC_OK)
		rc = text ? packed_open(s, n, text, f) : RC_NOMEM;
	*to = text;
	return rc == RC_OK || rc == RC_NOMEM ? rc : RC_INTERNAL;
}

static enum rc read_column(
	struct store_rows *r, size_t *i, const struct field *row, struct rows_into into, struct fault *f);

static enum rc read_all(struct store_rows *r, size_t *i, struct rows_into into, struct fault *f)
{
	enum rc rc = RC_OK;
	for (const struct field *row = into.t; rc == RC_OK && row->type != FIELD_END; row++)
		rc = read_column(r, i, row, into, f);
	return rc;
}

static enum rc read_column(
	struct store_rows *r, size_t *i, const struct field *row, struct rows_into into, struct fault *f)
{
	void *at = (char *)into.to + row->at;
	size_t col = *i;

	if (row->type == FIELD_OBJ) /* its members are columns of their own */
		return read_all(r, i, (struct rows_into){ row->sub, into.arena, at }, f);
	(*i)++;
	switch (row->type) {
	case FIELD_BOOL:
		*(bool *)at = store_col_int(r, col) != 0;
		return RC_OK;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)store_col_int(r, col);
		return RC_OK;
	case FIELD_I64:
	case FIELD_TIME:
		*(int64_t *)at = store_col_int(r, col);
		return RC_OK;
	case FIELD_STR:
		return read_text(r, col, into.arena, at);
	case FIELD_JSON:
		return read_any_json(r, col, into.arena, at, f);
	case FIELD_ENUM:
		return read_word(row, store_col_text(r, col), at, f);
	case FIELD_MAP:
	case FIELD_LIST:
		return read_json(row, store_col_text(r, col), into.arena, at, f);
	case FIELD_ID64: /* does not fit a signed column; none is stored */
	case FIELD_OBJ:
	case FIELD_END:
		break;
	}
	return RC_INTERNAL;
}

enum rc rows_read(struct store_rows *r, const struct field *t, struct arena *a, void *to, struct fault *f)
{
	size_t i = 0;
	return read_all(r, &i, (struct rows_into){ t, a, to }, f);
}

enum rc rows_one(struct store_conn *c, const struct store_query *q, struct store_args args, struct rows_into into,
	struct fault *f)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c, q, args, &r, f);
	return rc == RC_OK ? rows_read(r, into.t, into.arena, into.to, f) : rc;
}

enum rc rows_list(struct store_rows *r, const struct rows_into *each, size_t size, size_t max,
	struct field_list *ret, struct fault *f)
{
	char *items = arena_take(each->arena, (max + 1) * size);
	size_t n = 0;
	bool row = false;
	enum rc rc = items ? RC_OK : RC_NOMEM;

	while (rc == RC_OK && n < max && (rc = store_next(r, &row, f)) == RC_OK && row)
		rc = rows_read(r, each->t, each->arena, items + n++ * size, f);
	if (rc == RC_OK)
		*ret = (struct field_list){ items, n };
	return rc;
}

enum rc rows_text(struct store_rows *r, const struct rows_into *each, const char **ret_json, struct fault *f)
{
	struct buf b = { 0 };
	bool row = false;
	enum rc rc = RC_OK;

	buf_u8(&b, '[');
	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		buf_str(&b, b.n > 1 ? "," : "");
		rc = rows_read(r, each->t, each->arena, each->to, f);
		if (rc == RC_OK)
			field_json_encode(each->t, each->to, &b);
	}
	buf_u8(&b, ']');
	const char *text = rc == RC_OK && !b.bad ? arena_str(each->arena, buf_text(&b)) : NULL;
	buf_done(&b);
	if (text)
		*ret_json = text;
	return rc == RC_OK && !text ? RC_NOMEM : rc;
}
