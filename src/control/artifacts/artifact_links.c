#include "control/artifacts/artifact_links.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/artifacts/artifact_content.h"
#include "control/artifacts/artifact_row.h"
#include "control/control.h"
#include "control/http/answer_file.h"
#include "control/rows.h"
#include "io/web.h"
#include "wire/listing.h"
#include "wire/tunnel_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define TOKEN 65

struct link_view {
	const char *id, *artifact_id, *path;
	int64_t expires_at, max_uses, uses;
	const char *created_by;
	int64_t created_at;
	const char *url; /* of a fresh one alone: whoever reads it can use it */
};
static const struct field link_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct link_view, id), .doc = "lnk_ and a ULID." },
	{ .name = "artifactId",
		.type = FIELD_STR,
		FIELD_AT(struct link_view, artifact_id),
		.doc = "What it leads to." },
	{ .name = "path",
		.type = FIELD_STR,
		FIELD_AT(struct link_view, path),
		.doc = "The one file of it; null: the package." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct link_view, expires_at),
		.doc = "It works until then." },
	{ .name = "maxUses",
		.type = FIELD_I64,
		FIELD_AT(struct link_view, max_uses),
		.doc = "So often; 0: no limit." },
	{ .name = "uses", .type = FIELD_I64, FIELD_AT(struct link_view, uses), .doc = "So often it was used." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct link_view, created_by), .doc = "Who made it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct link_view, created_at),
		.doc = "When it was made." },
	{ .name = "url",
		.type = FIELD_STR,
		FIELD_AT(struct link_view, url),
		.flags = FIELD_OMIT,
		.doc = "Path and query on this server, with the token. Shown once." },
	{ 0 },
};
static const struct field row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct link_view, id), .doc = "id" },
	{ .name = "artifactId", .type = FIELD_STR, FIELD_AT(struct link_view, artifact_id), .doc = "artifact" },
	{ .name = "path", .type = FIELD_STR, FIELD_AT(struct link_view, path), .doc = "path" },
	{ .name = "expiresAt", .type = FIELD_TIME, FIELD_AT(struct link_view, expires_at), .doc = "end" },
	{ .name = "maxUses", .type = FIELD_I64, FIELD_AT(struct link_view, max_uses), .doc = "limit" },
	{ .name = "uses", .type = FIELD_I64, FIELD_AT(struct link_view, uses), .doc = "uses" },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct link_view, created_by), .doc = "who" },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct link_view, created_at), .doc = "when" },
	{ 0 },
};
#define SELECT \
	"SELECT id, artifact_id, path, expires_at, max_uses, uses, created_by, created_at FROM artifact_links "

static void token_of(const struct control *c, const char *id, char ret[static TOKEN])
{
	uint8_t mac[EVP_MAX_MD_SIZE];

	HMAC(EVP_sha256(), c->secrets.links, sizeof(c->secrets.links), (const uint8_t *)id, strlen(id), mac, NULL);
	tunnel_auth_hex(mac, 32, ret);
}

/* ---- making ---- */

struct link_in {
	uint32_t expires_s, max_uses;
	const char *path;
};
static const struct field in_fields[] = {
	{ .name = "expiresInSeconds",
		.type = FIELD_U32,
		FIELD_AT(struct link_in, expires_s),
		.min = 1,
		.max = ARTIFACT_LINKS_SECONDS_MAX,
		.def = 3600,
		.doc = "How long it works; at most a day." },
	{ .name = "maxUses",
		.type = FIELD_U32,
		FIELD_AT(struct link_in, max_uses),
		.max = ARTIFACT_LINKS_USES_MAX,
		.def = 1,
		.doc = "How often; 0: as often as asked for." },
	{ .name = "path",
		.type = FIELD_STR,
		FIELD_AT(struct link_in, path),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = LISTING_PATH_MAX,
		.doc = "One file of the artifact; without it, its package." },
	{ 0 },
};

static enum rc check_room(struct tx *tx, const char *artifact_id)
{
	static const struct store_query drop_uses = {
		.sql = "DELETE FROM artifact_link_uses WHERE link_id IN (SELECT id FROM artifact_links WHERE "
		       "artifact_id = $1 AND expires_at <= $2)"
	};
	static const struct store_query drop = {
		.sql = "DELETE FROM artifact_links WHERE artifact_id = $1 AND expires_at <= $2"
	};
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM artifact_links WHERE artifact_id = $1"
	};
	const struct store_args over = STORE_ARGS(store_text(artifact_id), store_int(tx->now_ms));
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_do(tx->db, &drop_uses, over, tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &drop, over, tx->fault);
	if (rc == RC_OK)
		rc = store_one(tx->db, &count, STORE_ARGS(store_text(artifact_id)), &r, tx->fault);
	return rc == RC_OK && store_col_int(r, 0) >= ARTIFACT_LINKS_MAX
		       ? fault_set(tx->fault, RC_CONFLICT, "an artifact has at most %d links", ARTIFACT_LINKS_MAX)
		       : rc;
}

