#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/updates/sources.h"
#include "control/updates/watch_library.h"
#include "control/updates/watch_routes.h"
#include "control/updates/watch_rows.h"
#include "wire/field_json.h"

#define ROWS_MAX 10000

struct import_in {
	struct field_list rows; /* of struct watch_in */
	const char *account_id;
	struct field_list labels;
};
static const struct field in_fields[] = {
	{ .name = "rows",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		FIELD_AT(struct import_in, rows),
		.sub = watch_routes_in,
		.sub_size = sizeof(struct watch_in),
		.min = 1,
		.max = ROWS_MAX,
		.doc = "Each a watch, as createWatch takes it." },
	{ .name = "accountId",
		.type = FIELD_STR,
		FIELD_AT(struct import_in, account_id),
		.min = 1,
		.max = 64,
		.doc = "Instead of rows: what this account owns. Its library is read first; the event "
		       "watch.imported "
		       "tells the end." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct import_in, labels),
		.doc = "With accountId: of each watch." },
	{ 0 },
};

struct import_out {
	uint32_t created, existing;
	const char *import_id;
};
static const struct field out_fields[] = {
	{ .name = "created", .type = FIELD_U32, FIELD_AT(struct import_out, created), .doc = "New watches." },
	{ .name = "existing",
		.type = FIELD_U32,
		FIELD_AT(struct import_out, existing),
		.doc = "Titles that were watched already; their watches are as they were." },
	{ .name = "importId",
		.type = FIELD_STR,
		FIELD_AT(struct import_out, import_id),
		.doc = "Of a library that is being read; null: it is done." },
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

static enum rc import_library(struct call *c, const struct import_in *in, struct import_out *to)
{
	enum rc rc = watch_library_start(c, in->account_id, &in->labels, &to->import_id);

	if (rc == RC_MISSING)
		return field_json_problem(c->reader, "/accountId", "not_one_of", "there is no such account");
	return rc == RC_OK ? audit_note(&c->tx, "watch.import", to->import_id, in->account_id) : rc;
}

static enum rc import(struct call *c, void *ret_out)
{
	const struct import_in *in = c->in;
	const struct watch_in *rows = in->rows.at;
	struct import_out *to = ret_out;
	enum rc rc = RC_OK;

	if (!in->rows.n == !in->account_id)
		return field_json_problem(c->reader, "/rows", "required", "give rows, or an accountId");
	if (in->account_id)
		return import_library(c, in, to);
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
		.doc = "Makes many watches at once, of rows (all of them, or none when one is wrong) or of an "
		       "account's "
		       "library; that needs library:read, too." },
	{ 0 },
};
