#include "wire/steam/describe.h"

#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"
#include "wire/steam/json_put.h"
#include "wire/steam/msgs.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"
#include "wire/steam/pics.h"
#include "wire/steam/service.h"
#include "wire/steam/vdf_binary.h"
#include "wire/steam/vdf_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_message(struct buf *to, const ProtobufCMessage *m);

/* One value of the type that the field's descriptor names; `at` points to it in the message. */
static void put_value(struct buf *to, const ProtobufCFieldDescriptor *d, const void *at)
{
	const ProtobufCBinaryData *bytes = at;
	const char *s;

	switch (d->type) {
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
		buf_fmt(to, "\"%.9g\"", (double)*(const float *)at);
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		buf_fmt(to, "\"%.17g\"", *(const double *)at);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		buf_str(to, *(const protobuf_c_boolean *)at ? "true" : "false");
		return;
	case PROTOBUF_C_TYPE_STRING:
		s = *(const char *const *)at;
		json_put_text(to, s, strlen(s));
		return;
	case PROTOBUF_C_TYPE_BYTES:
		json_put_hex(to, bytes->data, bytes->len);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message(to, *(const ProtobufCMessage *const *)at);
		return;
	}
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	}
	return 0;
}

/* Texts and messages tell their presence by their pointer, the rest by a flag beside them. */
static bool is_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *d)
{
	const uint8_t *base = (const uint8_t *)m;
	const void *const *pointer = (const void *const *)(const void *)(base + d->offset);

	if (d->type == PROTOBUF_C_TYPE_STRING || d->type == PROTOBUF_C_TYPE_MESSAGE)
		return *pointer != NULL && *pointer != d->default_value;
	return *(const protobuf_c_boolean *)(const void *)(base + d->quantifier_offset);
}

static void put_list(struct buf *to, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *d)
{
	const uint8_t *base = (const uint8_t *)m;
	size_t n = *(const size_t *)(const void *)(base + d->quantifier_offset), step = size_of(d->type);
	const uint8_t *at = *(const uint8_t *const *)(const void *)(base + d->offset);

	for (size_t i = 0; i < n; i++) {
		buf_u8(to, i ? ',' : '[');
		put_value(to, d, at + i * step);
	}
	buf_u8(to, ']');
}

static void put_name(struct buf *to, const char *name, bool first)
{
	if (!first)
		buf_u8(to, ',');
	json_put_text(to, name, strlen(name));
	buf_u8(to, ':');
}

static void put_message(struct buf *to, const ProtobufCMessage *m)
{
	bool first = true;

	buf_u8(to, '{');
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *d = &m->descriptor->fields[i];
		bool list = d->label == PROTOBUF_C_LABEL_REPEATED;
		size_t n = list ? *(const size_t *)(const void *)((const uint8_t *)m + d->quantifier_offset) : 0;
		if (list ? n == 0 : !is_present(m, d))
			continue;
		put_name(to, d->name, first);
		first = false;
		if (list)
			put_list(to, m, d);
		else
			put_value(to, d, (const uint8_t *)m + d->offset);
	}
	for (unsigned i = 0; i < m->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *u = &m->unknown_fields[i];
		char name[32];
		snprintf(name, sizeof(name), "unknown_%u", u->tag);
		put_name(to, name, first);
		first = false;
		json_put_hex(to, u->data, u->len);
	}
	buf_u8(to, '}');
}

static enum rc put_packet(
	struct buf *to, const void *p, size_t n, struct arena *a, unsigned depth, struct fault *f);

static enum rc put_multi(
	struct buf *to, const struct steam_frame *fr, struct arena *a, unsigned depth, struct fault *f)
{
	struct steam_multi m;
	const uint8_t *p;
	size_t n;

	enum rc rc = steam_multi_open(fr->body, fr->body_n, a, &m, f);
	if (rc != RC_OK)
		return rc;
	buf_str(to, ",\"messages\":[");
	for (bool first = true; (rc = steam_multi_next(&m, &p, &n, f)) == RC_OK; first = false) {
		if (!first)
			buf_u8(to, ',');
		rc = put_packet(to, p, n, a, depth + 1, f);
		if (rc != RC_OK)
			return rc;
	}
	buf_u8(to, ']');
	return rc == RC_MISSING ? RC_OK : rc;
}