/* That there is something to be had is found out now, not by the one who has the link. */
static enum rc check_leads(struct call *c, const struct artifact_row *a, const char *path)
{
	enum rc rc = artifact_content_answer(c, a, path);

	answer_file_free(take(c->file));
	c->status = 0;
	return rc == RC_RANGE ? RC_OK : rc;
}

static enum rc make(struct call *c, void *ret_out)
{
	static const struct store_query put = {
		.sql = "INSERT INTO artifact_links (id, artifact_id, path, expires_at, max_uses, uses, tenant_id, "
		       "created_by, created_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8)"
	};
	const struct link_in *in = c->in;
	struct link_view *v = ret_out;
	struct artifact_row a = { 0 };
	char token[TOKEN];

	enum rc rc = artifact_row_ready(&c->tx, c->arg[0], &a);
	if (rc == RC_OK)
		rc = check_leads(c, &a, in->path);
	if (rc == RC_OK)
		rc = check_room(&c->tx, a.id);
	*v = (struct link_view){ .id = tx_id(&c->tx, "lnk"),
		.artifact_id = a.id,
		.path = in->path,
		.expires_at = c->tx.now_ms + (int64_t)in->expires_s * 1000,
		.max_uses = in->max_uses,
		.created_by = c->who->actor,
		.created_at = c->tx.now_ms };
	if (rc != RC_OK || !v->id)
		return rc == RC_OK ? RC_NOMEM : rc;
	if (v->expires_at > a.expires_at)
		v->expires_at = a.expires_at;
	token_of(c->tx.control, v->id, token);
	v->url = arena_fmt(c->tx.arena, "/v1/links/%s?token=%s", v->id, token);
	if (!v->url)
		return RC_NOMEM;
	rc = store_do(c->tx.db, &put,
		STORE_ARGS(store_text(v->id), store_text(a.id), store_text(in->path), store_int(v->expires_at),
			store_int(v->max_uses), store_text(a.tenant_id), store_text(v->created_by),
			store_int(c->tx.now_ms)),
		c->tx.fault);
	return rc == RC_OK ? audit_note(&c->tx, "artifact.link", a.id, v->id) : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = SELECT "WHERE artifact_id = $1 ORDER BY id DESC" };
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(c->arg[0])), &r, c->tx.fault);
	return rc == RC_OK ? rows_list(r, &(struct rows_into){ row_fields, c->tx.arena, NULL },
				     sizeof(struct link_view), ARTIFACT_LINKS_MAX, &page->items, c->tx.fault)
			   : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query uses = {
		.sql = "DELETE FROM artifact_link_uses WHERE link_id = $1 AND "
		       "link_id IN (SELECT id FROM artifact_links WHERE artifact_id = $2)"
	};
	static const struct store_query link = {
		.sql = "DELETE FROM artifact_links WHERE id = $1 AND artifact_id = $2 RETURNING id"
	};
	const struct store_args which = STORE_ARGS(store_text(c->arg[1]), store_text(c->arg[0]));
	auto_rows struct store_rows *r = NULL;
	(void)ret_out;

	enum rc rc = store_do(c->tx.db, &uses, which, c->tx.fault);
	if (rc == RC_OK)
		rc = store_one(c->tx.db, &link, which, &r, c->tx.fault);
	return rc == RC_OK ? audit_note(&c->tx, "artifact.unlink", c->arg[0], c->arg[1]) : rc;
}

/* ---- using ---- */

struct use_query {
	const char *token;
};
static const struct field use_fields[] = {
	{ .name = "token",
		.type = FIELD_STR,
		FIELD_AT(struct use_query, token),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.max = 128,
		.doc = "As the link has it." },
	{ 0 },
};

static bool is_token(struct call *c, const char *given)
{
	char token[TOKEN];

	token_of(c->tx.control, c->arg[0], token);
	return strlen(given) == TOKEN - 1 && CRYPTO_memcmp(given, token, TOKEN - 1) == 0;
}

static enum rc load(struct tx *tx, const char *id, struct link_view *ret)
{
	static const struct store_query one = { .sql = SELECT "WHERE id = $1" };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ row_fields, tx->arena, ret }, tx->fault);

	return rc == RC_OK && ret->expires_at <= tx->now_ms
		       ? fault_set(tx->fault, RC_MISSING, "the link has expired: ask for another")
		       : rc;
}

