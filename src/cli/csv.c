#include "cli/csv.h"
#include "cli/columns.h"
#include "cli/text.h"

#include <jansson.h>
#include <string.h>

static void put_text(struct buf *to, const char *s, size_t n)
{
	if (!memchr(s, ',', n) && !memchr(s, '"', n) && !memchr(s, '\n', n) && !memchr(s, '\r', n)) {
		buf_put(to, s, n);
		return;
	}
	buf_u8(to, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			buf_u8(to, '"');
		buf_u8(to, (uint8_t)s[i]);
	}
	buf_u8(to, '"');
}

static void put_value(struct buf *to, const json_t *v)
{
	struct buf cell = { 0 };

	if (!v || json_is_null(v))
		return;
	if (json_is_string(v)) {
		put_text(to, json_string_value(v), json_string_length(v));
		return;
	}
	if (json_array_size(v) + json_object_size(v) > 0 || !(json_is_array(v) || json_is_object(v)))
		text_cell(&cell, v);
	put_text(to, buf_text(&cell), cell.n);
	buf_done(&cell);
}

void csv_heading(struct buf *to, const char *columns)
{
	const struct columns all = columns_read(columns);
	for (size_t i = 0; i < all.n; i++) {
		buf_str(to, i ? "," : "");
		buf_str(to, all.at[i].path);
	}
	buf_str(to, "\r\n");
}

void csv_row(struct buf *to, const json_t *item, const char *columns)
{
	const struct columns all = columns_read(columns);
	for (size_t i = 0; i < all.n; i++) {
		buf_str(to, i ? "," : "");
		put_value(to, text_member(item, all.at[i].path));
	}
	buf_str(to, "\r\n");
}

static void put_member(struct buf *names, struct buf *values, const char *name, const json_t *v)
{
	buf_str(names, names->n ? "," : "");
	buf_str(values, names->n ? "," : "");
	put_text(names, name, strlen(name));
	put_value(values, v);
}

void csv_object(struct buf *to, const json_t *object)
{
	struct buf names = { 0 }, values = { 0 }, dotted = { 0 };
	const char *key, *inner;
	json_t *value, *v;

	json_object_foreach((json_t *)object, key, value)
	{
		if (json_object_size(value) == 0) {
			put_member(&names, &values, key, value);
			continue;
		}
		json_object_foreach(value, inner, v)
		{
			dotted.n = 0;
			buf_fmt(&dotted, "%s.%s", key, inner);
			put_member(&names, &values, buf_text(&dotted), v);
		}
	}
	buf_put(to, names.p, names.n);
	buf_str(to, "\r\n");
	buf_put(to, values.p, values.n);
	buf_str(to, "\r\n");
	to->bad = to->bad || names.bad || values.bad;
	buf_done(&names);
	buf_done(&values);
	buf_done(&dotted);
}
