#include "control/fleet/enrolments.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/agents.h"
#include "control/fleet/labels.h"
#include "io/clock.h"
#include "model/apikey.h"
#include "wire/field_json.h"
#include "wire/tunnel_auth.h"
#include "wire/tunnel_msg.h"

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

enum rc enrolments_token(struct tx *tx, const char *region_id, const char **ret_token, int64_t *ret_expires)
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
	int64_t expires = tx->now_ms + ENROLMENTS_TOKEN_MS;
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
	return rc == RC_OK ? enrolments_token(&c->tx, in->region_id, &v->token, &v->expires_at) : rc;
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
				store_text(in->version),
				store_text(labels_texts_json(tx->arena, &in->capabilities)), store_int(tx->now_ms)),
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

const struct route enrolments_routes[] = {
	{
		.name = "createEnrolmentToken",
		.method = "POST",
		.path = "/v1/agents/enrollments",
		.reach = REACH_PLATFORM,
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
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = enroll_in_fields,
		.in_size = sizeof(struct enroll_in),
		.out = enroll_fields,
		.out_size = sizeof(struct enroll_view),
		.run = enroll,
		.doc = "Called by an agent: trades a one-time token for an identity.",
	},
	{ 0 },
};
