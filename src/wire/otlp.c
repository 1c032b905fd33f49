#include "wire/otlp.h"
#include "base/rd.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE_NAME   "footplate"
#define STATUS_ERROR 2
#define VARINT_MAX   10

const char *const otlp_form_words[] = { "http/protobuf", "http/json", NULL };

const char *otlp_media_type(enum otlp_form form)
{
	return form == OTLP_JSON ? "application/json" : "application/x-protobuf";
}

/* --- JSON: ids are hexadecimal, 64-bit numbers are texts */

static void json_attr(struct buf *to, const char *key, const char *text, int64_t number)
{
	buf_str(to, "{\"key\":");
	json_put_str(to, key);
	if (text)
		buf_str(to, ",\"value\":{\"stringValue\":"), json_put_str(to, text);
	else
		buf_fmt(to, ",\"value\":{\"intValue\":\"%" PRId64 "\"", number);
	buf_str(to, "}}");
}

static void json_span(struct buf *to, const struct span *s)
{
	buf_fmt(to, "{\"traceId\":\"%s\",\"spanId\":\"%s\",", s->at.trace_id, s->at.span_id);
	if (*s->parent_id)
		buf_fmt(to, "\"parentSpanId\":\"%s\",", s->parent_id);
	buf_str(to, "\"name\":");
	json_put_str(to, s->name);
	buf_fmt(to,
		",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64
		"\",\"attributes\":[",
		(int)s->kind, s->begin_us * 1000, s->end_us * 1000);
	for (size_t i = 0; i < s->attrs_n; i++) {
		buf_str(to, i ? "," : "");
		json_attr(to, s->attrs[i].key, *s->attrs[i].text ? s->attrs[i].text : NULL, s->attrs[i].number);
	}
	buf_fmt(to, "],\"status\":{%s}}", s->failed ? "\"code\":2" : "");
}

