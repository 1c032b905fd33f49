#include "wire/field_json.h"

#include <inttypes.h>

static void put_type(const struct field *row, bool answer, struct buf *to);

static void put_bounds(const struct field *row, const char *low, const char *high, struct buf *to)
{
	if (row->min)
		buf_fmt(to, ",\"%s\":%" PRId64, low, row->min);
	if (row->max)
		buf_fmt(to, ",\"%s\":%" PRId64, high, row->max);
}

static void put_words(const struct field *row, struct buf *to)
{
	buf_str(to, "\"type\":\"string\",\"enum\":[");
	for (int i = 0; row->words[i]; i++) {
		buf_str(to, i ? "," : "");
		json_put_str(to, row->words[i]);
	}
	buf_u8(to, ']');
}

static void put_list(const struct field *row, bool answer, struct buf *to)
{
	const struct field one = { .type = row->item, .sub = row->sub, .words = row->words };
	buf_str(to, "\"type\":\"array\",\"items\":{");
	put_type(&one, answer, to);
	buf_u8(to, '}');
	if (!answer)
		put_bounds(row, "minItems", "maxItems", to);
}

static void put_object(const struct field *t, bool answer, struct buf *to)
{
	bool first = true;

	buf_str(to, "\"type\":\"object\",\"properties\":{");
	for (const struct field *row = t; row->type != FIELD_END; row++) {
		if (!answer && (row->flags & FIELD_READONLY))
			continue;
		buf_str(to, first ? "" : ",");
		first = false;
		json_put_str(to, row->name);
		buf_str(to, ":{");
		put_type(row, answer, to);
		if (row->doc) {
			buf_str(to, ",\"description\":");
			json_put_str(to, row->doc);
		}
		buf_u8(to, '}');
	}
	buf_u8(to, '}');
	first = true;
	for (const struct field *row = t; row->type != FIELD_END; row++) {
		if (answer ? (row->flags & FIELD_OMIT) != 0 : !(row->flags & FIELD_REQUIRED))
			continue;
		buf_str(to, first ? ",\"required\":[" : ",");
		first = false;
		json_put_str(to, row->name);
	}
	buf_str(to, first ? "" : "]");
	if (!answer)
		buf_str(to, ",\"additionalProperties\":false");
}

/* A type that may be null in an answer is written as a pair of types. */
static const char *nullable(bool answer, const char *plain, const char *with_null)
{
	return answer ? with_null : plain;
}

static void put_default(const struct field *row, struct buf *to)
{
	if (row->flags & FIELD_REQUIRED)
		return;
	if (row->type == FIELD_BOOL)
		buf_str(to, row->def ? ",\"default\":true" : ",\"default\":false");
	else if ((row->type == FIELD_U32 || row->type == FIELD_I64) && row->def)
		buf_fmt(to, ",\"default\":%" PRId64, row->def);
}

static void put_type(const struct field *row, bool answer, struct buf *to)
{
	switch (row->type) {
	case FIELD_BOOL:
		buf_str(to, "\"type\":\"boolean\"");
		break;
	case FIELD_U32:
	case FIELD_I64:
		buf_str(to, "\"type\":\"integer\"");
		if (!answer)
			put_bounds(row, "minimum", "maximum", to);
		break;
	case FIELD_ID64:
		buf_str(to, "\"type\":\"string\",\"pattern\":\"^[0-9]{1,20}$\"");
		break;
	case FIELD_TIME:
		buf_fmt(to, "\"type\":%s,\"format\":\"date-time\"",
			nullable(answer, "\"string\"", "[\"string\",\"null\"]"));
		break;
	case FIELD_STR:
		buf_fmt(to, "\"type\":%s", nullable(answer, "\"string\"", "[\"string\",\"null\"]"));
		if (!answer)
			put_bounds(row, "minLength", "maxLength", to);
		break;
	case FIELD_ENUM:
		put_words(row, to);
		break;
	case FIELD_OBJ:
		put_object(row->sub, answer, to);
		break;
	case FIELD_MAP:
		buf_str(to, "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}");
		break;
	case FIELD_LIST:
		put_list(row, answer, to);
		break;
	case FIELD_JSON: /* anything */
	case FIELD_END:
		buf_str(to, "\"x-any\":true");
		break;
	}
	if (!answer)
		put_default(row, to);
}

void field_json_schema(const struct field *t, bool answer, struct buf *to)
{
	buf_u8(to, '{');
	put_object(t, answer, to);
	buf_u8(to, '}');
}
