#include "control/http/openapi.h"
#include "control/access/decide.h"
#include "wire/field_json.h"

#include <ctype.h>
#include <string.h>

static void put_parameter(
	struct buf *to, const char *in, const char *name, size_t name_n, const struct field *row, bool required)
{
	const struct field one[] = { *row, { 0 } };
	struct buf schema = { 0 };

	/* The schema of one member stands inside that of an object of one: {"type":"object","properties":{"x":{…}} … */
	field_json_schema(one, false, &schema);
	const char *text = buf_text(&schema), *from = strstr(text, "\":{\"type\"");
	const char *begin = from ? strchr(from + 2, '{') : NULL;
	buf_fmt(to, "{\"in\":\"%s\",\"name\":\"%.*s\",\"required\":%s,\"schema\":", in, (int)name_n, name,
		required ? "true" : "false");
	int depth = 0;
	for (const char *s = begin; s && *s; s++) {
		buf_u8(to, (uint8_t)*s);
		depth += (*s == '{') - (*s == '}');
		if (depth == 0)
			break;
	}
	if (!begin)
		buf_str(to, "{\"type\":\"string\"}");
	buf_u8(to, '}');
	buf_done(&schema);
}

static void put_header(struct buf *to, const char *name, bool required, const char *doc)
{
	buf_fmt(to,
		"{\"in\":\"header\",\"name\":\"%s\",\"required\":%s,\"schema\":{\"type\":\"string\"},"
		"\"description\":",
		name, required ? "true" : "false");
	json_put_str(to, doc);
	buf_u8(to, '}');
}

static void part(struct buf *to, bool *first)
{
	buf_str(to, *first ? "" : ",");
	*first = false;
}

static void put_parameters(const struct route *r, struct buf *to)
{
	static const struct field text = { .name = "x", .type = FIELD_STR };
	bool first = true;

	buf_str(to, "\"parameters\":[");
	for (const char *at = strchr(r->path, '{'); at; at = strchr(at + 1, '{')) {
		part(to, &first);
		put_parameter(to, "path", at + 1, strcspn(at + 1, "}"), &text, true);
	}
	for (const struct field *q = r->query; q && q->type != FIELD_END; q++) {
		part(to, &first);
		put_parameter(to, "query", q->name, strlen(q->name), q, false);
	}
	if (r->flags & (ROUTE_IDEMPOTENT | ROUTE_ACCEPTED)) {
		part(to, &first);
		put_header(to, "Idempotency-Key", r->flags & ROUTE_IDEMPOTENT,
			"The same key with the same body has its effect once; kept for engine.idempotency_hours.");
	}
	if (r->flags & ROUTE_MATCH) {
		part(to, &first);
		put_header(to, "If-Match", true, "The ETag that was read, or *.");
	}
	if (r->flags & ROUTE_WAIT) {
		part(to, &first);
		put_header(to, "Prefer", false,
			"wait=N: answer when the job is over, after N seconds at the latest (at most 60).");
	}
	if (r->flags & ROUTE_COMPAT) {
		part(to, &first);
		put_header(to, "X-API-Key", false, "The API key, instead of Authorization.");
	}
	if (r->flags & ROUTE_STREAM) {
		part(to, &first);
		put_header(to, "Last-Event-ID", false, "The id of the last event that was received.");
	}
	buf_u8(to, ']');
}

