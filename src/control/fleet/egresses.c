#include "control/fleet/egresses.h"
#include "base/rc.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <arpa/inet.h>
#include <string.h>

enum kind { DIRECT, BIND_ADDRESS, HTTP_PROXY, SOCKS5 };
static const char *const kind_words[] = { "direct", "bind_address", "http_proxy", "socks5", NULL };

struct egress {
	const char *id, *name;
	int kind;
	const char *address, *region_id;
	uint32_t soft_cap, hard_cap, accounts;
	bool crowded, secret_set;
	int64_t version, created_at, updated_at;
};
static const struct field egress_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct egress, id), .doc = "egr_ and a ULID." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct egress, name), .doc = "Unique." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct egress, kind),
		.words = kind_words,
		.doc = "How it goes out." },
	{ .name = "address",
		.type = FIELD_STR,
		FIELD_AT(struct egress, address),
		.doc = "The address to bind, or HOST:PORT of the proxy; null with direct." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct egress, region_id),
		.doc = "Only agents of this region have it; null: all." },
	{ .name = "softCap",
		.type = FIELD_U32,
		FIELD_AT(struct egress, soft_cap),
		.doc = "Accounts that are no risk yet." },
	{ .name = "hardCap",
		.type = FIELD_U32,
		FIELD_AT(struct egress, hard_cap),
		.doc = "Accounts that it may have at most." },
	{ .name = "accounts",
		.type = FIELD_U32,
		FIELD_AT(struct egress, accounts),
		.doc = "Accounts that it has." },
	{ .name = "crowded",
		.type = FIELD_BOOL,
		FIELD_AT(struct egress, crowded),
		.doc = "It has more than softCap: the risk of bans grows." },
	{ .name = "secretSet",
		.type = FIELD_BOOL,
		FIELD_AT(struct egress, secret_set),
		.doc = "It has a login for its proxy." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct egress, version), .doc = "It is the ETag." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct egress, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct egress, updated_at),
		.doc = "When it was changed last." },
	{ 0 },
};
#define SELECT                                                                                                   \
	"SELECT x.* FROM (SELECT e.id, e.name, e.kind, e.address, e.region_id, e.soft_cap, e.hard_cap, (SELECT " \
	"COUNT(*) "                                                                                              \
	"FROM accounts a WHERE a.egress_id = e.id) AS accounts, (SELECT COUNT(*) FROM accounts a WHERE "         \
	"a.egress_id = "                                                                                         \
	"e.id) > e.soft_cap AS crowded, EXISTS (SELECT 1 FROM secrets s WHERE s.kind = 'egress' AND s.owner = "  \
	"e.id AND "                                                                                              \
	"s.sealed IS NOT NULL) AS secret_set, e.version, e.created_at, e.updated_at FROM egresses e) x "

static const struct field egress_in_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct egress, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 63,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789-",
		.doc = "Unique." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct egress, kind),
		.flags = FIELD_REQUIRED,
		.words = kind_words,
		.doc = "How it goes out." },
	{ .name = "address",
		.type = FIELD_STR,
		FIELD_AT(struct egress, address),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 253,
		.chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_[]",
		.doc = "The address to bind, or HOST:PORT of the proxy. A proxy's login is its secret, see "
		       "PUT /v1/egresses/{id}/secret." },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct egress, region_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "Only agents of this region have it; null: all." },
	{ .name = "softCap",
		.type = FIELD_U32,
		FIELD_AT(struct egress, soft_cap),
		.min = 1,
		.max = EGRESSES_HARD_CAP,
		.def = EGRESSES_SOFT_CAP,
		.doc = "Accounts that are no risk yet." },
	{ .name = "hardCap",
		.type = FIELD_U32,
		FIELD_AT(struct egress, hard_cap),
		.min = 1,
		.max = EGRESSES_HARD_CAP,
		.def = EGRESSES_HARD_CAP,
		.doc = "Accounts that it may have at most." },
	{ 0 },
};

