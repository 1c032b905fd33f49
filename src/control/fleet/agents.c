#include "control/fleet/agents.h"
#include "base/id.h"
#include "control/access/audit.h"
#include "control/access/keys.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "io/clock.h"
#include "model/apikey.h"
#include "wire/field_json.h"
#include "wire/tunnel_auth.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>

struct agent_view {
	const char *id, *region_id, *state, *version;
	struct field_list capabilities;
	bool connected;
	int64_t last_seen, created_at;
};

static const struct field agent_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct agent_view, id), .doc = "agt_ and a ULID." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct agent_view, region_id),
		.doc = "The region it works for." },
	{ .name = "connected",
		.type = FIELD_BOOL,
		FIELD_AT(struct agent_view, connected),
		.doc = "Is its tunnel up?" },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct agent_view, state),
		.doc = "enrolled, connected, disconnected or revoked." },
	{ .name = "version",
		.type = FIELD_STR,
		FIELD_AT(struct agent_view, version),
		.doc = "The program's version." },
	{ .name = "capabilities",
		.type = FIELD_LIST,
		FIELD_AT(struct agent_view, capabilities),
		.item = FIELD_STR,
		.doc = "The actions it can run." },
	{ .name = "lastSeen",
		.type = FIELD_TIME,
		FIELD_AT(struct agent_view, last_seen),
		.doc = "When it was heard last." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct agent_view, created_at),
		.doc = "When it was enrolled." },
	{ 0 },
};
#define AGENT_COLUMNS                                                                                  \
	"id, region_id, CASE state WHEN 'connected' THEN 1 ELSE 0 END, state, version, capabilities, " \
	"last_seen_at, created_at"

enum rc agents_key(struct tx *tx, const char *agent_id, uint8_t *ret_public, char *ret_region)
{
	static const struct store_query find = {
		.sql = "SELECT public_key, region_id, state FROM agents WHERE id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(agent_id)), &r, tx->fault);

	if (rc == RC_MISSING)
		return fault_set(tx->fault, rc, "no agent with this id is enrolled");
	if (rc != RC_OK)
		return rc;
	if (!strcmp(store_col_text(r, 2), "revoked"))
		return fault_set(tx->fault, RC_DENIED, "the agent was revoked");
	if (!tunnel_auth_of_hex(store_col_text(r, 0), ret_public, TUNNEL_AUTH_KEY))
		return fault_set(tx->fault, RC_INTERNAL, "the agent's public key is damaged");
	snprintf(ret_region, ID_MAX, "%s", store_col_text(r, 1));
	return RC_OK;
}

static const char *names_json(struct tx *tx, const struct field_list *names)
{
	const char *const *s = names->at;
	struct buf b = { 0 };

	buf_u8(&b, '[');
	for (size_t i = 0; i < names->n; i++) {
		buf_str(&b, i ? "," : "");
		json_put_str(&b, s[i]);
	}
	buf_u8(&b, ']');
	const char *text = arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc agents_connected(
	struct tx *tx, const char *agent_id, const struct tunnel_msg_hello *m, int64_t *ret_session)
{
	static const struct store_query set = {
		.sql = "UPDATE agents SET state = 'connected', version = $2, capabilities = $3, boot_id = $4, "
		       "last_seen_at = $5, updated_at = $5, lease_until = $6, instance_id = $7, session = session "
		       "+ 1 "
		       "WHERE id = $1 "
		       "RETURNING region_id, session"
	};
	auto_rows struct store_rows *r = NULL;
	struct buf payload = { 0 };

	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_text(m->version),
			store_text(names_json(tx, &m->capabilities)), store_text(m->boot_id), store_int(tx->now_ms),
			store_int(tx->now_ms + tx->control->conf->lease_ms), store_text(tx->control->instance_id)),
		&r, tx->fault);
	if (rc != RC_OK)
		return rc;
	const char *region = arena_str(tx->arena, store_col_text(r, 0));
	*ret_session = store_col_int(r, 1);
	store_close(take(r));
	buf_str(&payload, "{\"version\":");
	json_put_str(&payload, m->version);
	buf_u8(&payload, '}');
	rc = events_add(tx, &(struct event){ .type = "agent.connected",
				    .resource = agent_id,
				    .region_id = region,
				    .payload = buf_text(&payload) });
	buf_done(&payload);
	return rc;
}

enum rc agents_gone(struct tx *tx, const char *agent_id, int64_t session, const char *why)
{
	static const struct store_query set = {
		.sql = "UPDATE agents SET state = 'disconnected', last_seen_at = $2, updated_at = $2 WHERE id = $1 "
		       "AND state = 'connected' AND (session = $3 OR $3 = 0) RETURNING region_id"
	};
	auto_rows struct store_rows *r = NULL;
	struct buf payload = { 0 };

	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_int(tx->now_ms), store_int(session)), &r, tx->fault);
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *region = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	buf_str(&payload, "{\"reason\":");
	json_put_str(&payload, why);
	buf_u8(&payload, '}');
	rc = events_add(tx, &(struct event){ .type = "agent.disconnected",
				    .resource = agent_id,
				    .region_id = region,
				    .payload = buf_text(&payload) });
	buf_done(&payload);
	return rc;
}

