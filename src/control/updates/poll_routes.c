#include "control/updates/poll_routes.h"
#include "control/access/audit.h"
#include "control/events/feed.h"
#include "control/http/listing.h"
#include "control/http/page.h"
#include "control/updates/poll_create.h"
#include "control/updates/poll_view.h"
#include "control/updates/polls.h"
#include "wire/field_json.h"

static enum rc get(struct call *c, void *ret_out) { return poll_view_one(&c->tx, c->arg[0], ret_out); }

static const char *text_of(struct call *c, const struct poll_view *v)
{
	struct buf b = { 0 };

	field_json_encode(poll_view_fields, v, &b);
	const char *text = b.bad ? NULL : arena_str(c->tx.arena, buf_text(&b));
	buf_done(&b);
	return text;
}

/* As a stream: first the poll as it is, then what becomes of it. Else as it is. */
static enum rc follow(struct call *c, void *ret_out)
{
	static const char *const types[] = { "poll.progress", "poll.finished", "poll.canceled", NULL };
	struct feed_about about = { .resource = c->arg[0], .types = types, .first_type = "poll" };
	struct poll_view v = { 0 };
	(void)ret_out;

	enum rc rc = feed_about_begin(c, &about);
	if (rc == RC_OK)
		rc = poll_view_one(&c->tx, c->arg[0], &v);
	about.first = rc == RC_OK ? text_of(c, &v) : NULL;
	if (rc != RC_OK || !about.first)
		return rc == RC_OK ? RC_NOMEM : rc;
	if (c->streams)
		return feed_about_open(c, &about);
	buf_str(c->body, about.first);
	return RC_OK;
}

static enum rc cancel(struct call *c, void *ret_out)
{
	struct tx *tx = &c->tx;
	enum rc rc = polls_cancel(tx, c->arg[0]);

	if (rc == RC_OK)
		rc = audit_add(tx, "poll.cancel", c->arg[0]);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

struct polls_query {
	struct page_query page;
};
static const struct field list_query[] = { PAGE_QUERY_FIELDS(struct polls_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " POLL_VIEW_COLUMNS
						       " FROM polls WHERE id < $1 AND tenant_id = $3 "
						       "ORDER BY id DESC LIMIT $2" };
	struct page *page = ret_out;

	enum rc rc = listing(c, &all, tx_tenant(&c->tx), page);
	struct poll_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = poll_view_fill(&c->tx, &v[i]); /* POLL_CREATE_RUNNING of them run */
	return rc;
}

struct answer {
	const char *id, *store, *ref, *name, *answer, *reason;
};
static const struct field answer_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct answer, id), .doc = "The title's, ttl_ and a ULID." },
	{ .name = "store",
		.type = FIELD_STR,
		FIELD_AT(struct answer, store),
		.doc = "steam, workshop, epic, gog." },
	{ .name = "titleId", .type = FIELD_STR, FIELD_AT(struct answer, ref), .doc = "The store's own id." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct answer, name), .doc = "What the store calls it." },
	{ .name = "answer",
		.type = FIELD_STR,
		FIELD_AT(struct answer, answer),
		.doc = "changed, unchanged, unknown; null: none yet." },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct answer, reason),
		.doc = "Why the title's last answer was none." },
	{ 0 },
};
struct answers_query {
	struct page_query page;
	int answer; /* 0: any */
};
static const char *const answer_words[] = { "any", "changed", "unchanged", "unknown", "none", NULL };
static const struct field answers_query[] = {
	PAGE_QUERY_FIELDS(struct answers_query),
	{ .name = "answer",
		.type = FIELD_ENUM,
		FIELD_AT(struct answers_query, answer),
		.words = answer_words,
		.doc = "Only with this answer; none: those that wait." },
	{ 0 },
};

static enum rc list_answers(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT t.id, t.store, t.ref, t.name, p.answer, t.reason "
						       "FROM poll_titles p JOIN titles t ON t.id "
						       "= p.title_id WHERE t.id < $1 AND p.poll_id = $3 AND ($4 = "
						       "'any' OR COALESCE(p.answer, 'none') = "
						       "$4) ORDER BY t.id DESC LIMIT $2" };
	const struct answers_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(c->arg[0]),
				store_text(answer_words[q->answer])),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

#define IN  .in = poll_create_fields, .in_size = sizeof(struct poll_create)
#define OUT .out = poll_view_fields, .out_size = sizeof(struct poll_view)

const struct route poll_routes[] = {
	{ .name = "syncUpdates",
		.method = "POST",
		.path = "/api/sync/updates",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_MAYBE,
		.status = 202,
		IN,
		OUT,
		.run = poll_create,
		.doc = "The same as createPoll under another name, with or without a body: looks for updates of "
		       "all that "
		       "is watched." },
	{ .name = "listPolls",
		.method = "GET",
		.path = "/v1/polls",
		.reach = REACH_TENANT,
		.lists = OBJECT_POLL,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_LIST,
		.query = list_query,
		.query_size = sizeof(struct polls_query),
		OUT,
		.run = list,
		.doc = "Lists the polls, newest first; kept for a week." },
	{ .name = "createPoll",
		.method = "POST",
		.path = "/v1/polls",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 202,
		IN,
		OUT,
		.run = poll_create,
		.doc = "Asks the stores now. Progress: followPoll, or getPoll." },
	{ .name = "getPoll",
		.method = "GET",
		.path = "/v1/polls/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_POLL,
		.scope = SCOPE_WATCHES_READ,
		OUT,
		.run = get,
		.doc = "Shows how far a poll is, and how long it will take." },
	{ .name = "cancelPoll",
		.method = "POST",
		.path = "/v1/polls/{id}/cancel",
		.reach = REACH_TENANT,
		.object = OBJECT_POLL,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = cancel,
		.doc = "Ends a poll: nothing more is asked for it. What was asked already may still come and is "
		       "kept "
		       "of "
		       "the titles; the poll does not count it any more." },
	{ .name = "followPoll",
		.method = "GET",
		.path = "/v1/polls/{id}/events",
		.reach = REACH_TENANT,
		.object = OBJECT_POLL,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_RAW | ROUTE_STREAM,
		.out_type = "application/json",
		.run = follow,
		.doc = "As server-sent events (Accept: text/event-stream): first the poll as it is, as the event "
		       "\"poll\", then poll.progress and poll.finished or poll.canceled as they come. Else the "
		       "poll as "
		       "it is." },
	{ .name = "listPollAnswers",
		.method = "GET",
		.path = "/v1/polls/{id}/answers",
		.reach = REACH_TENANT,
		.object = OBJECT_POLL,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_LIST,
		.query = answers_query,
		.query_size = sizeof(struct answers_query),
		.out = answer_fields,
		.out_size = sizeof(struct answer),
		.run = list_answers,
		.doc = "What became of each title of a poll." },
	{ 0 },
};
