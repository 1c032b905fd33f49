#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/pki/authorities.h"
#include "control/rows.h"

struct authority {
	const char *id, *cert, *state;
	int64_t created_at, expires_at, retired_at;
};
static const struct field authority_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct authority, id), .doc = "aut_ and a ULID." },
	{ .name = "certificate", .type = FIELD_STR, FIELD_AT(struct authority, cert), .doc = "Its own, PEM." },
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct authority, state),
		.doc = "signs (one of them), trusted (what it has signed still holds), retired." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct authority, created_at),
		.doc = "When it was made." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct authority, expires_at),
		.doc = "Nothing that it has signed holds longer." },
	{ .name = "retiredAt",
		.type = FIELD_TIME,
		FIELD_AT(struct authority, retired_at),
		.doc = "Since when it is not trusted any more; null: it is." },
	{ 0 },
};
#define COLUMNS "id, cert, state, created_at, expires_at, retired_at"

struct list_query {
	struct page_query page;
};
static const struct field query_fields[] = { PAGE_QUERY_FIELDS(struct list_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT " COLUMNS " FROM authorities WHERE id < $1 ORDER BY id DESC LIMIT $2"
	};
	const struct page_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, q, &before);
	if (rc == RC_OK)
		rc = store_run(
			c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->limit + 1)), &r, c->tx.fault);
	return rc == RC_OK ? page_read(c, q, r, ret_out) : rc;
}

static enum rc show(struct call *c, const char *id, void *ret_out)
{
	static const struct store_query one = { .sql = "SELECT " COLUMNS " FROM authorities WHERE id = $1" };
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ authority_fields, c->tx.arena, ret_out }, c->tx.fault);
}

static enum rc rotate(struct call *c, void *ret_out)
{
	const char *id = NULL;

	enum rc rc = authorities_next(&c->tx, &id);
	return rc == RC_OK ? show(c, id, ret_out) : rc;
}

/* Agents that showed what it has signed have to come anew. */
static enum rc cut_signed(struct call *c)
{
	static const struct store_query away = { .sql = "UPDATE agents SET session = session + 1 WHERE cert_serial "
							"IN (SELECT serial FROM certificates "
							"WHERE authority_id = $1)" };
	return store_do(c->tx.db, &away, STORE_ARGS(store_text(c->arg[0])), c->tx.fault);
}

static enum rc retire(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE authorities SET state = 'retired', retired_at = $2 "
						       "WHERE id = $1 AND state = 'trusted' "
						       "RETURNING id" };
	struct authority *view = ret_out;
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(
		c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_int(c->tx.now_ms)), &r, c->tx.fault);
	store_close(take(r));
	if (rc == RC_OK)
		rc = cut_signed(c);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "authority.retired", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "authority.retire", c->arg[0]);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	rc = show(c, c->arg[0], ret_out);
	if (rc == RC_OK && !strcmp(view->state, "signs"))
		return fault_set(c->tx.fault, RC_CONFLICT, "this one signs: rotate first, then retire it");
	return rc;
}

struct issued {
	const char *serial, *kind, *subject, *authority_id, *created_by;
	int64_t created_at, expires_at, revoked_at;
};
static const struct field issued_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct issued, serial),
		.doc = "The serial number, hexadecimal." },
	{ .name = "kind", .type = FIELD_STR, FIELD_AT(struct issued, kind), .doc = "agent, or server." },
	{ .name = "subject",
		.type = FIELD_STR,
		FIELD_AT(struct issued, subject),
		.doc = "The agent's id, or the server's first name." },
	{ .name = "authorityId",
		.type = FIELD_STR,
		FIELD_AT(struct issued, authority_id),
		.doc = "Who signed it." },
	{ .name = "createdBy", .type = FIELD_STR, FIELD_AT(struct issued, created_by), .doc = "Who asked for it." },
	{ .name = "createdAt", .type = FIELD_TIME, FIELD_AT(struct issued, created_at), .doc = "When." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct issued, expires_at),
		.doc = "It holds until then." },
	{ .name = "revokedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct issued, revoked_at),
		.doc = "Since when it is refused; null: it is not." },
	{ 0 },
};
#define ISSUED "serial, kind, subject, authority_id, created_by, created_at, expires_at, revoked_at"

