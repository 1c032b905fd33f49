#include "base/when.h"
#include "wire/field_json.h"

#include <inttypes.h>

static bool is_empty(const struct field *row, const void *at)
{
	switch (row->type) {
	case FIELD_BOOL:
		return !*(const bool *)at;
	case FIELD_U32:
		return *(const uint32_t *)at == 0;
	case FIELD_I64:
	case FIELD_TIME:
		return *(const int64_t *)at == 0;
	case FIELD_ID64:
		return *(const uint64_t *)at == 0;
	case FIELD_STR:
	case FIELD_JSON:
		return *(const char *const *)at == NULL;
	case FIELD_MAP:
	case FIELD_LIST:
		return ((const struct field_list *)at)->n == 0;
	case FIELD_ENUM:
	case FIELD_OBJ:
	case FIELD_END:
		break;
	}
	return false;
}

static void put_time(struct buf *to, int64_t ms)
{
	char text[WHEN_MAX];
	if (ms == 0) {
		buf_str(to, "null");
		return;
	}
	when_text(text, ms);
	json_put_str(to, text);
}

static void put_i64(struct buf *to, int64_t v)
{
	if (v < 0)
		buf_u8(to, '-');
	buf_dec(to, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_map(struct buf *to, const struct field_list *l)
{
	const struct field_pair *pairs = l->at;
	buf_u8(to, '{');
	for (size_t i = 0; i < l->n; i++) {
		buf_str(to, i ? "," : "");
		json_put_str(to, pairs[i].key);
		buf_u8(to, ':');
		json_put_str(to, pairs[i].value);
	}
	buf_u8(to, '}');
}

static void put_value(const struct field *row, const void *at, struct buf *to);

static void put_list(const struct field *row, const struct field_list *l, struct buf *to)
{
	const struct field one = { .name = row->name, .type = row->item, .sub = row->sub, .words = row->words };
	size_t size = row->item == FIELD_OBJ   ? row->sub_size
		      : row->item == FIELD_U32 ? sizeof(uint32_t)
					       : sizeof(const char *);

	buf_u8(to, '[');
	for (size_t i = 0; i < l->n; i++) {
		buf_str(to, i ? "," : "");
		put_value(&one, (const char *)l->at + i * size, to);
	}
	buf_u8(to, ']');
}

static void put_value(const struct field *row, const void *at, struct buf *to)
{
	const char *json;

	switch (row->type) {
	case FIELD_BOOL:
		buf_str(to, *(const bool *)at ? "true" : "false");
		break;
	case FIELD_U32:
		buf_dec(to, *(const uint32_t *)at);
		break;
	case FIELD_I64:
		put_i64(to, *(const int64_t *)at);
		break;
	case FIELD_ID64:
		buf_fmt(to, "\"%" PRIu64 "\"", *(const uint64_t *)at);
		break;
	case FIELD_TIME:
		put_time(to, *(const int64_t *)at);
		break;
	case FIELD_STR:
		json_put_str(to, *(const char *const *)at);
		break;
	case FIELD_JSON:
		json = *(const char *const *)at;
		buf_str(to, json ? json : "null");
		break;
	case FIELD_ENUM:
		json_put_str(to, row->words[*(const int *)at]);
		break;
	case FIELD_OBJ:
		field_json_encode(row->sub, at, to);
		break;
	case FIELD_MAP:
		put_map(to, at);
		break;
	case FIELD_LIST:
		put_list(row, at, to);
		break;
	case FIELD_END:
		break;
	}
}

void field_json_encode(const struct field *t, const void *from, struct buf *to)
{
	bool first = true;

	buf_u8(to, '{');
	for (; t->type != FIELD_END; t++) {
		const void *at = (const char *)from + t->at;
		if ((t->flags & FIELD_OMIT) && is_empty(t, at))
			continue;
		if (!first)
			buf_u8(to, ',');
		first = false;
		buf_u8(to, '"');
		buf_str(to, t->name);
		buf_put(to, "\":", 2);
		put_value(t, at, to);
	}
	buf_u8(to, '}');
}
