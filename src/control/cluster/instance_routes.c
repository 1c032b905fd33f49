/* instance_routes: the control planes on the database, as the API shows them. */
#include "control/cluster/instances.h"
#include "control/control.h"
#include "control/http/page.h"

extern const struct route instance_routes[]; /* named by http/routes */

struct instance_view {
	const char *id, *node, *version;
	bool self, alive;
	uint32_t agents;
	struct field_list roles;
	int64_t started_at, alive_until;
};

static const struct field instance_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct instance_view, id),
		.doc = "ins_ and a ULID: of this run." },
	{ .name = "node",
		.type = FIELD_STR,
		FIELD_AT(struct instance_view, node),
		.doc = "Machine and data folder." },
	{ .name = "version",
		.type = FIELD_STR,
		FIELD_AT(struct instance_view, version),
		.doc = "The program's version." },
	{ .name = "self",
		.type = FIELD_BOOL,
		FIELD_AT(struct instance_view, self),
		.doc = "Is it the one that answers?" },
	{ .name = "alive",
		.type = FIELD_BOOL,
		FIELD_AT(struct instance_view, alive),
		.doc = "Was its heartbeat heard in the last three seconds?" },
	{ .name = "agents",
		.type = FIELD_U32,
		FIELD_AT(struct instance_view, agents),
		.doc = "Agents whose tunnels it has." },
	{ .name = "roles",
		.type = FIELD_LIST,
		FIELD_AT(struct instance_view, roles),
		.item = FIELD_STR,
		.doc = "What it does for all of them." },
	{ .name = "startedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct instance_view, started_at),
		.doc = "When it was started." },
	{ .name = "aliveUntil",
		.type = FIELD_TIME,
		FIELD_AT(struct instance_view, alive_until),
		.doc = "Until then its last heartbeat is good." },
	{ 0 },
};

#define INSTANCE_HEAD                                                                                         \
	"SELECT i.id, i.node, i.version, CASE i.id WHEN $3 THEN 1 ELSE 0 END, CASE WHEN i.until > $4 THEN 1 " \
	"ELSE 0 END, (SELECT COUNT(*) FROM agents a WHERE a.instance_id = i.id AND a.state = 'connected'), "
#define INSTANCE_TAIL ", i.started_at, i.until FROM instances i WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2"

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = INSTANCE_HEAD
		"(SELECT json_group_array(name) FROM (SELECT name FROM singletons WHERE holder = i.id "
		"ORDER BY name))" INSTANCE_TAIL,
		.sql_pg = INSTANCE_HEAD
		"(SELECT COALESCE(json_agg(s.name ORDER BY s.name), '[]')::text FROM singletons s "
		"WHERE s.holder = i.id)" INSTANCE_TAIL
	};
	const struct page_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->limit + 1),
				store_text(c->tx.control->instance_id), store_int(c->tx.now_ms)),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, page) : rc;
}

struct instances_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct instances_query), { 0 } };

const struct route instance_routes[] = {
	{
		.name = "listInstances",
		.method = "GET",
		.path = "/v1/instances",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_TOPOLOGY_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct page_query),
		.out = instance_fields,
		.out_size = sizeof(struct instance_view),
		.run = list,
		.doc = "Lists the control planes that share the database, and what each does.",
	},
	{ 0 },
};
