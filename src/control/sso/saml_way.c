#include "control/sso/saml_way.h"
#include "base/log.h"
#include "control/control.h"
#include "control/rows.h"
#include "control/sso/provider.h"
#include "io/http_call.h"

void saml_way_done(struct saml_way *w) { saml_metadata_done(&w->idp); }

static const struct field document_fields[] = {
	{ .name = "url", .type = FIELD_STR, FIELD_AT(struct saml_way_document, url) },
	{ .name = "body", .type = FIELD_STR, FIELD_AT(struct saml_way_document, body) },
	{ .name = "error", .type = FIELD_STR, FIELD_AT(struct saml_way_document, error) },
	{ .name = "fetchedAt", .type = FIELD_TIME, FIELD_AT(struct saml_way_document, fetched_at) },
	{ .name = "triedAt", .type = FIELD_TIME, FIELD_AT(struct saml_way_document, tried_at) },
	{ 0 },
};

/* What was fetched from another address is not of this provider. */
static enum rc load(struct tx *tx, const struct provider *p, struct saml_way_document *ret)
{
	static const struct store_query one = {
		.sql = "SELECT url, body, error, fetched_at, tried_at FROM saml_documents "
		       "WHERE idp_id = $1 AND url = $2"
	};
	if (!p->saml.metadata_url)
		return RC_OK;
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(p->row.id), store_text(p->saml.metadata_url)),
		(struct rows_into){ document_fields, tx->arena, ret }, tx->fault);
	if (rc == RC_MISSING)
		*ret = (struct saml_way_document){ .url = p->saml.metadata_url };
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc read_metadata(
	const struct provider *p, const char *text, struct arena *a, struct saml_idp *ret, struct fault *f)
{
	struct saml_certs signer = { 0 };
	const char *certificate = p->saml.metadata_certificate;
	enum rc rc = certificate ? saml_certs_add(&signer, certificate, f) : RC_OK;

	if (rc == RC_OK)
		rc = saml_metadata_read(text, strlen(text), certificate ? &signer : NULL, a, ret, f);
	saml_certs_done(&signer);
	return rc;
}

/* Its body into the arena; what is wrong with it into f. */
static enum rc fetch(struct tx *tx, const struct provider *p, const char **ret_body, struct fault *f)
{
	const struct http_ask ask = { .url = p->saml.metadata_url,
		.body_max = SAML_CONF_METADATA_MAX,
		.deadline_ms = SAML_WAY_CALL_MS,
		.connect_ms = SAML_WAY_CALL_MS };
	struct http_answer answer = { 0 };
	enum rc rc = http_call(&ask, &answer, f);

	if (rc != RC_OK)
		return rc;
	if (answer.status != 200)
		rc = fault_set(f, RC_AWAY, "the metadata's address answers %d", answer.status);
	else if (memchr(answer.body.p, 0, answer.body.n))
		rc = fault_set(f, RC_INVALID, "the metadata is not text");
	else if (!(*ret_body = arena_strn(tx->arena, (const char *)answer.body.p, answer.body.n)))
		rc = RC_NOMEM;
	http_answer_done(&answer);
	return rc;
}

/* Are both of the same entity? Metadata that cannot be read is of none. */
static bool same_entity(const struct provider *p, const char *was, const char *is, struct arena *a)
{
	struct saml_idp then = { 0 }, now = { 0 };
	bool read_then = was && read_metadata(p, was, a, &then, NULL) == RC_OK;
	bool same = !read_then ||
		    (read_metadata(p, is, a, &now, NULL) == RC_OK && !strcmp(then.entity_id, now.entity_id));

	saml_metadata_done(&then);
	saml_metadata_done(&now);
	return same;
}

/* What is fetched replaces what we have only if it can be used. */
static enum rc refresh(struct tx *tx, const struct provider *p, struct saml_way_document *d)
{
	struct saml_idp idp = { 0 };
	struct fault f = { 0 };
	const char *body = NULL, *was = d->body ? d->body : p->saml.metadata;

