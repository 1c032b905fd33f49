#include "wire/field_json.h"
#include "base/when.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Where we are in the JSON: a chain on the stack, written out as a pointer only when something is wrong. */
struct place {
	const struct place *up;
	const char *name; /* NULL: the item numbered `index` */
	size_t index;
};

static void put_place(struct buf *b, const struct place *at)
{
	if (!at)
		return;
	put_place(b, at->up);
	buf_u8(b, '/');
	if (!at->name) {
		buf_dec(b, at->index);
		return;
	}
	for (const char *s = at->name; *s; s++) {
		if (*s == '~' || *s == '/')
			buf_str(b, *s == '~' ? "~0" : "~1");
		else
			buf_u8(b, (uint8_t)*s);
	}
}

enum rc field_json_problem(struct field_reader *r, const char *pointer, const char *code, const char *detail)
{
	if (r->problems_n < FIELD_PROBLEMS_MAX) {
		const char *keep_pointer = arena_str(r->arena, pointer), *keep_detail = arena_str(r->arena, detail);
		if (!keep_pointer || !keep_detail)
			r->full = true;
		else
			r->problems[r->problems_n++] = (struct field_problem){ keep_pointer, code, keep_detail };
	}
	return RC_INVALID;
}

static void wrong(struct field_reader *r, const struct place *at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void wrong(struct field_reader *r, const struct place *at, const char *code, const char *fmt, ...)
{
	struct buf pointer = { 0 };
	char detail[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	put_place(&pointer, at);
	field_json_problem(r, buf_text(&pointer), code, detail);
	buf_done(&pointer);
}

/* Memory and texts of what is decoded. Without them the decoding has failed, whatever the problems are. */
static void *room_for(struct field_reader *r, size_t n)
{
	void *p = arena_take(r->arena, n);
	r->full |= !p;
	return p;
}

static const char *keep(struct field_reader *r, const char *s, size_t n)
{
	const char *kept = arena_strn(r->arena, s, n);
	r->full |= !kept;
	return kept;
}

static int64_t lowest(const struct field *row)
{
	if (row->min || row->max)
		return row->min;
	return row->type == FIELD_I64 ? INT64_MIN : 0;
}

static int64_t highest(const struct field *row)
{
	if (row->max)
		return row->max;
	return row->type == FIELD_U32 ? UINT32_MAX : INT64_MAX;
}

static void take_number(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *at, void *to)
{
	int64_t n = json_integer_value(v);

	if (!json_is_integer(v))
		wrong(r, at, "wrong_type", "must be a whole number");
	else if (n < lowest(row) || n > highest(row))
		wrong(r, at, "out_of_range", "must be from %" PRId64 " to %" PRId64, lowest(row), highest(row));
	else if (row->type == FIELD_U32)
		*(uint32_t *)to = (uint32_t)n;
	else
		*(int64_t *)to = n;
}

static void take_text(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *at, const char **to)
{
	size_t n = json_string_length(v), max = row->max ? (size_t)row->max : FIELD_STR_MAX_DEFAULT;
	const char *s = json_string_value(v);

	if (!s)
		wrong(r, at, "wrong_type", "must be a text");
	else if (n > max)
		wrong(r, at, "too_long", "must have at most %zu bytes", max);
	else if (n < (size_t)row->min)
		wrong(r, at, "too_short", "must have at least %" PRId64 " bytes", row->min);
	else if (strlen(s) != n || (row->chars && strspn(s, row->chars) != n))
		wrong(r, at, "malformed",
			row->chars ? "may hold only the characters %.120s" : "must not hold a NUL%s",
			row->chars ? row->chars : "");
	else
		*to = keep(r, s, n);
}

static void take_id64(const json_t *v, struct field_reader *r, const struct place *at, uint64_t *to)
{
	const char *s = json_string_value(v);
	char *end = NULL;

	errno = 0;
	uint64_t n = s && *s >= '0' && *s <= '9' ? strtoull(s, &end, 10) : 0;
	if (!end || *end || errno)
		wrong(r, at, s ? "malformed" : "wrong_type",
			"must be a 64-bit number as a decimal text, such as \"76561197960265728\"");
	else
		*to = n;
}

static void take_time(const json_t *v, struct field_reader *r, const struct place *at, int64_t *to)
{
	const char *s = json_string_value(v);
	if (!s || !when_parse(s, to))
		wrong(r, at, s ? "malformed" : "wrong_type",
			"must be an RFC 3339 moment, such as \"2026-01-31T12:00:00Z\"");
}

static void take_word(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *at, int *to)
{
	const char *s = json_string_value(v);
	struct buf all = { 0 };

	for (int i = 0; row->words[i]; i++) {
		if (s && !strcmp(s, row->words[i])) {
			*to = i;
			buf_done(&all);
			return;
		}
		buf_fmt(&all, "%s%s", i ? ", " : "", row->words[i]);
	}
	wrong(r, at, s ? "not_one_of" : "wrong_type", "must be one of: %.150s", buf_text(&all));
	buf_done(&all);
}

static void take_map(const json_t *v, struct field_reader *r, const struct place *at, struct field_list *to)
{
	size_t n = json_object_size(v), i = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(v)) {
		wrong(r, at, "wrong_type", "must be an object whose values are texts");
		return;
	}
	if (n > FIELD_PAIRS_MAX) {
		wrong(r, at, "too_long", "must have at most %d members", FIELD_PAIRS_MAX);
		return;
	}
	struct field_pair *pairs = room_for(r, (n + 1) * sizeof(*pairs));
	if (!pairs)
		return;
	json_object_foreach((json_t *)v, key, value)
	{
		const struct place here = { at, key, 0 };
		const char *s = json_string_value(value);
		if (!s || json_string_length(value) > 256 || strlen(key) > 64)
			wrong(r, &here, s ? "too_long" : "wrong_type",
				"must be a text of at most 256 bytes under a name of at most 64");
		pairs[i++] =
			(struct field_pair){ keep(r, key, strlen(key)), keep(r, s ? s : "", s ? strlen(s) : 0) };
	}
	*to = (struct field_list){ pairs, n };
}

static void take_json(const json_t *v, struct field_reader *r, const char **to)
{
	struct buf text = { .wipes = true };
	if (json_put(&text, v, false) == RC_OK)
		*to = keep(r, (char *)text.p, text.n);
	else
		r->full = true;
	buf_done(&text);
}

static void take_object(
	const struct field *t, const json_t *in, struct field_reader *r, const struct place *at, void *to);
static void take_value(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *at, void *to);

static size_t item_size(const struct field *row)
{
	return row->item == FIELD_OBJ   ? row->sub_size
	       : row->item == FIELD_U32 ? sizeof(uint32_t)
					: sizeof(const char *);
}

static void take_list(const struct field *row, const json_t *v, struct field_reader *r, const struct place *at,
	struct field_list *to)
{
	size_t n = json_array_size(v), size = item_size(row),
	       max = row->max ? (size_t)row->max : FIELD_LIST_MAX_DEFAULT;
	const struct field one = {
		.name = row->name, .type = row->item, .sub = row->sub, .words = row->words, .chars = row->chars
	};

	if (!json_is_array(v)) {
		wrong(r, at, "wrong_type", "must be a list");
		return;
	}
	if (n > max || n < (size_t)row->min) {
		wrong(r, at, "out_of_range", "must have from %" PRId64 " to %zu items", row->min, max);
		return;
	}
	char *items = room_for(r, (n + 1) * size);
	if (!items)
		return;
	bool partial = r->partial;
	r->partial = false; /* a merge patch puts a whole list in the place of the old one: its items are new */
	for (size_t i = 0; i < n; i++)
		take_value(&one, json_array_get(v, i), r, &(struct place){ at, NULL, i }, items + i * size);
	r->partial = partial;
	*to = (struct field_list){ items, n };
}

static void take_value(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *at, void *to)
{
	switch (row->type) {
	case FIELD_BOOL:
		if (json_is_boolean(v))
			*(bool *)to = json_is_true(v);
		else
			wrong(r, at, "wrong_type", "must be true or false");
		break;
	case FIELD_U32:
	case FIELD_I64:
		take_number(row, v, r, at, to);
		break;
	case FIELD_ID64:
		take_id64(v, r, at, to);
		break;
	case FIELD_TIME:
		take_time(v, r, at, to);
		break;
	case FIELD_STR:
		take_text(row, v, r, at, to);
		break;
	case FIELD_JSON:
		take_json(v, r, to);
		break;
	case FIELD_ENUM:
		take_word(row, v, r, at, to);
		break;
	case FIELD_OBJ:
		take_object(row->sub, v, r, at, to);
		break;
	case FIELD_MAP:
		take_map(v, r, at, to);
		break;
	case FIELD_LIST:
		take_list(row, v, r, at, to);
		break;
	case FIELD_END:
		break;
	}
}

static void take_member(
	const struct field *row, const json_t *v, struct field_reader *r, const struct place *up, void *to)
{
	const struct place at = { up, row->name, 0 };
	void *where = (char *)to + row->at;

	if (!v) {
		if ((row->flags & FIELD_REQUIRED) && !r->partial)
			wrong(r, &at, "required", "is required: %.150s", row->doc ? row->doc : "");
		return;
	}
	if (row->flags & FIELD_READONLY) {
		wrong(r, &at, "read_only", "is set by the server and may not be given");
		return;
	}
	if (json_is_null(v) && row->type != FIELD_JSON) {
		if (row->flags & FIELD_NULLABLE)
			field_defaults((const struct field[]){ *row, { 0 } }, to);
		else
			wrong(r, &at, "wrong_type", "may not be null");
		return;
	}
	take_value(row, v, r, &at, where);
}

static void take_object(
	const struct field *t, const json_t *in, struct field_reader *r, const struct place *at, void *to)
{
	const char *key;
	json_t *value;

	if (!json_is_object(in)) {
		wrong(r, at, "wrong_type", "must be an object");
		return;
	}
	if (!r->partial)
		field_defaults(t, to);
	for (size_t i = 0; t[i].type != FIELD_END; i++) {
		const json_t *v = json_object_get(in, t[i].name);
		if (v && !at && i < 64)
			r->given |= 1ull << i;
		take_member(&t[i], v, r, at, to);
	}
	json_object_foreach((json_t *)in, key, value)
	{
		if (r->lenient || field_find(t, key))
			continue;
		const char *near = field_nearest(t, key);
		wrong(r, &(struct place){ at, key, 0 }, "unknown_field",
			near ? "there is no such field; did you mean \"%s\"?" : "there is no such field%s",
			near ? near : "");
	}
}

enum rc field_json_decode(
	const struct field *t, const struct json_t *in, struct field_reader *r, void *to, struct fault *f)
{
	r->given = 0;
	r->problems_n = 0;
	r->full = false;
	take_object(t, in, r, NULL, to);
	if (r->full)
		return fault_set(f, RC_NOMEM, "the JSON takes more memory than it may have; send less at once");
	if (r->problems_n == 0)
		return RC_OK;
	const struct field_problem *p = &r->problems[0];
	return fault_set(f, RC_INVALID, "%s: %s", *p->pointer ? p->pointer : "the body", p->detail);
}

enum rc field_json_text(const struct field *row, const char *text, struct arena *a, void *to, struct fault *f)
{
	struct field_reader r = { .arena = a };
	bool quoted = row->type == FIELD_STR || row->type == FIELD_ID64 || row->type == FIELD_TIME ||
		      row->type == FIELD_ENUM;
	auto_json json_t *v = NULL;

	if (quoted) {
		v = json_string(text);
		if (!v)
			return fault_set(f, RC_INVALID, "%s: is not UTF-8", row->name);
	} else if (json_read(text, strlen(text), &v, NULL) != RC_OK) {
		return fault_set(f, RC_INVALID, "%s: \"%.60s\" is not a value of its type", row->name, text);
	}
	take_value(row, v, &r, NULL, to);
	if (r.full)
		return fault_set(f, RC_NOMEM, "%s: the value takes more memory than it may have", row->name);
	return r.problems_n ? fault_set(f, RC_INVALID, "%s: %s", row->name, r.problems[0].detail) : RC_OK;
}
