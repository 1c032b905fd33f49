/*
 * engine_desk: a desk with people at it, and routes that are called as http/perform would.
 */
#pragma once

#include "base/buf.h"
#include "control/http/match.h"
#include "control/http/routes.h"
#include "model/grant.h"
#include "wire/field_json.h"

#include "tests/unit/control/desk.h"

#include <jansson.h>

static struct desk d;

static void does(const struct store_query *q, const char *a, const char *b, const char *c)
{
	struct store_value v[3] = { store_text(a), store_text(b), store_text(c) };
	if (store_do(d.tx.db, q, (struct store_args){ v, (size_t)(c ? 3 : b ? 2 : a ? 1 : 0) }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}

/* A region with an agent that holds the accounts acc_1 and acc_2. */
static inline void people(void)
{
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ('rgn_1', "
			"'r', '{}', 1, 1, 1)"),
		NULL, NULL, NULL);
	does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
			"last_seen_at, created_at, updated_at) VALUES ('agt_1', 'rgn_1', 'k', 'connected', '1', "
			"'[]', '', 1, 1, 1)"),
		NULL, NULL, NULL);
	for (int i = 1; i <= 2; i++)
		does(DESK_QUERY("INSERT INTO accounts (id, login, agent_id, held, labels, enabled, version, "
				"created_at, updated_at) VALUES ($1, $2, 'agt_1', 1, '{}', 1, 1, 1, 1)"),
			i == 1 ? "acc_1" : "acc_2", i == 1 ? "one" : "two", NULL);
	desk_commit(&d);
}

/* What the last route answered, and how it ended. */
static char answered[1u << 20];
static enum rc ended;
static struct field_reader reader;
static const char *acting = "key:apk_1"; /* who calls routes */

static inline const char *all_scopes(struct principal *who)
{
	static const char *names[SCOPE_COUNT];
	static struct grant all = { .scopes = { names, 0 } };
	static const struct grants grants = { &all, 1 };
	size_t n = 0;

	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
		names[n++] = scope_text((enum scope)s);
	all.scopes.n = n;
	*who = (struct principal){
		.kind = PRINCIPAL_KEY, .id = "apk_1", .name = "test", .actor = "key:apk_1", .grants = &grants
	};
	return who->id;
}

/* Calls a route inside the transaction that is open. `body` and `query` are JSON, or NULL. */
static inline enum rc calls(const char *name, const char *arg, const char *body, const char *query)
{
	const struct route *row = match_named(routes, name);
	struct principal who;
	struct call c = {
		.tx = d.tx, .route = row, .arg = { arg }, .who = &who, .reader = &reader, .if_match = "*"
	};
	struct buf b = { 0 };
	auto_json json_t *in = NULL, *q = NULL;

	CHECK(row);
	all_scopes(&who);
	reader = (struct field_reader){ .arena = &d.arena };
	d.fault = (struct fault){ 0 };
	c.tx.actor = acting;
	ended = RC_OK;
	*answered = 0;
	if (row->query) {
		void *to = arena_take(&d.arena, row->query_size);
		CHECK(json_read(query ? query : "{}", strlen(query ? query : "{}"), &q, &d.fault) == RC_OK);
		ended = field_json_decode(row->query, q, &reader, to, &d.fault);
		c.query = to;
	}
	if (ended == RC_OK && row->in && body) {
		void *to = arena_take(&d.arena, row->in_size);
		CHECK(json_read(body, strlen(body), &in, &d.fault) == RC_OK);
		reader.partial = !strcmp(row->method, "PATCH");
		ended = field_json_decode(row->in, in, &reader, to, &d.fault);
		c.in = to;
		c.given = reader.given;
	}
	size_t size = row->flags & ROUTE_LIST ? sizeof(struct page) : row->out_size;
	void *out = arena_take(&d.arena, size + 1);
	if (ended == RC_OK)
		ended = row->run(&c, out);
	if (ended != RC_OK)
		return ended;
	if (row->flags & ROUTE_LIST) {
		const struct page *page = out;
		buf_u8(&b, '[');
		for (size_t i = 0; i < page->items.n; i++) {
			buf_str(&b, i ? "," : "");
			field_json_encode(row->out, (const char *)page->items.at + i * row->out_size, &b);
		}
		buf_u8(&b, ']');
	} else if (row->out) {
		field_json_encode(row->out, out, &b);
	}
	d.tx.ring |= c.tx.ring;
	d.tx.cancels |= c.tx.cancels;
	CHECK(b.n < sizeof(answered));
	snprintf(answered, sizeof(answered), "%s", buf_text(&b));
	buf_done(&b);
	return RC_OK;
}

/* The same in a transaction of its own, as the writer would: undone unless it is RC_OK. */
static inline enum rc writes(const char *name, const char *arg, const char *body)
{
	desk_begin(&d);
	enum rc rc = calls(name, arg, body, NULL);
	if (rc == RC_OK)
		desk_commit(&d);
	else
		store_rollback(d.tx.db);
	return rc;
}

/* A member of what was answered, by its path ("summary.total"); NULL when it is absent or null. In a ring of buffers. */
static inline const char *got(const char *path)
{
	static char ring[8][512];
	static int at;
	char name[64];
	auto_json json_t *j = json_loads(answered, JSON_DECODE_ANY, NULL);
	json_t *v = j;
	char *to = ring[at++ % 8];

	for (const char *p = path; v && *p; p += *p == '.') {
		size_t n = strcspn(p, ".");
		snprintf(name, sizeof(name), "%.*s", (int)n, p);
		v = json_is_array(v) ? json_array_get(v, strtoul(name, NULL, 10)) : json_object_get(v, name);
		p += n;
	}
	if (!v || json_is_null(v))
		return NULL;
	if (json_is_string(v)) {
		snprintf(to, sizeof(ring[0]), "%s", json_string_value(v));
	} else {
		char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
		snprintf(to, sizeof(ring[0]), "%s", text);
		free(text);
	}
	return to;
}

static inline size_t items(void)
{
	auto_json json_t *j = json_loads(answered, 0, NULL);
	return json_array_size(j);
}

/* Was there a problem with this member? */
static inline bool refused(const char *pointer)
{
	for (size_t i = 0; i < reader.problems_n; i++)
		if (!strcmp(reader.problems[i].pointer, pointer))
			return true;
	return false;
}