struct issued_query {
	struct page_query page;
	const char *subject;
};
static const struct field issued_query_fields[] = { PAGE_QUERY_FIELDS(struct issued_query),
	{ .name = "subject",
		.type = FIELD_STR,
		FIELD_AT(struct issued_query, subject),
		.max = 255,
		.doc = "Only those of this agent or server." },
	{ 0 } };

static enum rc list_issued(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = "SELECT " ISSUED " FROM certificates WHERE serial < $1 AND "
						       "(subject = $3 OR $3 = '') ORDER BY serial DESC LIMIT $2" };
	const struct issued_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(q->subject ? q->subject : "")),
			&r, c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

/* What the agent says on a connection that showed it is refused from now on: its session's number is not the current one. */
static enum rc cut(struct call *c)
{
	static const struct store_query away = {
		.sql = "UPDATE agents SET session = session + 1 WHERE cert_serial = $1"
	};
	return store_do(c->tx.db, &away, STORE_ARGS(store_text(c->arg[0])), c->tx.fault);
}

static enum rc revoke_it(struct call *c, void *ret_out)
{
	static const struct store_query set = { .sql = "UPDATE certificates SET revoked_at = $2 WHERE serial = $1 "
						       "AND revoked_at = 0 RETURNING serial" };
	static const struct store_query one = { .sql = "SELECT " ISSUED " FROM certificates WHERE serial = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(
		c->tx.db, &set, STORE_ARGS(store_text(c->arg[0]), store_int(c->tx.now_ms)), &r, c->tx.fault);
	store_close(take(r));
	if (rc == RC_OK)
		rc = cut(c);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "certificate.revoked", .resource = c->arg[0] });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "certificate.revoke", c->arg[0]);
	if (rc != RC_OK && rc != RC_MISSING) /* a repeat has the same answer as the first */
		return rc;
	return rows_one(c->tx.db, &one, STORE_ARGS(store_text(c->arg[0])),
		(struct rows_into){ issued_fields, c->tx.arena, ret_out }, c->tx.fault);
}

extern const struct route authorities_routes[]; /* named by http/routes */
const struct route authorities_routes[] = {
	{ .name = "listCertificateAuthorities",
		.method = "GET",
		.path = "/v1/certificate-authorities",
		.scope = SCOPE_CERTIFICATES_READ,
		.reach = REACH_PLATFORM,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct list_query),
		.out = authority_fields,
		.out_size = sizeof(struct authority),
		.run = list,
		.doc = "Lists our own certificate authorities, newest first." },
	{ .name = "rotateCertificateAuthority",
		.method = "POST",
		.path = "/v1/certificate-authorities/rotate",
		.scope = SCOPE_CERTIFICATES_WRITE,
		.reach = REACH_PLATFORM,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 201,
		.out = authority_fields,
		.out_size = sizeof(struct authority),
		.run = rotate,
		.doc = "Makes a new authority that signs from now on; those before it are trusted until they are "
		       "retired." },
	{ .name = "retireCertificateAuthority",
		.method = "POST",
		.path = "/v1/certificate-authorities/{id}/retire",
		.scope = SCOPE_CERTIFICATES_WRITE,
		.reach = REACH_PLATFORM,
		.object = OBJECT_AUTHORITY,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.out = authority_fields,
		.out_size = sizeof(struct authority),
		.run = retire,
		.doc = "Trusts an authority no more. A repeat changes nothing." },
	{ .name = "listCertificates",
		.method = "GET",
		.path = "/v1/certificates",
		.scope = SCOPE_CERTIFICATES_READ,
		.reach = REACH_PLATFORM,
		.flags = ROUTE_LIST,
		.query = issued_query_fields,
		.query_size = sizeof(struct issued_query),
		.out = issued_fields,
		.out_size = sizeof(struct issued),
		.run = list_issued,
		.doc = "Lists the certificates that our authorities have signed." },
	{ .name = "revokeCertificate",
		.method = "POST",
		.path = "/v1/certificates/{id}/revoke",
		.scope = SCOPE_CERTIFICATES_WRITE,
		.reach = REACH_PLATFORM,
		.object = OBJECT_CERTIFICATE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.out = issued_fields,
		.out_size = sizeof(struct issued),
		.run = revoke_it,
		.doc = "Refuses a certificate from now on; the agent that uses it is cut off, and may ask for "
		       "another." },
	{ 0 },
};