static void json_request(const struct otlp_resource *r, const struct span *spans, size_t n, struct buf *to)
{
	buf_str(to, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
	json_attr(to, "service.name", r->service_name, 0);
	buf_u8(to, ',');
	json_attr(to, "service.version", r->service_version, 0);
	buf_u8(to, ',');
	json_attr(to, "service.instance.id", r->instance_id, 0);
	buf_str(to, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"" SCOPE_NAME "\",\"version\":");
	json_put_str(to, r->service_version);
	buf_str(to, "},\"spans\":[");
	for (size_t i = 0; i < n; i++) {
		buf_str(to, i ? "," : "");
		json_span(to, &spans[i]);
	}
	buf_str(to, "]}]}]}");
}

/* --- protobuf: a message inside another is written apart first, for its length stands before it */

static void varint(struct buf *to, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_u8(to, (uint8_t)(v | 0x80));
	buf_u8(to, (uint8_t)v);
}

enum wire_type { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

static void tag(struct buf *to, unsigned field, enum wire_type type) { varint(to, field << 3 | (unsigned)type); }

static void pb_bytes(struct buf *to, unsigned field, const void *p, size_t n)
{
	tag(to, field, WIRE_BYTES);
	varint(to, n);
	buf_put(to, p, n);
}

static void pb_text(struct buf *to, unsigned field, const char *s) { pb_bytes(to, field, s, strlen(s)); }

static void pb_number(struct buf *to, unsigned field, uint64_t v)
{
	tag(to, field, WIRE_VARINT);
	varint(to, v);
}

static void pb_fixed64(struct buf *to, unsigned field, uint64_t v)
{
	tag(to, field, WIRE_FIXED64);
	buf_le64(to, v);
}

static void pb_nested(struct buf *to, unsigned field, struct buf *inner)
{
	pb_bytes(to, field, inner->p, inner->n);
	to->bad |= inner->bad;
	buf_done(inner);
}

static void pb_hex(struct buf *to, unsigned field, const char *hex)
{
	tag(to, field, WIRE_BYTES);
	varint(to, strlen(hex) / 2);
	for (; hex[0] && hex[1]; hex += 2)
		buf_u8(to, (uint8_t)strtoul((const char[]){ hex[0], hex[1], 0 }, NULL, 16));
}

/* KeyValue { key = 1; AnyValue value = 2 { string = 1; int = 3 } } */
static void pb_attr(struct buf *to, unsigned field, const char *key, const char *text, int64_t number)
{
	struct buf pair = { 0 }, value = { 0 };

	if (text)
		pb_text(&value, 1, text);
	else
		pb_number(&value, 3, (uint64_t)number);
	pb_text(&pair, 1, key);
	pb_nested(&pair, 2, &value);
	pb_nested(to, field, &pair);
}

static void pb_span(struct buf *to, unsigned field, const struct span *s)
{
	struct buf b = { 0 }, status = { 0 };

	pb_hex(&b, 1, s->at.trace_id);
	pb_hex(&b, 2, s->at.span_id);
	if (*s->parent_id)
		pb_hex(&b, 4, s->parent_id);
	pb_text(&b, 5, s->name);
	pb_number(&b, 6, (uint64_t)s->kind);
	pb_fixed64(&b, 7, s->begin_us * 1000);
	pb_fixed64(&b, 8, s->end_us * 1000);
	for (size_t i = 0; i < s->attrs_n; i++)
		pb_attr(&b, 9, s->attrs[i].key, *s->attrs[i].text ? s->attrs[i].text : NULL, s->attrs[i].number);
	if (s->failed)
		pb_number(&status, 3, STATUS_ERROR);
	pb_nested(&b, 15, &status);
	pb_nested(to, field, &b);
}

static void pb_request(const struct otlp_resource *r, const struct span *spans, size_t n, struct buf *to)
{
	struct buf of_process = { 0 }, scope = { 0 }, of_scope = { 0 }, all = { 0 };

	pb_attr(&of_process, 1, "service.name", r->service_name, 0);
	pb_attr(&of_process, 1, "service.version", r->service_version, 0);
	pb_attr(&of_process, 1, "service.instance.id", r->instance_id, 0);
	pb_nested(&all, 1, &of_process);
	pb_text(&scope, 1, SCOPE_NAME);
	pb_text(&scope, 2, r->service_version);
	pb_nested(&of_scope, 1, &scope);
	for (size_t i = 0; i < n; i++)
		pb_span(&of_scope, 2, &spans[i]);
	pb_nested(&all, 2, &of_scope);
	pb_nested(to, 1, &all);
}

void otlp_request(
	enum otlp_form form, const struct otlp_resource *r, const struct span *spans, size_t n, struct buf *to)
{
	if (form == OTLP_JSON)
		json_request(r, spans, n, to);
	else
		pb_request(r, spans, n, to);
}

/* --- the answer: { partial_success = 1 { rejected_spans = 1; error_message = 2 } } */

static uint64_t read_varint(struct rd *r)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < VARINT_MAX; i++) {
		uint8_t b = rd_u8(r);
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

/* Goes to the next field of this number; false at the end, or when it is no protobuf. */
static bool next_field(struct rd *r, unsigned number, enum wire_type type, uint64_t *ret)
{
	while (!r->bad && rd_left(r) > 0) {
		uint64_t key = read_varint(r), v = 0;
		enum wire_type is = (enum wire_type)(key & 7);
		if (is == WIRE_VARINT || is == WIRE_BYTES)
			v = read_varint(r);
		else if (is == WIRE_FIXED64 || is == WIRE_FIXED32)
			rd_bytes(r, is == WIRE_FIXED64 ? 8 : 4);
		else
			return false;
		if (!r->bad && key >> 3 == number && is == type) {
			*ret = v;
			return true;
		}
		if (is == WIRE_BYTES)
			rd_bytes(r, v);
	}
	return false;
}

static uint64_t pb_rejected(const void *p, size_t n)
{
	struct rd r = rd_over(p, n);
	uint64_t inner = 0, rejected = 0;

	if (!next_field(&r, 1, WIRE_BYTES, &inner))
		return 0;
	const uint8_t *at = rd_bytes(&r, inner);
	struct rd in = rd_over(at, at ? inner : 0);
	return next_field(&in, 1, WIRE_VARINT, &rejected) && (int64_t)rejected > 0 ? rejected : 0;
}

static uint64_t json_rejected(const void *p, size_t n)
{
	auto_json struct json_t *j = NULL;

	if (json_read(p, n, &j, NULL) != RC_OK)
		return 0;
	const json_t *v = json_object_get(json_object_get(j, "partialSuccess"), "rejectedSpans");
	int64_t rejected = json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : json_integer_value(v);
	return rejected > 0 ? (uint64_t)rejected : 0;
}

uint64_t otlp_rejected(enum otlp_form form, const void *p, size_t n)
{
	return form == OTLP_JSON ? json_rejected(p, n) : pb_rejected(p, n);
}