/* What the body of a proto message is: by its number or, of a service's method, by the name in its header. */
static const ProtobufCMessageDescriptor *body_of(const struct steam_frame *fr)
{
	if (!fr->header)
		return NULL;
	if (fr->emsg == EMSG_SERVICE_METHOD_RESPONSE)
		return service_response_of(fr->header->target_job_name);
	if (fr->emsg == EMSG_SERVICE_METHOD || fr->emsg == EMSG_SERVICE_METHOD_SEND_TO_CLIENT ||
		fr->emsg == EMSG_SERVICE_METHOD_CALL_FROM_CLIENT ||
		fr->emsg == EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED)
		return service_request_of(fr->header->target_job_name);
	return emsg_body(fr->emsg);
}

/* A body without a .proto: one of those that are structs, or its bytes. */
static enum rc put_other(struct buf *to, const struct steam_frame *fr, struct fault *f)
{
	enum rc rc =
		fr->kind == STEAM_FRAME_STRUCT ? msgs_describe(fr->emsg, fr->body, fr->body_n, to, f) : RC_MISSING;
	if (rc != RC_MISSING)
		return rc;
	json_put_hex(to, fr->body, fr->body_n);
	return RC_OK;
}

static enum rc put_body(
	struct buf *to, const struct steam_frame *fr, struct arena *a, unsigned depth, struct fault *f)
{
	const ProtobufCMessageDescriptor *d = body_of(fr);
	ProtobufCMessage *m;

	if (d && fr->emsg == EMSG_MULTI && depth < DESCRIBE_DEPTH_MAX)
		return put_multi(to, fr, a, depth, f);
	buf_str(to, ",\"body\":");
	if (!d)
		return put_other(to, fr, f);
	enum rc rc = pb_unpack(d, fr->body, fr->body_n, a, &m, f);
	if (rc == RC_OK)
		put_message(to, m);
	return rc;
}

static enum rc put_packet(struct buf *to, const void *p, size_t n, struct arena *a, unsigned depth, struct fault *f)
{
	static const char *const kinds[] = { "proto", "struct", "channel" };
	struct steam_frame fr;
	enum rc rc = steam_frame_parse(p, n, a, &fr, f);
	if (rc != RC_OK)
		return rc;

	const char *name = emsg_name(fr.emsg);
	buf_fmt(to, "{\"emsg\":%u,\"name\":", fr.emsg);
	if (name)
		json_put_text(to, name, strlen(name));
	else
		buf_str(to, "null");
	buf_fmt(to, ",\"kind\":\"%s\",\"header\":", kinds[fr.kind]);
	if (fr.header)
		put_message(to, &fr.header->base);
	else
		buf_fmt(to,
			"{\"steamid\":\"%" PRIu64 "\",\"client_sessionid\":%" PRId32 ",\"jobid_source\":\"%" PRIu64
			"\",\"jobid_target\":\"%" PRIu64 "\"}",
			fr.steamid, fr.session, fr.job_source, fr.job_target);
	if (fr.header && fr.header->has_eresult)
		buf_fmt(to, ",\"eresult_name\":\"%s\"", eresult_name(fr.eresult));
	rc = put_body(to, &fr, a, depth, f);
	buf_u8(to, '}');
	return rc;
}

static enum rc finish(enum rc rc, struct buf *out, struct buf *ret, struct fault *f)
{
	if (rc == RC_OK && out->bad)
		rc = fault_set(f, RC_NOMEM, "no memory for the description");
	if (rc == RC_OK)
		buf_put(ret, out->p, out->n);
	buf_done(out);
	return rc;
}

enum rc describe_packet(const void *p, size_t n, struct buf *ret, struct fault *f)
{
	struct arena a = { 0 };
	struct buf out = { 0 };

	enum rc rc = finish(put_packet(&out, p, n, &a, 0, f), &out, ret, f);
	arena_done(&a);
	return rc;
}

static enum rc parse_any(const uint8_t *p, size_t n, struct arena *a, struct vdf **ret_doc, struct fault *f)
{
	if (n > 5 && !memcmp(p, "\1\0\0\0\0", 5))
		return pics_parse(PICS_PACKAGE, p, n, a, ret_doc, f);
	if (n > 0 && p[0] <= 11 && p[0] != '\t' && p[0] != '\n')
		return vdf_binary_parse(p, n, a, ret_doc, f);
	return vdf_text_parse(p, n, a, ret_doc, NULL, f);
}

enum rc describe_vdf(const void *p, size_t n, struct buf *ret, struct fault *f)
{
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct vdf *doc;

	enum rc rc = parse_any(p, n, &a, &doc, f);
	if (rc == RC_OK)
		vdf_json(&out, doc);
	rc = finish(rc, &out, ret, f);
	arena_done(&a);
	return rc;
}
