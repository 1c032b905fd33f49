#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/http/page.h"
#include "control/people/sessions_revoke.h"
#include "control/people/tokens.h"
#include "control/rows.h"

#include <string.h>

struct session_view {
	const char *id, *user_id, *login, *kind, *method, *address, *agent;
	bool second_factor;
	const char *idp_id;
	int64_t authenticated_at, created_at, seen_at, expires_at, revoked_at;
	const char *revoked_why;
	bool current;
};
static const struct field session_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct session_view, id), .doc = "aus_ and a ULID." },
	{ .name = "userId", .type = FIELD_STR, FIELD_AT(struct session_view, user_id), .doc = "Whose it is." },
	{ .name = "login", .type = FIELD_STR, FIELD_AT(struct session_view, login), .doc = "Their login." },
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, kind),
		.doc = "cookie (a browser) or token (a program)." },
	{ .name = "method", .type = FIELD_STR, FIELD_AT(struct session_view, method), .doc = "How they came in." },
	{ .name = "address",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, address),
		.doc = "Where they came from." },
	{ .name = "userAgent",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, agent),
		.doc = "What their program calls itself." },
	{ .name = "secondFactor",
		.type = FIELD_BOOL,
		FIELD_AT(struct session_view, second_factor),
		.doc = "They proved it with more than a password." },
	{ .name = "providerId",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, idp_id),
		.doc = "By which identity provider they came; null: by none." },
	{ .name = "authenticatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, authenticated_at),
		.doc = "When they last proved who they are." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, created_at),
		.doc = "When they logged in." },
	{ .name = "seenAt",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, seen_at),
		.doc = "When something was last heard of it, to the minute." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, expires_at),
		.doc = "When it ends at the latest." },
	{ .name = "revokedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct session_view, revoked_at),
		.doc = "When it was ended; null: it was not." },
	{ .name = "revokedReason",
		.type = FIELD_STR,
		FIELD_AT(struct session_view, revoked_why),
		.doc = "Why it was ended." },
	{ .name = "current",
		.type = FIELD_BOOL,
		FIELD_AT(struct session_view, current),
		.doc = "It is the one of this request." },
	{ 0 },
};

#define COLUMNS                                                                                                    \
	"SELECT s.id, s.user_id, u.login, s.kind, s.method, s.address, s.agent, CASE WHEN s.second_factor_at > 0 " \
	"THEN 1 ELSE 0 END, s.idp_id, s.authenticated_at, s.created_at, s.seen_at, s.expires_at, s.revoked_at, "   \
	"s.revoked_why, CASE WHEN s.id = $4 THEN 1 ELSE 0 END FROM auth_sessions s LEFT JOIN users u ON u.id = "   \
	"s.user_id "

struct sessions_query {
	struct page_query page;
	const char *user_id;
};
static const struct field own_query_fields[] = { PAGE_QUERY_FIELDS(struct sessions_query), { 0 } };
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct sessions_query),
	{ .name = "userId",
		.type = FIELD_STR,
		FIELD_AT(struct sessions_query, user_id),
		.max = 64,
		.doc = "Of this person alone." },
	{ 0 } };

static enum rc list_by(
	struct call *c, const struct store_query *q, const char *of, const char *user_id, struct page *page)
{
	const struct sessions_query *query = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;
	const struct store_value v[] = { { 0 }, store_int(query->page.limit + 1), store_text(of),
		store_text(c->who->session_id ? c->who->session_id : ""), store_text(user_id) };

	enum rc rc = page_begin(c, &query->page, &before);
	if (rc != RC_OK)
		return rc;
	struct store_value args[sizeof(v) / sizeof(*v)];
	memcpy(args, v, sizeof(v));
	args[0] = store_text(before);
	rc = store_run(c->tx.db, q, (struct store_args){ args, user_id ? 5 : 4 }, &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &query->page, r, page) : rc;
}

static enum rc list_own(struct call *c, void *ret_out)
{
	static const struct store_query own = { .sql = COLUMNS
						"WHERE s.user_id = $3 AND s.id < $1 ORDER BY s.id DESC LIMIT $2" };
	return list_by(c, &own, c->who->kind == PRINCIPAL_USER ? c->who->id : "", NULL, ret_out);
}

