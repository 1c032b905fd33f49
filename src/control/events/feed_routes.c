#include "control/access/decide.h"
#include "control/control.h"
#include "control/events/cloud_event.h"
#include "control/events/event_types.h"
#include "control/events/feed.h"
#include "control/events/feed_line.h"
#include "control/events/feed_whose.h"
#include "control/events/slice.h"

#include <errno.h>
#include <inttypes.h>

struct events_query {
	uint32_t limit;
	const char *after, *type, *job_id, *account_id, *region_id;
	int format;
};

static const struct field query_fields[] = {
	{ .name = "limit",
		.type = FIELD_U32,
		FIELD_AT(struct events_query, limit),
		.min = 1,
		.max = PAGE_LIMIT_MAX,
		.def = 100,
		.doc = "How many events at most." },
	{ .name = "after",
		.type = FIELD_STR,
		FIELD_AT(struct events_query, after),
		.max = 64,
		.doc = "Cursor: the events after this one; \"0\" for all there are. A stream without it begins "
		       "now, a page at the beginning." },
	{ .name = "type",
		.type = FIELD_STR,
		FIELD_AT(struct events_query, type),
		.max = 512,
		.doc = "Types or patterns, parted by commas, such as task.*,job.finished." },
	{ .name = "jobId",
		.type = FIELD_STR,
		FIELD_AT(struct events_query, job_id),
		.max = 64,
		.doc = "Only of this job." },
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct events_query, account_id),
		.max = 64,
		.doc = "Only of this account." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct events_query, region_id),
		.max = 64,
		.doc = "Only of this region." },
	{ .name = "format",
		.type = FIELD_ENUM,
		FIELD_AT(struct events_query, format),
		.words = event_format_words,
		.doc = "cloudevents: in the envelope of CloudEvents 1.0, frames of the stream itself left as they "
		       "are." },
	{ 0 },
};

/* A cursor is "EPOCH-POSITION", or a bare position of this epoch. */
static enum rc read_cursor(struct call *c, const char *text, struct feed_wish *w)
{
	const char *bar = strrchr(text, '-'), *digits = bar ? bar + 1 : text;
	char *end;

	errno = 0;
	w->after = strtoll(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end || errno)
		return fault_set(
			c->tx.fault, RC_INVALID, "after: \"%.40s\" is not a cursor; take the id of an event", text);
	const char *epoch = c->tx.control->epoch;
	if (bar && ((size_t)(bar - text) != strlen(epoch) || strncmp(text, epoch, strlen(epoch)) != 0)) {
		w->reset = true;
		w->after = 0;
	}
	return RC_OK;
}

/* Is it an event of this thing? The member stands before the payload, and no text has such quotes. */
static bool is_about(const struct slice_event *e, const char *resource)
{
	static const char name[] = ",\"resource\":\"";
	const char *at = strstr(e->data, name);
	size_t n = strlen(resource);

	at = at ? at + sizeof(name) - 1 : "";
	return strncmp(at, resource, n) == 0 && at[n] == '"';
}

bool feed_wants(const struct feed_wish *w, const struct slice_event *e)
{
	if (!w->tenant_id || strcmp(w->tenant_id, e->tenant_id) != 0)
		return false;
	if ((w->job_id && (!e->job_id || strcmp(w->job_id, e->job_id) != 0)) ||
		(w->account_id && (!e->account_id || strcmp(w->account_id, e->account_id) != 0)) ||
		(w->region_id && (!e->region_id || strcmp(w->region_id, e->region_id) != 0)))
		return false;
	if (w->resource && !is_about(e, w->resource))
		return false;
	for (size_t i = 0; i < w->types_n; i++)
		if (event_types_match(w->types[i], e->type))
			return true;
	return w->types_n == 0;
}

bool feed_speaks(const char *protocols) { return protocols && strstr(protocols, FEED_LINE_PROTOCOL); }

