#include "control/artifacts/arrivals.h"
#include "base/hush.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/artifacts/arrival_part.h"
#include "control/control.h"
#include "control/engine/moves.h"
#include "io/blobs.h"
#include "io/clock.h"
#include "io/contents.h"
#include "io/file.h"
#include "io/web.h"
#include "wire/field_json.h"
#include "wire/listing.h"
#include "wire/sheet.h"
#include "wire/tunnel_auth.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "Ticket "

/* ---- tickets ---- */

enum rc arrivals_ticket(struct tx *tx, const char *agent_id, const struct tunnel_msg_ticket *m, bool *ret_ok,
	char ret[static ARRIVALS_TICKET])
{
	static const struct store_query drop = { .sql = "DELETE FROM arrivals WHERE task_id = $1" };
	static const struct store_query put = { .sql = "INSERT INTO arrivals (id, ticket, agent_id, task_id, "
						       "attempt, expires_at) VALUES ($1, $2, $3, "
						       "$4, $5, $6)" };
	struct moves_task t = { 0 };
	char hash[KEYS_HASH_MAX];
	uint8_t random[32];
	const char *id = tx_id(tx, "arr");

	*ret_ok = false;
	enum rc rc = id ? moves_held(tx, agent_id, m->task_id, m->attempt, &t) : RC_NOMEM;
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (t.cancel_asked || t.lease_until <= tx->now_ms)
		return RC_OK;
	clock_random(random, sizeof(random));
	tunnel_auth_hex(random, sizeof(random), ret);
	keys_hash(tx->control, ret, hash);
	hush_wipe(random, sizeof(random));
	rc = store_do(tx->db, &drop, STORE_ARGS(store_text(m->task_id)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &put,
			STORE_ARGS(store_text(id), store_text(hash), store_text(agent_id), store_text(m->task_id),
				store_int(m->attempt), store_int(tx->now_ms + ARRIVALS_TICKET_MS)),
			tx->fault);
	*ret_ok = rc == RC_OK;
	return rc;
}

struct arrival {
	const char *id, *agent_id, *content_id;
};

/* Whose request is it? The ticket is in a header, so that no log has it. */
static enum rc find(struct call *c, struct arrival *ret)
{
	static const struct store_query by_ticket = {
		.sql = "SELECT id, agent_id, content_id FROM arrivals WHERE ticket = $1 AND expires_at > $2"
	};
	const char *given = web_header(c->request, "authorization");
	auto_rows struct store_rows *r = NULL;
	char hash[KEYS_HASH_MAX];

	if (!given || strncasecmp(given, SCHEME, strlen(SCHEME)) != 0 || !listing_is_sha256(given + strlen(SCHEME)))
		return fault_set(c->tx.fault, RC_UNAUTHENTICATED, "an agent's ticket is needed here");
	keys_hash(c->tx.control, given + strlen(SCHEME), hash);
	enum rc rc = store_one(
		c->tx.db, &by_ticket, STORE_ARGS(store_text(hash), store_int(c->tx.now_ms)), &r, c->tx.fault);
	if (rc != RC_OK)
		return rc == RC_MISSING
			       ? fault_set(c->tx.fault, RC_UNAUTHENTICATED, "the ticket is unknown or expired")
			       : rc;
	*ret = (struct arrival){ arena_str(c->tx.arena, store_col_text(r, 0)),
		arena_str(c->tx.arena, store_col_text(r, 1)), arena_str(c->tx.arena, store_col_text(r, 2)) };
	if (!ret->id || !ret->agent_id)
		return RC_NOMEM;
	return ret->content_id ? fault_set(c->tx.fault, RC_UNAUTHENTICATED, "the ticket is used") : RC_OK;
}

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

	enum rc rc = to ? find(c, &a) : RC_NOMEM;
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
	uint64_t received = 0;

	if (!listing_is_sha256(c->arg[0]))
		return RC_MISSING;
	enum rc rc = find(c, &a);
	if (rc == RC_OK && atomic_load(&c->tx.control->storage_full))
		rc = fault_set(
			c->tx.fault, RC_OVERLOADED, "the disk of the store is full (downloads.high_percent)");
	const struct arrival_part part = { dir_of(c), a.agent_id, c->arg[0], (uint64_t)q->size };
	if (rc == RC_OK)
		rc = arrival_part_take(
			&part, (uint64_t)q->offset, c->text, c->text_n, &received, &v->whole, c->tx.fault);
	v->received = (int64_t)received;
	return rc;
}

