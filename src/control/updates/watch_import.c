#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/updates/sources.h"
#include "control/updates/watch_routes.h"
#include "control/updates/watch_rows.h"
#include "wire/field_json.h"

#define ROWS_MAX 10000

struct import_in {
	struct field_list rows; /* of struct watch_in */
};
static const struct field in_fields[] = {
	{ .name = "rows",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		FIELD_AT(struct import_in, rows),
		.flags = FIELD_REQUIRED,
		.sub = watch_routes_in,
		.sub_size = sizeof(struct watch_in),
		.min = 1,
		.max = ROWS_MAX,
		.doc = "Each a watch, as createWatch takes it." },
	{ 0 },
};

struct import_out {
	uint32_t created, existing;
};
static const struct field out_fields[] = {
	{ .name = "created", .type = FIELD_U32, FIELD_AT(struct import_out, created), .doc = "New watches." },
	{ .name = "existing",
		.type = FIELD_U32,
		FIELD_AT(struct import_out, existing),
		.doc = "Titles that were watched already; their watches are as they were." },
	{ 0 },
};

static enum rc add_one(struct call *c, const struct watch_in *in, struct import_out *to)
{
	struct watch w = { 0 };
	enum rc rc = watch_routes_make(&c->tx, in, &w);

	to->created += rc == RC_OK;
	to->existing += rc == RC_EXISTS;
	return rc == RC_EXISTS ? RC_OK : rc;
}

static enum rc import(struct call *c, void *ret_out)
{
	const struct import_in *in = c->in;
	const struct watch_in *rows = in->rows.at;
	struct import_out *to = ret_out;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < in->rows.n && (rc == RC_OK || rc == RC_INVALID); i++) {
		const char *at = arena_fmt(c->tx.arena, "/rows/%zu", i);
		enum rc one = at ? watch_routes_check(c, &rows[i], at) : RC_NOMEM;
		rc = one == RC_OK ? rc : one;
	}
	if (rc == RC_OK)
		rc = watch_routes_room(&c->tx, in->rows.n);
	for (size_t i = 0; rc == RC_OK && i < in->rows.n; i++)
		rc = add_one(c, &rows[i], to);
	const char *payload = arena_fmt(c->tx.arena, "{\"created\":%u,\"existing\":%u}", to->created, to->existing);
	if (rc != RC_OK || !payload)
		return rc == RC_OK ? RC_NOMEM : rc;
	sources_wake(c->tx.control);
	rc = events_add(&c->tx, &(struct event){ .type = "watch.imported", .payload = payload });
	return rc == RC_OK ? audit_note(&c->tx, "watch.import", "", payload) : rc;
}

const struct route watch_import_routes[] = {
	{ .name = "importWatches",
		.method = "POST",
		.path = "/v1/watches:import",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.in = in_fields,
		.in_size = sizeof(struct import_in),
		.out = out_fields,
		.out_size = sizeof(struct import_out),
		.run = import,
		.doc = "Makes many watches at once: all of them, or none when a row is wrong." },
	{ 0 },
};
