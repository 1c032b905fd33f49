#include "control/fleet/agents.h"
#include "base/id.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/drains.h"
#include "control/fleet/shop_challenges.h"
#include "control/http/page.h"
#include "control/pki/authorities.h"
#include "control/rows.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>

struct agent_view {
	const char *id, *region_id, *state, *version;
	struct field_list capabilities;
	bool connected, cordoned;
	uint32_t capacity, downloads, sessions, load;
	int64_t drain_until, drained_at, last_seen, created_at;
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
	{ .name = "capacity",
		.type = FIELD_U32,
		FIELD_AT(struct agent_view, capacity),
		.doc = "Tasks that it takes at once." },
	{ .name = "downloads",
		.type = FIELD_U32,
		FIELD_AT(struct agent_view, downloads),
		.doc = "Of these, downloads (its agent.downloads); 0: as many." },
	{ .name = "load",
		.type = FIELD_U32,
		FIELD_AT(struct agent_view, load),
		.doc = "Its workers in use, in percent; as it said last." },
	{ .name = "sessions",
		.type = FIELD_U32,
		FIELD_AT(struct agent_view, sessions),
		.doc = "Accounts that it holds." },
	{ .name = "cordoned",
		.type = FIELD_BOOL,
		FIELD_AT(struct agent_view, cordoned),
		.doc = "It gets no new tasks and accounts." },
	{ .name = "drainUntil",
		.type = FIELD_TIME,
		FIELD_AT(struct agent_view, drain_until),
		.doc = "It is drained: busy accounts are logged off then; null: it is not." },
	{ .name = "drainedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct agent_view, drained_at),
		.doc = "Since when it has nothing left; null: it is not drained, or not yet empty." },
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
	"capacity, downloads, load, sessions, cordoned, drain_until, drained_at, last_seen_at, created_at"

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
	struct tx *tx, const char *agent_id, const struct tunnel_msg_hello *m, int64_t dial, int64_t *ret_session)
{
	static const struct store_query set = {
		.sql = "UPDATE agents SET state = 'connected', version = $2, capabilities = $3, boot_id = $4, "
		       "last_seen_at = $5, updated_at = $5, capacity = $8, downloads = $10, sessions = (SELECT "
		       "COUNT(*) FROM "
		       "accounts WHERE "
		       "agent_id = $1 AND held = 1), lease_until = $6, instance_id = $7, session = session "
		       "+ 1, dial = $9 "
		       "WHERE id = $1 AND (instance_id <> $7 OR dial < $9) "
		       "RETURNING region_id, session"
	};
	auto_rows struct store_rows *r = NULL;
	struct buf payload = { 0 };

	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_text(m->version),
			store_text(names_json(tx, &m->capabilities)), store_text(m->boot_id), store_int(tx->now_ms),
			store_int(tx->now_ms + tx->control->conf->lease_ms), store_text(tx->control->instance_id),
			store_int(m->capacity.tasks), store_int(dial), store_int(m->capacity.downloads)),
		&r, tx->fault);
	if (rc == RC_MISSING)
		return fault_set(tx->fault, RC_CONFLICT, "the agent has a newer connection");
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

/* Is it this agent's, signed by us, and not revoked? */
static enum rc check_certificate(struct tx *tx, const char *agent_id, const char *uri, const char *serial)
{
	static const char ours[] = "urn:footplate:agent:";

	if (!*serial)
		return tx->control->conf->agent_certs == CONTROL_CERTS_REQUIRED
			       ? fault_set(tx->fault, RC_DENIED,
					 "agents need a certificate here (server.agent_certs)")
			       : RC_OK;
	if (strncmp(uri, ours, sizeof(ours) - 1) != 0 || strcmp(uri + sizeof(ours) - 1, agent_id) != 0)
		return fault_set(tx->fault, RC_DENIED, "its certificate is another's: %s", uri);
	return authorities_check(tx, serial, agent_id);
}