/* ---- the end ---- */

struct end_in {
	const char *content_id, *kind, *format, *package_sha256;
	int64_t package_bytes;
};
static const struct field end_fields[] = {
	{ .name = "contentId",
		.type = FIELD_STR,
		FIELD_AT(struct end_in, content_id),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "Of the listing, which is a blob." },
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct end_in, kind),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.chars = "abcdefghijklmnopqrstuvwxyz_",
		.doc = "What it was the source of." },
	{ .name = "packageFormat",
		.type = FIELD_STR,
		FIELD_AT(struct end_in, format),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 16,
		.chars = "abcdefghijklmnopqrstuvwxyz.",
		.doc = "none, zip, tar or tar.zst." },
	{ .name = "packageSha256",
		.type = FIELD_STR,
		FIELD_AT(struct end_in, package_sha256),
		.flags = FIELD_NULLABLE,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "Of the package, which is a blob, too." },
	{ .name = "packageBytes",
		.type = FIELD_I64,
		FIELD_AT(struct end_in, package_bytes),
		.max = ARRIVALS_BLOB_BYTES,
		.doc = "Its size." },
	{ 0 },
};

static bool is_format(const char *s)
{
	return !strcmp(s, "none") || !strcmp(s, "zip") || !strcmp(s, "tar") || !strcmp(s, "tar.zst");
}

/* Looks at all of it, on a thread that may take long. */
static enum rc look(struct call *c)
{
	const struct end_in *in = c->in;
	struct contents_sums *sums = arena_take(c->tx.arena, sizeof(*sums));
	struct arrival a = { 0 };
	char none[BLOBS_NAME];

	enum rc rc = sums ? find(c, &a) : RC_NOMEM;
	if (rc == RC_OK && (!is_format(in->format) || !strcmp(in->format, "none") != !in->package_sha256))
		return fault_set(c->tx.fault, RC_INVALID, "a package has a format and a hash, or neither");
	if (rc == RC_OK)
		rc = contents_check(dir_of(c), in->content_id, sums, none, c->tx.fault);
	if (rc == RC_OK && in->package_sha256 &&
		!blobs_has(dir_of(c), in->package_sha256, (uint64_t)in->package_bytes))
		rc = RC_MISSING;
	c->found = sums;
	return rc == RC_MISSING ? fault_set(c->tx.fault, RC_CONFLICT, "not all of it is here: ask what is missing")
				: rc;
}

static enum rc write_sheet(struct call *c, const struct end_in *in, const struct contents_sums *sums)
{
	const struct sheet s = { .kind = in->kind,
		.bytes = (int64_t)sums->bytes,
		.files = (int64_t)sums->files,
		.package_format = in->format,
		.package_bytes = in->package_sha256 ? in->package_bytes : 0,
		.package_sha256 = in->package_sha256 };
	char path[BLOBS_PATH_MAX], folder[BLOBS_PATH_MAX];
	struct buf b = { 0 };

	sheet_write(&s, &b);
	blobs_sheet_path(dir_of(c), in->content_id, in->format, path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	enum rc rc = b.bad ? RC_NOMEM : file_mkdirs(folder, 0700, c->tx.fault);
	if (rc == RC_OK)
		rc = file_write(path, b.p, b.n, 0600, c->tx.fault);
	buf_done(&b);
	return rc;
}

static enum rc end(struct call *c, void *ret_out)
{
	static const struct store_query use = {
		.sql = "UPDATE arrivals SET content_id = $2 WHERE id = $1 AND content_id IS NULL RETURNING id"
	};
	const struct end_in *in = c->in;
	struct store_rows *r = NULL;
	struct arrival a = { 0 };
	(void)ret_out;

	enum rc rc = find(c, &a);
	if (rc == RC_OK)
		rc = store_one(
			c->tx.db, &use, STORE_ARGS(store_text(a.id), store_text(in->content_id)), &r, c->tx.fault);
	store_close(r);
	if (rc != RC_OK)
		return rc;
	c->tx.actor = arena_fmt(c->tx.arena, "agent:%s", a.agent_id);
	rc = c->tx.actor ? write_sheet(c, in, c->found) : RC_NOMEM;
	return rc == RC_OK ? audit_add(&c->tx, "content.arrive", in->content_id) : rc;
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
		.in = end_fields,
		.in_size = sizeof(struct end_in),
		.before = look,
		.run = end,
		.doc = "Called by an agent with a ticket: the content is whole. The ticket is used." },
	{ 0 },
};