static void put_answer(const struct route *r, struct buf *to)
{
	buf_fmt(to, ",\"responses\":{\"%d\":{\"description\":\"Success\"", r->status ? r->status : 200);
	if ((r->flags & (ROUTE_LIST | ROUTE_COMPAT)) == (ROUTE_LIST | ROUTE_COMPAT)) {
		buf_str(to, ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"array\",\"items\":");
		field_json_schema(r->out, true, to);
		buf_str(to, "}}}");
	} else if (r->flags & ROUTE_LIST) {
		buf_str(to,
			",\"content\":{\"application/"
			"json\":{\"schema\":{\"type\":\"object\",\"required\":[\"items\",\"nextCursor\"],"
			"\"properties\":{"
			"\"nextCursor\":{\"type\":[\"string\",\"null\"]},\"items\":{\"type\":\"array\",\"items\":");
		field_json_schema(r->out, true, to);
		buf_str(to, "}}}}}");
	} else if (r->out) {
		buf_str(to, ",\"content\":{\"application/json\":{\"schema\":");
		field_json_schema(r->out, true, to);
		buf_str(to, "}}");
	} else if (r->out_type) {
		buf_fmt(to, ",\"content\":{\"%s\":{\"schema\":{}}}", r->out_type);
	}
	buf_str(to, "},\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

static void put_operation(const struct route *r, struct buf *to)
{
	buf_u8(to, '"');
	for (const char *s = r->method; *s; s++)
		buf_u8(to, (uint8_t)tolower((unsigned char)*s));
	buf_fmt(to, "\":{\"operationId\":\"%s\",\"summary\":", r->name);
	json_put_str(to, r->doc);
	buf_str(to, r->reach == REACH_OPEN ? ",\"security\":[]," : ",\"security\":[{\"key\":[]}],");
	if (r->scope != SCOPE_NONE)
		buf_fmt(to, "\"x-scope\":\"%s\",", scope_text(r->scope));
	buf_fmt(to, "\"x-reach\":\"%s\",", decide_reach_word(r->reach));
	if (r->flags & ROUTE_STEP_UP)
		buf_str(to, "\"x-step-up\":true,"); /* people need a fresh proof, see step_up_required */
	if (r->flags & ROUTE_WRITE)
		buf_str(to, "\"x-writes\":true,");
	if (r->flags & ROUTE_NARROWED)
		buf_str(to, "\"x-narrowed\":true,");
	if (r->object != OBJECT_NONE)
		buf_fmt(to, "\"x-object\":\"%s\",", decide_object_word(r->object));
	if (r->lists != OBJECT_NONE)
		buf_fmt(to, "\"x-lists\":\"%s\",", decide_object_word(r->lists));
	put_parameters(r, to);
	if (r->in) {
		buf_fmt(to, ",\"requestBody\":{\"required\":%s,\"content\":{\"%s\":{\"schema\":",
			r->flags & ROUTE_MAYBE ? "false" : "true",
			!strcmp(r->method, "PATCH") ? "application/merge-patch+json" : "application/json");
		field_json_schema(r->in, false, to);
		buf_str(to, "}}}");
	}
	put_answer(r, to);
	buf_u8(to, '}');
}

static bool seen_before(const struct route *const *routes, size_t table, const struct route *r)
{
	for (size_t i = 0; i <= table; i++)
		for (const struct route *o = routes[i]; o->method && o != r; o++)
			if (!strcmp(o->path, r->path))
				return true;
	return false;
}

/* A path stands once, with all its methods. */
static void put_path(const struct route *const *routes, const struct route *r, struct buf *to)
{
	bool first = true;

	json_put_str(to, r->path);
	buf_str(to, ":{");
	for (size_t i = 0; routes[i]; i++)
		for (const struct route *o = routes[i]; o->method; o++) {
			if (strcmp(o->path, r->path) != 0)
				continue;
			part(to, &first);
			put_operation(o, to);
		}
	buf_u8(to, '}');
}

static void put_scopes(struct buf *to)
{
	buf_str(to, "\"x-scopes\":{");
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++) {
		buf_fmt(to, "%s\"%s\":", s > SCOPE_NONE + 1 ? "," : "", scope_text((enum scope)s));
		json_put_str(to, scope_doc((enum scope)s));
	}
	buf_u8(to, '}');
}

void openapi_write(const struct route *const *routes, struct buf *to)
{
	bool first = true;

	buf_str(to,
		"{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Footplate\",\"version\":\"" FOOTPLATE_VERSION "\"},");
	put_scopes(to);
	buf_str(to, ",\"paths\":{");
	for (size_t i = 0; routes[i]; i++)
		for (const struct route *r = routes[i]; r->method; r++) {
			if (seen_before(routes, i, r))
				continue;
			part(to, &first);
			put_path(routes, r, to);
		}
	buf_str(to,
		"},\"components\":{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
		"\"responses\":{\"Problem\":{"
		"\"description\":\"What went wrong (RFC "
		"9457)\",\"content\":{\"application/problem+json\":{\"schema\":{\"type\":\"object\",\"required\":"
		"[\"type\",\"title\",\"status\",\"code\",\"retryable\"],\"properties\":{\"type\":{\"type\":"
		"\"string\"},\"title\":{\"type\":\"string\"},"
		"\"status\":{\"type\":\"integer\"},\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"},"
		"\"instance\":{\"type\":\"string\"},"
		"\"retryable\":{\"type\":\"boolean\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":"
		"\"object\",\"properties\":{"
		"\"pointer\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}"
		"}}}}}}}}}}");
}