enum rc agents_showed(struct tx *tx, const char *agent_id, const char *uri, const char *serial)
{
	static const struct store_query set = {
		.sql = "UPDATE agents SET cert_serial = $2 WHERE id = $1 AND cert_serial <> $2"
	};
	enum rc rc = check_certificate(tx, agent_id, uri, serial);
	return rc == RC_OK ? store_do(tx->db, &set, STORE_ARGS(store_text(agent_id), store_text(serial)), tx->fault)
			   : rc;
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

enum rc agents_seen(struct tx *tx, const char *agent_id, uint32_t load)
{
	static const struct store_query set = {
		.sql = "UPDATE agents SET last_seen_at = $2, lease_until = $3, load = $4 "
		       "WHERE id = $1 AND state <> 'revoked' RETURNING "
		       "id"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &set,
		STORE_ARGS(store_text(agent_id), store_int(tx->now_ms),
			store_int(tx->now_ms + tx->control->conf->lease_ms), store_int(load)),
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
		rc = shop_challenges_moot(&c->tx, c->arg[0]);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "agent.revoked", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "agent.revoke", c->arg[0]);
	return rc == RC_OK || rc == RC_MISSING ? get(c, ret_out) : rc;
}

static enum rc cordon(struct call *c, void *ret_out)
{
	enum rc rc = drains_cordon(&c->tx, c->arg[0], true);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc uncordon(struct call *c, void *ret_out)
{
	enum rc rc = drains_cordon(&c->tx, c->arg[0], false);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drain(struct call *c, void *ret_out)
{
	const struct drains_in *in = c->in;
	enum rc rc = drains_begin(&c->tx, c->arg[0], in->deadline_ms);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc undrain(struct call *c, void *ret_out)
{
	enum rc rc = drains_end(&c->tx, c->arg[0]);
	return rc == RC_OK ? get(c, ret_out) : rc;
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
		.reach = REACH_SHARED,
		.lists = OBJECT_AGENT,
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
		.name = "getAgent",
		.method = "GET",
		.path = "/v1/agents/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_AGENT,
		.scope = SCOPE_AGENTS_READ,
		.out = agent_fields,
		.out_size = sizeof(struct agent_view),
		.run = get,
		.doc = "Shows an agent.",
	},
#define DEED(name_, verb, doc_)                                                                                    \
	.name = (name_), .method = "POST", .path = "/v1/agents/{id}/" verb, .scope = SCOPE_AGENTS_WRITE,           \
	.reach = REACH_SHARED, .object = OBJECT_AGENT, .flags = ROUTE_WRITE | ROUTE_ACCEPTED, .out = agent_fields, \
	.out_size = sizeof(struct agent_view), .doc = (doc_)
	{
		DEED("cordonAgent", "cordon", "Gives the agent no new tasks and accounts; it keeps what it has."),
		.run = cordon,
	},
	{
		DEED("uncordonAgent", "uncordon", "Gives the agent tasks and accounts again."),
		.run = uncordon,
	},
	{
		DEED("drainAgent", "drain",
			"Gives the agent nothing new, and its accounts to others: each when no task of it runs, "
			"all at the "
			"deadline."),
		.in = drains_fields,
		.in_size = sizeof(struct drains_in),
		.run = drain,
	},
	{
		DEED("undrainAgent", "undrain", "Ends the drain of an agent."),
		.run = undrain,
	},
	{
		.name = "revokeAgent",
		.method = "POST",
		.path = "/v1/agents/{id}/revoke",
		.reach = REACH_SHARED,
		.object = OBJECT_AGENT,
		.scope = SCOPE_AGENTS_WRITE,
		.flags = ROUTE_WRITE,
		.out = agent_fields,
		.out_size = sizeof(struct agent_view),
		.run = revoke_it,
		.doc = "Cuts the agent off for good. Its tasks go to others when their leases lapse.",
	},
	{ 0 },
};
