#include "control/events/event_types.h"
#include "wire/field_json.h"

#include <string.h>

static const struct {
	const char *type, *doc;
} types[] = {
#define EVENT(type, doc) { type, doc },
#include "control/events/types.def"
#undef EVENT
};
#define TYPES (sizeof(types) / sizeof(*types))

/* The members of payloads; nothing is read into a struct by them. */
#define ROW(name_, type_, doc_)                                 \
	{                                                       \
		.name = (name_), .type = (type_), .doc = (doc_) \
	}
static const struct field error_rows[] = {
	ROW("code", FIELD_STR, "Its name."),
	ROW("detail", FIELD_STR, "For people."),
	ROW("retryable", FIELD_BOOL, "Whether another try can help."),
	{ 0 },
};
static const struct field summary_rows[] = {
	ROW("total", FIELD_U32, "All tasks."),
	ROW("succeeded", FIELD_U32, "Tasks that succeeded."),
	ROW("failed", FIELD_U32, "Tasks that failed."),
	ROW("canceled", FIELD_U32, "Tasks that were canceled."),
	{ 0 },
};

#define NEED_0    0
#define NEED_OMIT FIELD_OMIT
static const struct member {
	const char *of;
	struct field row;
} members[] = {
#define MEMBER(of_, name_, type_, flags_, sub_, doc_) \
	{ .of = (of_),                                \
		.row = { .name = (name_),             \
			.type = FIELD_##type_,        \
			.flags = NEED_##flags_,       \
			.sub = (sub_),                \
			.doc = (doc_) } },
#include "control/events/payloads.def"
#undef MEMBER
};
#define MEMBERS             (sizeof(members) / sizeof(*members))
#define PAYLOAD_MEMBERS_MAX 24

static void payload_of(const char *type, struct field ret[static PAYLOAD_MEMBERS_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < MEMBERS && n < PAYLOAD_MEMBERS_MAX; i++)
		if (!strcmp(members[i].of, type))
			ret[n++] = members[i].row;
	ret[n] = (struct field){ 0 };
}

bool event_types_match(const char *pattern, const char *type)
{
	size_t n = strcspn(pattern, "*");
	return pattern[n] ? !strncmp(pattern, type, n) : !strcmp(pattern, type);
}

bool event_types_fits(const char *text)
{
	size_t star = strcspn(text, "*");

	if (text[star] && text[star + 1])
		return false;
	for (size_t i = 0; i < TYPES; i++)
		if (event_types_match(text, types[i].type))
			return true;
	return false;
}

/* What all events have, before and after the payload. */
static const char head[] =
	",\"required\":[\"id\",\"pos\",\"epoch\",\"type\",\"schema\",\"ts\",\"actor\",\"payload\"],\"properties\":{"
	"\"id\":{\"type\":\"string\",\"description\":\"The cursor: EPOCH-POSITION.\"},"
	"\"pos\":{\"type\":\"integer\",\"description\":\"Its place in the log.\"},"
	"\"epoch\":{\"type\":\"string\",\"description\":\"Which log.\"},"
	"\"ts\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"jobId\":{\"type\":\"string\"},\"taskId\":{\"type\":\"string\"},\"accountId\":{\"type\":\"string\"},"
	"\"regionId\":{\"type\":\"string\"},"
	"\"resource\":{\"type\":\"string\",\"description\":\"The id of the thing, when it is none of these.\"},"
	"\"actor\":{\"type\":\"string\",\"description\":\"Who did it.\"},"
	"\"traceId\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"},";

enum rc event_types_schema(const char *type, struct buf *to)
{
	struct field payload[PAYLOAD_MEMBERS_MAX + 1];

	payload_of(type, payload);
	buf_str(to, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":");
	json_put_str(to, type);
	buf_str(to, ",\"type\":\"object\"");
	buf_str(to, head);
	buf_fmt(to, "\"type\":{\"const\":\"%s\"},\"schema\":{\"const\":\"%s/%d\"},\"payload\":", type, type,
		EVENT_TYPES_VERSION);
	field_json_schema(payload, true, to);
	buf_str(to, "}}");
	return to->bad ? RC_NOMEM : RC_OK;
}

static void document_payload(const char *type, struct buf *to)
{
	struct field rows[PAYLOAD_MEMBERS_MAX + 1];

	payload_of(type, rows);
	for (const struct field *row = rows; row->type != FIELD_END; row++)
		buf_fmt(to, "%s`%s`%s", row == rows ? "" : ", ", row->name,
			row->flags & FIELD_OMIT ? " (not always)" : "");
}

void event_types_document(struct buf *to)
{
	buf_str(to, "# Events\n\n| type | when it comes | payload |\n|---|---|---|\n");
	for (size_t i = 0; i < TYPES; i++) {
		buf_fmt(to, "| `%s` | %s | ", types[i].type, types[i].doc);
		document_payload(types[i].type, to);
		buf_str(to, " |\n");
	}
}

const struct field event_types_fields[] = {
	{ .name = "type", .type = FIELD_STR, FIELD_AT(struct event_types_view, type), .doc = "The event's type." },
	{ .name = "description",
		.type = FIELD_STR,
		FIELD_AT(struct event_types_view, doc),
		.doc = "When it comes, and what its payload has." },
	{ .name = "schema",
		.type = FIELD_STR,
		FIELD_AT(struct event_types_view, schema),
		.doc = "The schema's name, TYPE/VERSION; each event has it." },
	{ .name = "jsonSchema",
		.type = FIELD_JSON,
		FIELD_AT(struct event_types_view, json_schema),
		.doc = "The JSON Schema of the whole event." },
	{ 0 },
};

static enum rc show(struct call *c, const char *type, const char *doc, struct event_types_view *ret)
{
	struct buf b = { 0 };
	enum rc rc = event_types_schema(type, &b);

	*ret = (struct event_types_view){ .type = type,
		.doc = doc,
		.schema = arena_fmt(c->tx.arena, "%s/%d", type, EVENT_TYPES_VERSION),
		.json_schema = arena_str(c->tx.arena, buf_text(&b)) };
	buf_done(&b);
	return rc == RC_OK && ret->schema && ret->json_schema ? RC_OK : RC_NOMEM;
}

const struct field event_types_query[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct event_types_query, limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = PAGE_LIMIT_MAX,
		.doc = "How many types at most." },
	{ .name = "cursor",
		.type = FIELD_STR,
		FIELD_AT(struct event_types_query, cursor),
		.max = 64,
		.doc = "nextCursor of the page before: the types after this one." },
	{ 0 },
};

enum rc event_types_list(struct call *c, void *ret_out)
{
	const struct event_types_query *q = c->query;
	struct event_types_view *v = arena_take(c->tx.arena, TYPES * sizeof(*v));
	struct page *page = ret_out;
	enum rc rc = v ? RC_OK : RC_NOMEM;
	size_t n = 0, i = 0;

	while (q->cursor && i < TYPES && strcmp(types[i].type, q->cursor) <= 0)
		i++;
	for (; rc == RC_OK && i < TYPES && n < q->limit; i++, n++)
		rc = show(c, types[i].type, types[i].doc, &v[n]);
	page->items = (struct field_list){ v, n };
	page->next = i < TYPES && n > 0 ? v[n - 1].type : NULL;
	return rc;
}