static enum rc read_types(struct call *c, char *list, struct feed_wish *w)
{
	for (char *save, *t = strtok_r(list, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		if (w->types_n == FEED_TYPES_MAX)
			return fault_set(c->tx.fault, RC_INVALID, "type: at most %d types", FEED_TYPES_MAX);
		if (!event_types_fits(t))
			return fault_set(c->tx.fault, RC_INVALID,
				"type: there is no event type \"%.60s\"; see GET /v1/event-types", t);
		w->types[w->types_n++] = t;
	}
	return RC_OK;
}

static const char *keep(char **room, const char *s)
{
	if (!s)
		return NULL;
	char *at = *room;
	*room = stpcpy(at, s) + 1;
	return at;
}

/* One block with the texts at its end: it outlives the call. */
static enum rc make_wish(struct call *c, struct feed_wish **ret)
{
	const struct events_query *q = c->query;
	const char *tenant = tx_tenant(&c->tx),
		   *all[] = { q->type, q->job_id, q->account_id, q->region_id, tenant };
	size_t n = sizeof(struct feed_wish);

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		n += all[i] ? strlen(all[i]) + 1 : 0;
	enum rc rc = decide_events(&c->tx, c->who, q->job_id, q->account_id);
	if (rc != RC_OK)
		return rc;
	auto_free struct feed_wish *w = calloc(1, n);
	if (!w)
		return RC_NOMEM;
	char *room = w->texts;
	w->after = c->streams ? -1 : 0;
	w->cloud = q->format == EVENT_CLOUD;
	w->tenant_id = keep(&room, tenant);
	w->job_id = keep(&room, q->job_id);
	w->account_id = keep(&room, q->account_id);
	w->region_id = keep(&room, q->region_id);
	rc = q->type ? read_types(c, memcpy(room, q->type, strlen(q->type) + 1), w) : RC_OK;
	const char *after = c->last_event_id ? c->last_event_id : q->after;
	if (rc == RC_OK && after)
		rc = read_cursor(c, after, w);
	if (rc == RC_OK)
		*ret = take(w);
	return rc;
}

enum rc feed_about_begin(struct call *c, struct feed_about *a)
{
	static const struct store_query newest = { .sql = "SELECT COALESCE(MAX(pos), 0) FROM events" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &newest, STORE_NO_ARGS, &r, c->tx.fault);

	a->after = rc == RC_OK ? store_col_int(r, 0) : 0;
	return rc;
}

enum rc feed_about_open(struct call *c, const struct feed_about *a)
{
	const char *tenant = tx_tenant(&c->tx), *all[] = { tenant, a->resource, a->first_type, a->first };
	size_t n = sizeof(struct feed_wish);

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		n += all[i] ? strlen(all[i]) + 1 : 0;
	auto_free struct feed_wish *w = calloc(1, n);
	if (!w)
		return RC_NOMEM;
	char *room = w->texts;
	w->after = a->after;
	w->tenant_id = keep(&room, tenant);
	w->resource = keep(&room, a->resource);
	w->first_type = keep(&room, a->first_type);
	w->first = keep(&room, a->first);
	w->say = a->say;
	w->over = a->over;
	for (size_t i = 0; a->types[i] && i < FEED_TYPES_MAX; i++)
		w->types[w->types_n++] = a->types[i];
	enum rc rc = c->last_event_id && !a->say ? read_cursor(c, c->last_event_id, w) : RC_OK;
	if (rc != RC_OK)
		return rc;
	feed_whose_mark(c, w->mark);
	c->wish = take(w);
	return RC_OK;
}

static enum rc put_item(struct call *c, const struct feed_wish *w, const struct slice_event *e)
{
	if (w->cloud)
		return slice_put_cloud(c->body, c->tx.control->epoch, e, c->tx.fault);
	slice_put(c->body, c->tx.control->epoch, e);
	return RC_OK;
}

/* Writes the matching events of one slice after another, until the page is full or the log ends. */
static enum rc put_items(struct call *c, const struct feed_wish *w, uint32_t limit, int64_t *at)
{
	uint32_t n = 0;
	bool more = true;

