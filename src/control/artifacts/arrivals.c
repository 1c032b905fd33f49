#include "control/artifacts/arrivals.h"
#include "control/artifacts/arrival_part.h"
#include "control/artifacts/arrivals_end.h"
#include "control/control.h"
#include "io/blobs.h"
#include "io/failpoint.h"
#include "wire/listing.h"

/* ---- what is missing ---- */

struct blob {
	const char *sha256;
	uint64_t size, received;
};
static const struct field blob_fields[] = {
	{ .name = "sha256",
		.type = FIELD_STR,
		FIELD_AT(struct blob, sha256),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "Its hash." },
	{ .name = "size",
		.type = FIELD_I64,
		FIELD_AT(struct blob, size),
		.flags = FIELD_REQUIRED,
		.max = ARRIVALS_BLOB_BYTES,
		.doc = "Its size." },
	{ .name = "received",
		.type = FIELD_I64,
		FIELD_AT(struct blob, received),
		.flags = FIELD_READONLY,
		.max = INT64_MAX,
		.doc = "So much of it is here." },
	{ 0 },
};
struct blobs {
	struct field_list blobs;
};
static const struct field blobs_fields[] = {
	{ .name = "blobs",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.sub = blob_fields,
		.sub_size = sizeof(struct blob),
		FIELD_AT(struct blobs, blobs),
		.flags = FIELD_REQUIRED,
		.min = 0,
		.max = ARRIVALS_MISSING,
		.doc = "Those asked about; in the answer those that are missing." },
	{ 0 },
};

static const char *dir_of(const struct call *c) { return c->tx.control->conf->artifacts->dir; }

static enum rc missing(struct call *c, void *ret_out)
{
	const struct blobs *in = c->in;
	const struct blob *each = in->blobs.at;
	struct blobs *out = ret_out;
	struct arrival a = { 0 };
	struct blob *to = arena_take(c->tx.arena, (in->blobs.n + 1) * sizeof(*to));

	enum rc rc = to ? arrivals_find(c, &a) : RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < in->blobs.n; i++) {
		const struct arrival_part part = { dir_of(c), a.agent_id, each[i].sha256, each[i].size };
		if (blobs_has(part.dir, part.sha256, part.size))
			continue;
		to[out->blobs.n] = each[i];
		rc = arrival_part_received(&part, &to[out->blobs.n++].received, c->tx.fault);
	}
	out->blobs.at = to;
	return rc;
}

/* ---- a piece ---- */

struct piece_query {
	int64_t offset, size;
};
static const struct field piece_query_fields[] = {
	{ .name = "offset",
		.type = FIELD_I64,
		FIELD_AT(struct piece_query, offset),
		.flags = FIELD_REQUIRED,
		.max = ARRIVALS_BLOB_BYTES,
		.doc = "Where the piece begins." },
	{ .name = "size",
		.type = FIELD_I64,
		FIELD_AT(struct piece_query, size),
		.flags = FIELD_REQUIRED,
		.max = ARRIVALS_BLOB_BYTES,
		.doc = "Of the whole blob." },
	{ 0 },
};
struct piece_view {
	int64_t received;
	bool whole;
};
static const struct field piece_fields[] = {
	{ .name = "received",
		.type = FIELD_I64,
		FIELD_AT(struct piece_view, received),
		.doc = "So much of it is here: go on from there." },
	{ .name = "whole", .type = FIELD_BOOL, FIELD_AT(struct piece_view, whole), .doc = "Is it in its place?" },
	{ 0 },
};

static enum rc take_piece(struct call *c, void *ret_out)
{
	const struct piece_query *q = c->query;
	struct piece_view *v = ret_out;
	struct arrival a = { 0 };
	struct arrival_state state = { 0 };

	if (!listing_is_sha256(c->arg[0]))
		return RC_MISSING;
	enum rc rc = arrivals_find(c, &a);
	if (rc == RC_OK && atomic_load(&c->tx.control->storage_full))
		rc = fault_set(c->tx.fault, RC_QUOTA, "the disk of the store is full (downloads.high_percent)");
	const struct arrival_part part = { dir_of(c), a.agent_id, c->arg[0], (uint64_t)q->size };
	const struct arrival_piece piece = { (uint64_t)q->offset, c->text, c->text_n };
	if (rc == RC_OK)
		rc = arrival_part_take(&part, &piece, &state, c->tx.fault);
	if (rc == RC_OK)
		FAILPOINT("arrivals.piece");
	*v = (struct piece_view){ (int64_t)state.received, state.whole };
	return rc;
}

const struct route arrivals_routes[] = {
	{ .name = "askMissingBlobs",
		.method = "POST",
		.path = "/v1/arrivals/missing",
		.reach = REACH_OPEN,
		.flags = ROUTE_SLOW,
		.in = blobs_fields,
		.in_size = sizeof(struct blobs),
		.out = blobs_fields,
		.out_size = sizeof(struct blobs),
		.run = missing,
		.doc = "Called by an agent with a ticket: which of these blobs does the store not have?" },
	{ .name = "putBlobPiece",
		.method = "PUT",
		.path = "/v1/arrivals/blobs/{sha256}",
		.reach = REACH_OPEN,
		.flags = ROUTE_SLOW | ROUTE_BYTES,
		.query = piece_query_fields,
		.query_size = sizeof(struct piece_query),
		.out = piece_fields,
		.out_size = sizeof(struct piece_view),
		.run = take_piece,
		.doc = "Called by an agent with a ticket: the next piece of a blob." },
	{ .name = "endArrival",
		.method = "POST",
		.path = "/v1/arrivals/end",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.status = 204,
		.in = arrivals_end_fields,
		.in_size = sizeof(struct arrivals_end),
		.before = arrivals_end_before,
		.run = arrivals_end_run,
		.doc = "Called by an agent with a ticket: the content is whole. The ticket is used." },
	{ 0 },
};