static enum rc load(struct tx *tx, const char *id, struct egress *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ egress_fields, tx->arena, ret }, tx->fault);
}

static bool is_host_port(const char *s)
{
	const char *colon = strrchr(s, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;
	long port = n && n < 6 && !colon[1 + n] ? strtol(colon + 1, NULL, 10) : 0;
	bool bare = colon && (s[0] == '[' ? colon[-1] == ']' : memchr(s, ':', (size_t)(colon - s)) == NULL);
	return bare && colon > s && port >= 1 && port <= 65535;
}

static bool is_address(const char *s)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, s, bytes) == 1 || inet_pton(AF_INET6, s, bytes) == 1;
}

static enum rc check(struct call *c, const struct egress *v)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	if ((v->kind == DIRECT) == (v->address != NULL))
		return field_json_problem(c->reader, "/address", "required",
			v->address ? "direct has no address" : "this kind needs an address");
	if (v->kind == BIND_ADDRESS && !is_address(v->address))
		return field_json_problem(
			c->reader, "/address", "malformed", "must be an IP address of the agent's machine");
	if ((v->kind == HTTP_PROXY || v->kind == SOCKS5) && !is_host_port(v->address))
		return field_json_problem(c->reader, "/address", "malformed", "must be HOST:PORT of the proxy");
	if (v->soft_cap > v->hard_cap)
		return field_json_problem(c->reader, "/softCap", "out_of_range", "must not be above hardCap");
	if (!v->region_id)
		return RC_OK;
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(v->region_id)), &r, c->tx.fault);
	return rc == RC_MISSING
		       ? field_json_problem(c->reader, "/regionId", "not_one_of", "there is no such region")
		       : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	static const struct store_query insert = {
		.sql = "INSERT INTO egresses (id, name, kind, address, region_id, soft_cap, hard_cap, version, "
		       "created_at, "
		       "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)"
	};
	const struct egress *in = c->in;
	const char *id = tx_id(&c->tx, "egr");

	enum rc rc = id ? check(c, in) : RC_NOMEM;
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &insert,
			STORE_ARGS(store_text(id), store_text(in->name), store_text(kind_words[in->kind]),
				store_text(in->address), store_text(in->region_id), store_int(in->soft_cap),
				store_int(in->hard_cap), store_int(c->tx.now_ms)),
			c->tx.fault);
	if (rc == RC_EXISTS)
		return fault_set(c->tx.fault, rc, "there is an egress with the name %s already", in->name);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "egress.created", .resource = id });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "egress.create", id);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/egresses/%s", id);
	return rc == RC_OK ? load(&c->tx, id, ret_out) : rc;
}

struct egresses_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct egresses_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT "WHERE id < $1 ORDER BY id DESC LIMIT $2" };
	const struct egresses_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->page.limit + 1)), &r,
			c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct egress *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query delete = { .sql = "DELETE FROM egresses WHERE id = $1" };
	struct egress v = { 0 };
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc == RC_OK && v.accounts)
		return fault_set(c->tx.fault, RC_CONFLICT,
			"%u accounts go out by it; give them another egress first", v.accounts);
	if (rc == RC_OK)
		rc = vault_drop_all(&c->tx, "egress", v.id);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "egress.deleted", .resource = v.id });
	return rc == RC_OK ? audit_add(&c->tx, "egress.delete", v.id) : rc;
}