enum rc agents_seen(struct tx *tx, const char *agent_id)
{
	static const struct store_query set = { .sql = "UPDATE agents SET last_seen_at = $2, lease_until = $3 "
						       "WHERE id = $1 AND state <> 'revoked' RETURNING "
						       "id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_int(tx->now_ms),
			store_int(tx->now_ms + tx->control->conf->lease_ms)),
		&r, tx->fault);
	return rc == RC_MISSING ? fault_set(tx->fault, RC_DENIED, "the agent was revoked") : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " AGENT_COLUMNS
						       " FROM agents WHERE id < $1 ORDER BY id DESC LIMIT $2" };
	const struct page_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, page) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " AGENT_COLUMNS " FROM agents WHERE id = $1" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(c->arg[0])),
		(struct rows_into){ agent_fields, c->tx.arena, ret_out }, c->tx.fault);
}

/* An agent that is connected is cut off at its next heartbeat (agents_seen), and refused at its next HELLO (agents_key). */
static enum rc revoke_it(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE agents SET state = 'revoked', updated_at = $2 WHERE "
						       "id = $1 AND state <> 'revoked' RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_int(c->tx.now_ms)), &r, c->tx.fault);

	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "agent.revoked", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "agent.revoke", c->arg[0]);
	return rc == RC_OK || rc == RC_MISSING ? get(c, ret_out) : rc;
}

struct token_new {
	const char *region_id;
};
static const struct field token_new_fields[] = {
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct token_new, region_id),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.doc = "The region that the agent will work for." },
	{ 0 },
};
struct token_view {
	const char *token, *region_id;
	int64_t expires_at;
};
static const struct field token_fields[] = {
	{ .name = "token",
		.type = FIELD_STR,
		FIELD_AT(struct token_view, token),
		.doc = "The token. It is shown this once and is good for one agent." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct token_view, region_id),
		.doc = "The region that the agent will work for." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct token_view, expires_at),
		.doc = "It is refused from then on." },
	{ 0 },
};

enum rc agents_token(struct tx *tx, const char *region_id, const char **ret_token, int64_t *ret_expires)
{
	static const struct store_query insert = { .sql = "INSERT INTO join_tokens (hash, region_id, expires_at, "
							  "used_at, created_at) VALUES ($1, $2, $3, 0, $4)" };
	uint8_t random[APIKEY_RANDOM];
	char hash[KEYS_HASH_MAX], *token = arena_take(tx->arena, APIKEY_MAX);

	if (!token)
		return RC_NOMEM;
	clock_random(random, sizeof(random));
	apikey_make(token, "agt", random);
	keys_hash(tx->control, token, hash);
	int64_t expires = tx->now_ms + AGENTS_TOKEN_MS;
	enum rc rc = store_do(tx->db, &insert,
		STORE_ARGS(store_text(hash), store_text(region_id), store_int(expires), store_int(tx->now_ms)),
		tx->fault);
	if (rc == RC_OK)
		rc = audit_add(tx, "agent.token", region_id);
	if (rc != RC_OK)
		return rc;
	*ret_token = token;
	*ret_expires = expires;
	return RC_OK;
}

static enum rc make_token(struct call *c, void *ret_out)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
	const struct token_new *in = c->in;
	struct token_view *v = ret_out;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(in->region_id)), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return field_json_problem(c->reader, "/regionId", "not_one_of", "there is no such region");
	v->region_id = in->region_id;
	return rc == RC_OK ? agents_token(&c->tx, in->region_id, &v->token, &v->expires_at) : rc;
}

struct enroll_in {
	const char *token, *public_key, *version;
	struct field_list capabilities;
};
static const struct field enroll_in_fields[] = {
	{ .name = "token",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_in, token),
		.flags = FIELD_REQUIRED,
		.max = 64,
		.doc = "The one-time token." },
	{ .name = "publicKey",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_in, public_key),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "The agent's Ed25519 public key, as 64 hexadecimal characters." },
	{ .name = "version",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_in, version),
		.max = 64,
		.def_text = "",
		.doc = "The program's version." },
	{ .name = "capabilities",
		.type = FIELD_LIST,
		FIELD_AT(struct enroll_in, capabilities),
		.item = FIELD_STR,
		.max = TUNNEL_MSG_ACTIONS_MAX,
		.doc = "The actions it can run." },
	{ 0 },
};
struct enroll_view {
	const char *agent_id, *region_id, *server_public_key;
};
static const struct field enroll_fields[] = {
	{ .name = "agentId", .type = FIELD_STR, FIELD_AT(struct enroll_view, agent_id), .doc = "agt_ and a ULID." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_view, region_id),
		.doc = "The region it works for." },
	{ .name = "serverPublicKey",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_view, server_public_key),
		.doc = "The control plane's Ed25519 public key, by which the agent knows it from now on." },
	{ 0 },
};

