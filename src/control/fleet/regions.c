#include "control/fleet/regions.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/fleet/drains.h"
#include "control/fleet/labels.h"
#include "control/http/page.h"
#include "control/rows.h"

struct region {
	const char *id, *name, *country;
	struct field_list labels, compliance;
	bool cordoned;
	int64_t version, created_at, updated_at;
};

#define COUNTRY_ROWS                                                                                              \
	{ .name = "country",                                                                                      \
		.type = FIELD_STR,                                                                                \
		FIELD_AT(struct region, country),                                                                 \
		.flags = FIELD_NULLABLE,                                                                          \
		.max = 63,                                                                                        \
		.doc = "The country that its agents are in; routing policies look at it." },                      \
	{                                                                                                         \
		.name = "compliance", .type = FIELD_LIST, FIELD_AT(struct region, compliance), .item = FIELD_STR, \
		.max = 16, .doc = "What it complies with; routing policies look at it."                           \
	}

static const struct field region_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct region, id), .doc = "rgn_ and a ULID." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct region, name), .doc = "Unique, such as eu-west." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct region, labels),
		.doc = "For people and selectors." },
	COUNTRY_ROWS,
	{ .name = "cordoned",
		.type = FIELD_BOOL,
		FIELD_AT(struct region, cordoned),
		.doc = "Its agents get no new tasks and accounts." },
	{ .name = "version",
		.type = FIELD_I64,
		FIELD_AT(struct region, version),
		.doc = "Counts edits; it is the ETag." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct region, created_at),
		.doc = "When it was made." },
	{ .name = "updatedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct region, updated_at),
		.doc = "When it was edited last." },
	{ 0 },
};
#define COLUMNS "id, name, labels, country, compliance, cordoned, version, created_at, updated_at"

static const struct field region_in_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct region, name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 63,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789-",
		.doc = "Unique, such as eu-west." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct region, labels),
		.doc = "For people and selectors." },
	COUNTRY_ROWS,
	{ 0 },
};
enum { GIVEN_NAME = 1, GIVEN_LABELS = 2, GIVEN_COUNTRY = 4, GIVEN_COMPLIANCE = 8 };

static enum rc load(struct tx *tx, const char *id, struct region *ret)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM regions WHERE id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ region_fields, tx->arena, ret }, tx->fault);
}

static enum rc insert(struct tx *tx, struct region *v)
{
	static const struct store_query add = {
		.sql = "INSERT INTO regions (id, name, labels, version, "
		       "created_at, updated_at, country, compliance) VALUES ($1, $2, "
		       "$3, 1, $4, $4, $5, $6)"
	};
	v->id = tx_id(tx, "rgn");
	v->version = 1;
	v->created_at = v->updated_at = tx->now_ms;
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(store_text(v->id), store_text(v->name), store_text(labels_json(tx->arena, &v->labels)),
			store_int(tx->now_ms), store_text(v->country),
			store_text(labels_texts_json(tx->arena, &v->compliance))),
		tx->fault);
	if (rc == RC_EXISTS)
		return fault_set(tx->fault, rc, "there is a region with the name %s already", v->name);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "region.created", .region_id = v->id });
	return rc == RC_OK ? audit_add(tx, "region.create", v->id) : rc;
}

enum rc regions_first(struct tx *tx, const char *name, const char **ret_id)
{
	static const struct store_query find = { .sql = "SELECT id FROM regions WHERE name = $1" };
	auto_rows struct store_rows *r = NULL;
	struct region v = { .name = name };
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(name)), &r, tx->fault);

	if (rc == RC_OK)
		v.id = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	if (rc == RC_MISSING)
		rc = insert(tx, &v);
	if (rc == RC_OK)
		*ret_id = v.id;
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct region *v = ret_out;
	*v = *(const struct region *)c->in;
	c->version = 1;
	enum rc rc = insert(&c->tx, v);
	c->location = arena_fmt(c->tx.arena, "/v1/regions/%s", v->id);
	return rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " COLUMNS
						       " FROM regions WHERE id < $1 ORDER BY id DESC LIMIT $2" };
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
	struct region *v = ret_out;
	enum rc rc = load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

static enum rc patch(struct call *c, void *ret_out)
{
	static const struct store_query set = {
		.sql = "UPDATE regions SET name = $2, labels = $3, version = "
		       "version + 1, updated_at = $4, country = $5, compliance = $6 "
		       "WHERE id = $1"
	};
	const struct region *in = c->in;
	struct region *v = ret_out;