/* Its secret is new: agents are told of all accounts that go out by it. */
static enum rc changed(struct tx *tx, const char *id, const char *deed)
{
	static const struct store_query tell = {
		.sql = "UPDATE accounts SET bot_version = bot_version + 1 WHERE egress_id = $1"
	};
	static const struct store_query count = {
		.sql = "UPDATE egresses SET version = version + 1, updated_at = $2 WHERE id = $1"
	};
	tx->bots = true;
	enum rc rc = store_do(tx->db, &tell, STORE_ARGS(store_text(id)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &count, STORE_ARGS(store_text(id), store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "egress.updated", .resource = id });
	return rc == RC_OK ? audit_add(tx, deed, id) : rc;
}

struct value_in {
	const char *value;
};
static const struct field value_fields[] = {
	{ .name = "value",
		.type = FIELD_STR,
		FIELD_AT(struct value_in, value),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 3,
		.max = 512,
		.doc = "The proxy's login, as USER:PASSWORD; it cannot be read again." },
	{ 0 },
};

static enum rc set_secret(struct call *c, void *ret_out)
{
	const struct value_in *in = c->in;
	const struct vault_at at = { "egress", c->arg[0], "proxy" };
	struct egress v = { 0 };
	struct hush value = { 0 };
	bool is_new = false;
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK && v.kind != HTTP_PROXY && v.kind != SOCKS5)
		rc = fault_set(c->tx.fault, RC_CONFLICT, "only a proxy has a login");
	if (rc == RC_OK && !strchr(in->value, ':'))
		rc = field_json_problem(c->reader, "/value", "malformed", "must be USER:PASSWORD");
	if (rc == RC_OK)
		rc = hush_set(&value, in->value, strlen(in->value));
	if (rc == RC_OK)
		rc = vault_put(&c->tx, &at, &value, &is_new);
	hush_done(&value);
	hush_wipe((char *)in->value, strlen(in->value)); /* it lies in this call's arena */
	return rc == RC_OK && is_new ? changed(&c->tx, c->arg[0], "egress.secret.set") : rc;
}

static enum rc drop_secret(struct call *c, void *ret_out)
{
	const struct vault_at at = { "egress", c->arg[0], "proxy" };
	(void)ret_out;
	enum rc rc = vault_drop(&c->tx, &at);
	return rc == RC_OK ? changed(&c->tx, c->arg[0], "egress.secret.delete") : rc;
}

#define OUT .out = egress_fields, .out_size = sizeof(struct egress)

const struct route egresses_routes[] = {
	{ .name = "listEgresses",
		.method = "GET",
		.path = "/v1/egresses",
		.reach = REACH_SHARED,
		.lists = OBJECT_EGRESS,
		.scope = SCOPE_TOPOLOGY_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct egresses_query),
		OUT,
		.run = list,
		.doc = "Lists the egresses, newest first." },
	{ .name = "createEgress",
		.method = "POST",
		.path = "/v1/egresses",
		.reach = REACH_SHARED,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		.in = egress_in_fields,
		.in_size = sizeof(struct egress),
		OUT,
		.run = create,
		.doc = "Makes an egress. Accounts name it by egressId." },
	{ .name = "getEgress",
		.method = "GET",
		.path = "/v1/egresses/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_EGRESS,
		.scope = SCOPE_TOPOLOGY_READ,
		OUT,
		.run = get,
		.doc = "Shows an egress." },
	{ .name = "deleteEgress",
		.method = "DELETE",
		.path = "/v1/egresses/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_EGRESS,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes an egress that no account has." },
	{ .name = "setEgressSecret",
		.method = "PUT",
		.path = "/v1/egresses/{id}/secret",
		.reach = REACH_SHARED,
		.object = OBJECT_EGRESS,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE,
		.status = 204,
		.in = value_fields,
		.in_size = sizeof(struct value_in),
		.run = set_secret,
		.doc = "Sets the login of a proxy. It can be replaced and deleted, and never be read." },
	{ .name = "deleteEgressSecret",
		.method = "DELETE",
		.path = "/v1/egresses/{id}/secret",
		.reach = REACH_SHARED,
		.object = OBJECT_EGRESS,
		.scope = SCOPE_TOPOLOGY_WRITE,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = drop_secret,
		.doc = "Forgets the login of a proxy." },
	{ 0 },
};