static enum rc use_token(struct tx *tx, const char *token, const char *agent_id, const char **ret_region)
{
	static const struct store_query use = {
		.sql = "UPDATE join_tokens SET used_at = $2, agent_id = $3 WHERE hash = $1 AND used_at = 0 AND "
		       "expires_at > $2 RETURNING region_id"
	};
	auto_rows struct store_rows *r = NULL;
	char hash[KEYS_HASH_MAX];
	enum rc rc = RC_MISSING;

	if (apikey_is(token, "agt")) {
		keys_hash(tx->control, token, hash);
		rc = store_one(tx->db, &use,
			STORE_ARGS(store_text(hash), store_int(tx->now_ms), store_text(agent_id)), &r, tx->fault);
	}
	if (rc == RC_MISSING)
		return fault_set(
			tx->fault, RC_UNAUTHENTICATED, "the token is unknown, used or expired; make a new one");
	*ret_region = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	return rc;
}

static enum rc enroll(struct call *c, void *ret_out)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
		       "last_seen_at, created_at, updated_at) "
		       "VALUES ($1, $2, $3, 'enrolled', $4, $5, '', $6, $6, $6)"
	};
	const struct enroll_in *in = c->in;
	struct enroll_view *v = ret_out;
	struct tx *tx = &c->tx;
	char *hex = arena_take(tx->arena, TUNNEL_AUTH_KEY_HEX);

	v->agent_id = tx_id(tx, "agt");
	if (!hex || !v->agent_id)
		return RC_NOMEM;
	enum rc rc = use_token(tx, in->token, v->agent_id, &v->region_id);
	if (rc == RC_OK)
		rc = store_do(tx->db, &insert,
			STORE_ARGS(store_text(v->agent_id), store_text(v->region_id), store_text(in->public_key),
				store_text(in->version), store_text(names_json(tx, &in->capabilities)),
				store_int(tx->now_ms)),
			tx->fault);
	if (rc == RC_EXISTS)
		return fault_set(tx->fault, rc, "an agent with this public key is enrolled already");
	tx->actor = arena_fmt(tx->arena, "agent:%s", v->agent_id);
	if (rc == RC_OK)
		rc = events_add(
			tx, &(struct event){
				    .type = "agent.enrolled", .resource = v->agent_id, .region_id = v->region_id });
	if (rc == RC_OK)
		rc = audit_add(tx, "agent.enroll", v->agent_id);
	tunnel_auth_hex(tx->control->secrets.sign_public, TUNNEL_AUTH_KEY, hex);
	v->server_public_key = hex;
	return rc;
}

struct agents_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct agents_query), { 0 } };

const struct route agents_routes[] = {
	{
		.name = "listAgents",
		.method = "GET",
		.path = "/v1/agents",
		.scope = SCOPE_AGENTS_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct page_query),
		.out = agent_fields,
		.out_size = sizeof(struct agent_view),
		.run = list,
		.doc = "Lists the agents, newest first.",
	},
	{
		.name = "createEnrolmentToken",
		.method = "POST",
		.path = "/v1/agents/enrollments",
		.scope = SCOPE_AGENTS_ENROLL,
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = token_new_fields,
		.in_size = sizeof(struct token_new),
		.out = token_fields,
		.out_size = sizeof(struct token_view),
		.run = make_token,
		.doc = "Makes a one-time token with which one agent can enrol within 15 minutes.",
	},
	{
		.name = "enrollAgent",
		.method = "POST",
		.path = "/v1/agents/enroll",
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = enroll_in_fields,
		.in_size = sizeof(struct enroll_in),
		.out = enroll_fields,
		.out_size = sizeof(struct enroll_view),
		.run = enroll,
		.doc = "Called by an agent: trades a one-time token for an identity.",
	},
	{
		.name = "getAgent",
		.method = "GET",
		.path = "/v1/agents/{id}",
		.scope = SCOPE_AGENTS_READ,
		.out = agent_fields,
		.out_size = sizeof(struct agent_view),
		.run = get,
		.doc = "Shows an agent.",
	},
	{
		.name = "revokeAgent",
		.method = "POST",
		.path = "/v1/agents/{id}/revoke",
		.scope = SCOPE_AGENTS_WRITE,
		.flags = ROUTE_WRITE,
		.out = agent_fields,
		.out_size = sizeof(struct agent_view),
		.run = revoke_it,
		.doc = "Cuts the agent off for good. Its tasks go to others when their leases lapse.",
	},
	{ 0 },
};