/* A piece of a use that was counted. RC_MISSING: it is none. */
static enum rc go_on(struct call *c, const char *client)
{
	static const struct store_query take = { .sql = "UPDATE artifact_link_uses SET bytes_left = bytes_left - "
							"$3 WHERE link_id = $1 AND client = $2 "
							"AND bytes_left >= $3 RETURNING bytes_left" };
	auto_rows struct store_rows *r = NULL;

	if (c->status != 206)
		return RC_MISSING;
	return store_one(c->tx.db, &take,
		STORE_ARGS(store_text(c->arg[0]), store_text(client), store_int((int64_t)c->file->n)), &r,
		c->tx.fault);
}

static enum rc count(struct call *c, const char *client)
{
	static const struct store_query use = { .sql = "UPDATE artifact_links SET uses = uses + 1 WHERE id = $1 "
						       "AND (max_uses = 0 OR uses < max_uses) "
						       "RETURNING uses" };
	static const struct store_query open = {
		.sql = "INSERT INTO artifact_link_uses (link_id, client, bytes_left) VALUES ($1, $2, $3) ON "
		       "CONFLICT "
		       "(link_id, client) DO UPDATE SET bytes_left = excluded.bytes_left"
	};
	struct store_rows *r = NULL;
	int64_t left = (int64_t)(ARTIFACT_LINKS_TIMES * c->file->size - c->file->n);

	enum rc rc = store_one(c->tx.db, &use, STORE_ARGS(store_text(c->arg[0])), &r, c->tx.fault);
	store_close(r);
	if (rc == RC_MISSING)
		return fault_set(c->tx.fault, RC_MISSING, "the link is used up: ask for another");
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &open,
			STORE_ARGS(store_text(c->arg[0]), store_text(client), store_int(left)), c->tx.fault);
	return rc == RC_OK ? audit_add(&c->tx, "artifact.link_use", c->arg[0]) : rc;
}

static enum rc serve(struct call *c, const struct link_view *l)
{
	char client[KEYS_HASH_MAX];
	struct artifact_row a = { 0 };

	enum rc rc = artifact_row_ready(&c->tx, l->artifact_id, &a);
	c->tx.tenant_id = a.tenant_id;
	if (rc == RC_OK)
		rc = artifact_content_answer(c, &a, l->path);
	if (rc != RC_OK || c->status == 304 || !strcmp(web_view(c->request)->method, "HEAD"))
		return rc;
	keys_hash(c->tx.control, c->tx.peer, client);
	rc = go_on(c, client);
	return rc == RC_MISSING ? count(c, client) : rc;
}

static enum rc use(struct call *c, void *ret_out)
{
	const struct use_query *q = c->query;
	struct link_view l = { 0 };
	(void)ret_out;

	if (!is_token(c, q->token))
		return RC_MISSING;
	enum rc rc = load(&c->tx, c->arg[0], &l);
	c->tx.actor = rc == RC_OK ? arena_fmt(c->tx.arena, "link:%s", l.id) : "";
	if (rc == RC_OK)
		rc = c->tx.actor ? serve(c, &l) : RC_NOMEM;
	if (rc != RC_OK && rc != RC_RANGE)
		answer_file_free(take(c->file));
	return rc;
}

#define OUT .out = link_fields, .out_size = sizeof(struct link_view)

const struct route artifact_links_routes[] = {
	{ .name = "createArtifactLink",
		.method = "POST",
		.path = "/v1/artifacts/{id}/links",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = in_fields,
		.in_size = sizeof(struct link_in),
		OUT,
		.run = make,
		.doc = "Makes a link by which whoever has it can download the package, or one file, without a "
		       "credential." },
	{ .name = "listArtifactLinks",
		.method = "GET",
		.path = "/v1/artifacts/{id}/links",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_READ,
		.flags = ROUTE_LIST,
		OUT,
		.run = list,
		.doc = "Lists the artifact's links, newest first, without their tokens." },
	{ .name = "deleteArtifactLink",
		.method = "DELETE",
		.path = "/v1/artifacts/{id}/links/{link}",
		.reach = REACH_TENANT,
		.object = OBJECT_ARTIFACT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = drop,
		.doc = "Ends a link." },
	{ .name = "useLink",
		.method = "GET",
		.path = "/v1/links/{id}",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW,
		.out_type = "application/octet-stream",
		.query = use_fields,
		.query_size = sizeof(struct use_query),
		.run = use,
		.doc = "Downloads by a link. A request for a piece (Range) that follows from the same address is "
		       "no further "
		       "use." },
	{ 0 },
};