	enum rc rc = load(&c->tx, c->arg[0], v);
	if (rc == RC_OK)
		rc = route_match(c, v->version);
	if (rc != RC_OK)
		return rc;
	if (c->given & GIVEN_NAME)
		v->name = in->name;
	if (c->given & GIVEN_LABELS)
		v->labels = in->labels;
	if (c->given & GIVEN_COUNTRY)
		v->country = in->country;
	if (c->given & GIVEN_COMPLIANCE)
		v->compliance = in->compliance;
	c->version = ++v->version;
	v->updated_at = c->tx.now_ms;
	rc = store_do(c->tx.db, &set,
		STORE_ARGS(store_text(v->id), store_text(v->name), store_text(labels_json(c->tx.arena, &v->labels)),
			store_int(v->updated_at), store_text(v->country),
			store_text(labels_texts_json(c->tx.arena, &v->compliance))),
		c->tx.fault);
	if (rc == RC_EXISTS)
		return fault_set(c->tx.fault, rc, "there is a region with the name %s already", v->name);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "region.updated", .region_id = v->id });
	return rc == RC_OK ? audit_add(&c->tx, "region.update", v->id) : rc;
}

static enum rc cordon(struct call *c, void *ret_out)
{
	enum rc rc = drains_cordon_region(&c->tx, c->arg[0], true);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc uncordon(struct call *c, void *ret_out)
{
	enum rc rc = drains_cordon_region(&c->tx, c->arg[0], false);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drain(struct call *c, void *ret_out)
{
	const struct drains_in *in = c->in;
	enum rc rc = drains_begin_region(&c->tx, c->arg[0], in->deadline_ms);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc undrain(struct call *c, void *ret_out)
{
	enum rc rc = drains_end_region(&c->tx, c->arg[0]);
	return rc == RC_OK ? get(c, ret_out) : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query tokens = { .sql = "DELETE FROM join_tokens WHERE region_id = $1" };
	static const struct store_query delete = { .sql = "DELETE FROM regions WHERE id = $1" };
	struct region v = { 0 };
	(void)ret_out;

	enum rc rc = load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &tokens, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_CONFLICT)
		return fault_set(c->tx.fault, rc, "the region has agents; it cannot be deleted");
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "region.deleted", .region_id = v.id });
	return rc == RC_OK ? audit_add(&c->tx, "region.delete", v.id) : rc;
}

struct regions_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct regions_query), { 0 } };
#define OUT .out = region_fields, .out_size = sizeof(struct region)
#define IN  .in = region_in_fields, .in_size = sizeof(struct region)

const struct route regions_routes[] = {
	{ .name = "listRegions",
		.method = "GET",
		.path = "/v1/regions",
		.reach = REACH_SHARED,
		.lists = OBJECT_REGION,
		.scope = SCOPE_AGENTS_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct page_query),
		OUT,
		.run = list,
		.doc = "Lists the regions, newest first." },
	{ .name = "createRegion",
		.method = "POST",
		.path = "/v1/regions",
		.reach = REACH_SHARED,
		.scope = SCOPE_AGENTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes a region." },
	{ .name = "getRegion",
		.method = "GET",
		.path = "/v1/regions/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_REGION,
		.scope = SCOPE_AGENTS_READ,
		OUT,
		.run = get,
		.doc = "Shows a region." },
	{ .name = "updateRegion",
		.method = "PATCH",
		.path = "/v1/regions/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_REGION,
		.scope = SCOPE_AGENTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a region by a merge patch (RFC 7396)." },
#define DEED(name_, verb, doc_)                                                                           \
	.name = (name_), .method = "POST", .path = "/v1/regions/{id}/" verb, .scope = SCOPE_AGENTS_WRITE, \
	.reach = REACH_SHARED, .object = OBJECT_REGION, .flags = ROUTE_WRITE | ROUTE_ACCEPTED, OUT, .doc = (doc_)
	{ DEED("cordonRegion", "cordon", "Gives the agents of a region no new tasks and accounts."),
		.run = cordon },
	{ DEED("uncordonRegion", "uncordon", "Gives the agents of a region tasks and accounts again."),
		.run = uncordon },
	{ DEED("drainRegion", "drain", "Cordons a region, and drains each of its agents."), .in = drains_fields,
		.in_size = sizeof(struct drains_in), .run = drain },
	{ DEED("undrainRegion", "undrain", "Ends the drain of a region's agents, and uncordons it."),
		.run = undrain },
	{ .name = "deleteRegion",
		.method = "DELETE",
		.path = "/v1/regions/{id}",
		.reach = REACH_SHARED,
		.object = OBJECT_REGION,
		.scope = SCOPE_AGENTS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Deletes a region that no agent belongs to, and its enrolment tokens." },
	{ 0 },
};
