#include "control/artifacts/arrivals_end.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "io/blobs.h"
#include "io/contents.h"
#include "io/web.h"
#include "wire/listing.h"
#include "wire/sheet.h"

#include <string.h>
#include <strings.h>

#define SCHEME "Ticket "

/*
 * Whose request is it? The ticket is in a header, so that no log has it. It is worth as much as the attempt that it was given for: when
 * that was lost to another, canceled, or its agent revoked, nobody may bring anything by it.
 */
enum rc arrivals_find(struct call *c, struct arrival *ret)
{
	static const struct store_query by_ticket = {
		.sql = "SELECT a.id, a.agent_id, a.content_id FROM arrivals a JOIN tasks t ON t.id = a.task_id AND "
		       "t.attempt = a.attempt AND t.agent_id = a.agent_id AND t.status IN ('leased', 'running') "
		       "AND "
		       "t.cancel_asked = 0 JOIN agents g ON g.id = a.agent_id AND g.state <> 'revoked' WHERE "
		       "a.ticket "
		       "= $1 AND a.expires_at > $2"
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

static const char *dir_of(const struct call *c) { return c->tx.control->conf->artifacts->dir; }

const struct field arrivals_end_fields[] = {
	{ .name = "contentId",
		.type = FIELD_STR,
		FIELD_AT(struct arrivals_end, content_id),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "Of the listing, which is a blob." },
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct arrivals_end, kind),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 64,
		.chars = "abcdefghijklmnopqrstuvwxyz_",
		.doc = "What it was the source of." },
	{ .name = "packageFormat",
		.type = FIELD_STR,
		FIELD_AT(struct arrivals_end, format),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 16,
		.chars = "abcdefghijklmnopqrstuvwxyz.",
		.doc = "none, zip, tar or tar.zst." },
	{ .name = "packageSha256",
		.type = FIELD_STR,
		FIELD_AT(struct arrivals_end, package_sha256),
		.flags = FIELD_NULLABLE,
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef",
		.doc = "Of the package, which is a blob, too." },
	{ .name = "packageBytes",
		.type = FIELD_I64,
		FIELD_AT(struct arrivals_end, package_bytes),
		.max = ARRIVALS_BLOB_BYTES,
		.doc = "Its size." },
	{ 0 },
};

static bool is_format(const char *s)
{
	return !strcmp(s, "none") || !strcmp(s, "zip") || !strcmp(s, "tar") || !strcmp(s, "tar.zst");
}

/* Looks at all of it, on a thread that may take long. */
enum rc arrivals_end_before(struct call *c)
{
	const struct arrivals_end *in = c->in;
	struct contents_sums *sums = arena_take(c->tx.arena, sizeof(*sums));
	struct arrival a = { 0 };
	char none[BLOBS_NAME];

	enum rc rc = sums ? arrivals_find(c, &a) : RC_NOMEM;
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

static enum rc write_sheet(struct call *c, const struct arrivals_end *in, const struct contents_sums *sums)
{
	const struct sheet s = { .kind = in->kind,
		.bytes = (int64_t)sums->bytes,
		.files = (int64_t)sums->files,
		.package_format = in->format,
		.package_bytes = in->package_sha256 ? in->package_bytes : 0,
		.package_sha256 = in->package_sha256 };
	return contents_put_sheet(dir_of(c), in->content_id, &s, c->tx.fault);
}

enum rc arrivals_end_run(struct call *c, void *ret_out)
{
	static const struct store_query use = {
		.sql = "UPDATE arrivals SET content_id = $2 WHERE id = $1 AND content_id IS NULL RETURNING id"
	};
	const struct arrivals_end *in = c->in;
	struct store_rows *r = NULL;
	struct arrival a = { 0 };
	(void)ret_out;

	enum rc rc = arrivals_find(c, &a);
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