static enum rc list_all(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = COLUMNS "WHERE s.tenant_id = $3 AND s.id < $1 ORDER BY s.id DESC LIMIT $2"
	};
	static const struct store_query of_user = {
		.sql = COLUMNS "WHERE s.tenant_id = $3 AND s.user_id = $5 AND s.id < $1 ORDER BY s.id DESC LIMIT $2"
	};
	const struct sessions_query *q = c->query;

	return list_by(c, q->user_id ? &of_user : &all, decide_tenant(c->who), q->user_id, ret_out);
}

static enum rc revoke_own(struct call *c, void *ret_out)
{
	static const struct store_query own = {
		.sql = "SELECT id FROM auth_sessions WHERE id = $1 AND user_id = $2"
	};
	auto_rows struct store_rows *r = NULL;

	(void)ret_out;
	enum rc rc = store_one(
		c->tx.db, &own, STORE_ARGS(store_text(c->arg[0]), store_text(c->who->id)), &r, c->tx.fault);
	store_close(take(r));
	return rc == RC_OK ? people_sessions_revoke(&c->tx, c->arg[0], "own") : rc;
}

static enum rc revoke_one(struct call *c, void *ret_out)
{
	(void)ret_out;
	return people_sessions_revoke(&c->tx, c->arg[0], "admin");
}

static enum rc revoke_user(struct call *c, void *ret_out)
{
	(void)ret_out;
	return people_sessions_revoke_user(&c->tx, c->arg[0], NULL, "admin");
}

static enum rc revoke_others(struct call *c, void *ret_out)
{
	(void)ret_out;
	if (c->who->kind != PRINCIPAL_USER)
		return fault_set(c->tx.fault, RC_CONFLICT, "an API key has no sessions");
	return people_sessions_revoke_user(&c->tx, c->who->id, c->who->session_id, "own");
}

static enum rc rotate(struct call *c, void *ret_out)
{
	(void)ret_out;
	enum rc rc = tokens_rotate(&c->tx, false);
	return rc == RC_OK ? audit_add(&c->tx, "access_token_key.rotate", "") : rc;
}

const struct route session_routes[] = {
	{
		.name = "listOwnSessions",
		.method = "GET",
		.path = "/v1/auth/sessions",
		.reach = REACH_SELF,
		.flags = ROUTE_LIST,
		.query = own_query_fields,
		.query_size = sizeof(struct sessions_query),
		.out = session_fields,
		.out_size = sizeof(struct session_view),
		.run = list_own,
		.doc = "Lists where the caller is logged in, and was, newest first.",
	},
	{
		.name = "revokeOwnSession",
		.method = "POST",
		.path = "/v1/auth/sessions/{id}/revoke",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = revoke_own,
		.doc = "Ends a session of the caller's.",
	},
	{
		.name = "revokeOtherSessions",
		.method = "POST",
		.path = "/v1/auth/sessions/revoke-others",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = revoke_others,
		.doc = "Ends all sessions of the caller's but that of the request.",
	},
	{
		.name = "listAuthSessions",
		.method = "GET",
		.path = "/v1/auth-sessions",
		.scope = SCOPE_AUTH_SESSIONS_READ,
		.reach = REACH_TENANT,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct sessions_query),
		.out = session_fields,
		.out_size = sizeof(struct session_view),
		.run = list_all,
		.doc = "Lists the log-ons of the tenant's people, newest first.",
	},
	{
		.name = "revokeAuthSession",
		.method = "POST",
		.path = "/v1/auth-sessions/{id}/revoke",
		.scope = SCOPE_AUTH_SESSIONS_WRITE,
		.reach = REACH_TENANT,
		.object = OBJECT_AUTH_SESSION,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = revoke_one,
		.doc = "Ends a session. A repeat changes nothing.",
	},
	{
		.name = "revokeUserSessions",
		.method = "POST",
		.path = "/v1/users/{id}/revoke-sessions",
		.scope = SCOPE_AUTH_SESSIONS_WRITE,
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = revoke_user,
		.doc = "Ends all sessions of a person.",
	},
	{
		.name = "rotateAccessTokenKey",
		.method = "POST",
		.path = "/v1/auth/jwks/rotate",
		.scope = SCOPE_AUTH_SESSIONS_WRITE,
		.reach = REACH_PLATFORM,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = rotate,
		.doc = "Signs access tokens with a new key from now on. What the old one signed stays valid until "
		       "it is over.",
	},
	{ 0 },
};