	enum rc rc = fetch(tx, p, &body, &f);
	if (rc == RC_OK)
		rc = read_metadata(p, body, tx->arena, &idp, &f);
	saml_metadata_done(&idp);
	if (rc == RC_OK && idp.valid_until_ms && idp.valid_until_ms <= tx->now_ms)
		rc = fault_set(&f, RC_INVALID, "the metadata is no longer valid");
	if (rc == RC_OK && !same_entity(p, was, body, tx->arena))
		rc = fault_set(&f, RC_INVALID, "the metadata is of another entity than before");
	d->tried = true;
	d->tried_at = tx->now_ms;
	d->error = rc == RC_OK ? "" : arena_str(tx->arena, f.text);
	if (rc != RC_OK) {
		log_warn(tx->control->log, "SAML metadata was not refreshed idp=%s: %s", p->row.id, f.text);
		return fault_set(tx->fault, rc == RC_NOMEM ? rc : RC_AWAY, "%s", f.text);
	}
	d->body = body;
	d->fetched_at = tx->now_ms;
	return RC_OK;
}

static bool is_due(const struct tx *tx, const struct provider *p, const struct saml_way_document *d, bool fresh)
{
	bool old = !d->body || tx->now_ms - d->fetched_at >= (int64_t)p->saml.refresh_s * 1000;

	return p->saml.metadata_url && (old || fresh) && tx->now_ms - d->tried_at >= SAML_WAY_PAUSE_MS;
}

bool saml_way_can_refresh(const struct tx *tx, const struct provider *p, const struct saml_way *w)
{
	return !w->document.tried && is_due(tx, p, &w->document, true);
}

static enum rc use(struct tx *tx, const struct provider *p, struct saml_way *w)
{
	const char *text = w->document.body ? w->document.body : p->saml.metadata;

	if (!text)
		return fault_set(tx->fault, RC_AWAY,
			"the identity provider's metadata could not be fetched yet%s%s",
			w->document.error && *w->document.error ? ": " : "",
			w->document.error ? w->document.error : "");
	enum rc rc = read_metadata(p, text, tx->arena, &w->idp, tx->fault);
	if (rc == RC_OK && w->idp.valid_until_ms && w->idp.valid_until_ms <= tx->now_ms)
		rc = fault_set(tx->fault, RC_AWAY, "the identity provider's metadata is no longer valid");
	return rc;
}

enum rc saml_way_begin(struct tx *tx, const struct provider *p, bool fresh, struct saml_way *ret)
{
	*ret = (struct saml_way){ 0 };
	enum rc rc = load(tx, p, &ret->document);
	if (rc != RC_OK)
		return rc;
	if (is_due(tx, p, &ret->document, fresh) && refresh(tx, p, &ret->document) == RC_NOMEM)
		return RC_NOMEM;
	return use(tx, p, ret);
}

enum rc saml_way_keep(struct tx *tx, const char *idp_id, const struct saml_way_document *d)
{
	static const struct store_query keep = {
		.sql = "INSERT INTO saml_documents (idp_id, url, body, fetched_at, tried_at, error) VALUES ($1, "
		       "$2, $3, $4, $5, "
		       "$6) ON CONFLICT (idp_id) DO UPDATE SET url = excluded.url, body = excluded.body, "
		       "fetched_at = "
		       "excluded.fetched_at, tried_at = excluded.tried_at, error = excluded.error WHERE "
		       "saml_documents.tried_at < excluded.tried_at OR saml_documents.url <> excluded.url"
	};
	if (!d->tried)
		return RC_OK;
	return store_do(tx->db, &keep,
		STORE_ARGS(store_text(idp_id), store_text(d->url), store_text(d->body), store_int(d->fetched_at),
			store_int(d->tried_at), store_text(d->error)),
		tx->fault);
}