	while (more && n < limit) {
		struct slice s;
		const struct slice_ask ask = { *at, PAGE_LIMIT_MAX, w->job_id };
		enum rc rc = slice_fetch(&c->tx, &ask, &s);
		if (rc != RC_OK)
			return rc;
		more = s.n == PAGE_LIMIT_MAX;
		if (!n && *at > 0 && *at == w->after && *at + 1 < s.oldest)
			return fault_set(c->tx.fault, RC_EXPIRED,
				"the log does not reach back so far; the oldest event is %s-%" PRId64
				", begin again with after=0",
				c->tx.control->epoch, s.oldest);
		for (size_t i = 0; i < s.n && n < limit; i++) {
			*at = s.events[i].pos;
			if (!feed_wants(w, &s.events[i]))
				continue;
			buf_str(c->body, n++ ? "," : "");
			rc = put_item(c, w, &s.events[i]);
			if (rc != RC_OK)
				return rc;
		}
	}
	return RC_OK;
}

static enum rc list(struct call *c, void *ret_out)
{
	const struct events_query *q = c->query;
	auto_free struct feed_wish *w = NULL;
	(void)ret_out;

	enum rc rc = make_wish(c, &w);
	if (rc != RC_OK)
		return rc;
	if (c->streams) {
		feed_whose_mark(c, w->mark);
		c->wish = take(w);
		return RC_OK;
	}
	if (w->reset)
		return fault_set(c->tx.fault, RC_EXPIRED,
			"the cursor belongs to another log than %s; begin again with after=0",
			c->tx.control->epoch);
	int64_t at = w->after;
	buf_str(c->body, "{\"items\":[");
	rc = put_items(c, w, q->limit, &at);
	buf_fmt(c->body, "],\"nextCursor\":\"%s-%" PRId64 "\"}", c->tx.control->epoch, at);
	return rc;
}

static enum rc follow(struct call *c, void *ret_out)
{
	auto_free struct feed_wish *w = NULL;
	(void)ret_out;

	if (!c->streams)
		return fault_set(c->tx.fault, RC_MALFORMED,
			"this is a WebSocket: connect to it with the subprotocol " FEED_LINE_PROTOCOL);
	enum rc rc = make_wish(c, &w);
	if (rc != RC_OK)
		return rc;
	feed_whose_mark(c, w->mark);
	c->wish = take(w);
	return RC_OK;
}

const struct route feed_routes[] = {
	{ .name = "listEventTypes",
		.method = "GET",
		.path = "/v1/event-types",
		.reach = REACH_SHARED,
		.scope = SCOPE_EVENTS_READ,
		.flags = ROUTE_NARROWED | ROUTE_LIST,
		.query = event_types_query,
		.query_size = sizeof(struct event_types_query),
		.out = event_types_fields,
		.out_size = sizeof(struct event_types_view),
		.run = event_types_list,
		.doc = "Lists all types of events, each with the JSON Schema that its events keep to." },
	{
		.name = "followEvents",
		.method = "GET",
		.path = FEED_SOCKET_PATH,
		.reach = REACH_TENANT,
		.scope = SCOPE_EVENTS_READ,
		.flags = ROUTE_NARROWED | ROUTE_RAW | ROUTE_STREAM | ROUTE_SOCKET,
		.query = query_fields + 1, /* no limit */
		.query_size = sizeof(struct events_query),
		.out_type = "application/json",
		.run = follow,
		.doc = "The event log as a WebSocket with the subprotocol " FEED_LINE_PROTOCOL
		       ": each message is a frame of the stream, as JSON with id, event and data.",
	},
	{
		.name = "listEvents",
		.method = "GET",
		.path = "/v1/events",
		.reach = REACH_TENANT,
		.scope = SCOPE_EVENTS_READ,
		.flags = ROUTE_NARROWED | ROUTE_RAW | ROUTE_STREAM,
		.query = query_fields,
		.query_size = sizeof(struct events_query),
		.out_type = "application/json",
		.run = list,
		.doc = "The event log. With Accept: text/event-stream it is a stream of server-sent events, "
		       "resumed by Last-Event-ID; else a page "
		       "whose nextCursor is where to go on, now or later.",
	},
	{ 0 },
};
