#include "sim/web/api_json.h"

#include "wire/json.h"
#include "wire/steam/json_put.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_bytes(struct buf *to, const ProtobufCBinaryData *b)
{
	size_t room = 4 * ((b->len + 2) / 3) + 1;
	buf_str(to, "\"");
	uint8_t *at = buf_room(to, room);
	if (at)
		to->n += (size_t)EVP_EncodeBlock(at, b->data, (int)b->len);
	buf_str(to, "\"");
}

/* One value, wherever it stands. */
static void put_value(struct buf *to, const ProtobufCFieldDescriptor *f, const void *at)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM:
		buf_fmt(to, "%" PRId32, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf_fmt(to, "%" PRIu32, *(const uint32_t *)at);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf_fmt(to, "\"%" PRId64 "\"", *(const int64_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf_fmt(to, "\"%" PRIu64 "\"", *(const uint64_t *)at);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
		buf_fmt(to, "%.9g", (double)*(const float *)at);
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		buf_fmt(to, "%.17g", *(const double *)at);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		buf_str(to, *(const protobuf_c_boolean *)at ? "true" : "false");
		return;
	case PROTOBUF_C_TYPE_STRING: {
		const char *s = *(const char *const *)at;
		json_put_text(to, s ? s : "", s ? strlen(s) : 0);
		return;
	}
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(to, at);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		api_json_put(to, *(const ProtobufCMessage *const *)at);
		return;
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return 4;
	}
	return 4;
}

static bool is_there(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(const void *)(base + f->quantifier_offset) > 0;
	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)(const void *)(base + f->offset) != NULL;
	return f->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)(const void *)(base + f->quantifier_offset);
}

void api_json_put(struct buf *to, const ProtobufCMessage *m)
{
	bool first = true;

	buf_str(to, "{");
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const char *at = (const char *)m + f->offset;
		if (!is_there(m, f))
			continue;
		buf_fmt(to, "%s\"%s\":", first ? "" : ",", f->name);
		first = false;
		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			put_value(to, f, at);
			continue;
		}
		size_t n = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
		const char *all = *(const char *const *)(const void *)at;
		for (size_t k = 0; k < n; k++) {
			buf_str(to, k ? "," : "[");
			put_value(to, f, all + k * size_of(f));
		}
		buf_str(to, "]");
	}
	buf_str(to, "}");
}

/* ---- and back ---- */

static bool take_number(const ProtobufCFieldDescriptor *f, const char *s, void *at)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 10);

	if (f->type == PROTOBUF_C_TYPE_BOOL) {
		*(protobuf_c_boolean *)at = !strcmp(s, "true") || v != 0;
		return true;
	}
	if (*end || end == s)
		return false;
	if (size_of(f) == 8)
		*(uint64_t *)at = v;
	else
		*(uint32_t *)at = (uint32_t)v;
	return size_of(f) == 8 || v <= UINT32_MAX || *s == '-';
}

static bool take_value(struct arena *a, const ProtobufCFieldDescriptor *f, const char *s, void *at)
{
	if (f->type == PROTOBUF_C_TYPE_STRING) {
		*(char **)at = arena_str(a, s);
		return *(char **)at != NULL;
	}
	if (f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_BYTES ||
		f->type == PROTOBUF_C_TYPE_FLOAT || f->type == PROTOBUF_C_TYPE_DOUBLE)
		return false;
	return take_number(f, s, at);
}

static const char *nth(const struct ask *q, const char *name, size_t k)
{
	char key[96];
	snprintf(key, sizeof(key), "%s[%zu]", name, k);
	return ask_either(q, key);
}

static bool take_repeated(struct arena *a, const ProtobufCFieldDescriptor *f, const struct ask *q, char *base)
{
	size_t n = 0;
	while (n < API_JSON_REPEATED_MAX && *nth(q, f->name, n))
		n++;
	if (n == 0)
		return true;
	char *all = arena_take(a, n * size_of(f));
	for (size_t k = 0; all && k < n; k++)
		if (!take_value(a, f, nth(q, f->name, k), all + k * size_of(f)))
			return false;
	*(char **)(void *)(base + f->offset) = all;
	*(size_t *)(void *)(base + f->quantifier_offset) = n;
	return all != NULL;
}

ProtobufCMessage *api_json_take(struct arena *a, const ProtobufCMessageDescriptor *d, const struct ask *q)
{
	ProtobufCMessage *m = arena_take(a, d->sizeof_message);
	if (!m)
		return NULL;
	d->message_init(m);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *base = (char *)m;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			if (!take_repeated(a, f, q, base))
				return NULL;
			continue;
		}
		const char *s = ask_either(q, f->name);
		if (!*s)
			continue;
		if (!take_value(a, f, s, base + f->offset))
			return NULL;
		if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_STRING)
			*(protobuf_c_boolean *)(void *)(base + f->quantifier_offset) = 1;
	}
	return m;
}
