#include "control/sso/oidc_documents.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "io/http_guard.h"
#include "wire/oidc.h"

static const char *const names[OIDC_DOCUMENT_KINDS] = { "description", "keys", "calls" };

enum rc oidc_documents_load(struct tx *tx, const struct provider *idp, struct oidc_documents *w)
{
	static const struct store_query all = {
		.sql = "SELECT what, url, body, fetched_at, due_at FROM sso_documents WHERE idp_id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = true;

	*w = (struct oidc_documents){ .tx = tx, .idp = idp, .until_ms = clock_mono_ms() + OIDC_DOCUMENTS_MS };
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(w->idp->row.id)), &r, tx->fault);
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row)
		for (int i = 0; i < OIDC_DOCUMENT_KINDS; i++) {
			const char *url = store_col_text(r, 1);
			if (strcmp(store_col_text(r, 0), names[i]) != 0)
				continue;
			w->at[i].url = url ? arena_str(tx->arena, url) : NULL;
			const char *body = store_col_text(r, 2);
			w->at[i].body = body ? arena_str(tx->arena, body) : NULL;
			w->at[i].fetched_at = store_col_int(r, 3);
			w->at[i].due_at = store_col_int(r, 4);
		}
	return rc;
}

enum rc oidc_documents_keep(struct tx *tx, const char *idp_id, const struct oidc_document *at)
{
	static const struct store_query put = {
		.sql = "INSERT INTO sso_documents (idp_id, what, url, body, fetched_at, due_at) SELECT $1, $2, $3, "
		       "$4, $5, $6 "
		       "WHERE EXISTS (SELECT 1 FROM identity_providers WHERE id = $1) ON CONFLICT (idp_id, what) "
		       "DO UPDATE "
		       "SET url = excluded.url, body = excluded.body, fetched_at = excluded.fetched_at, due_at = "
		       "CASE WHEN "
		       "sso_documents.due_at > excluded.due_at THEN sso_documents.due_at ELSE excluded.due_at END"
	};
	enum rc rc = RC_OK;

	for (int i = 0; rc == RC_OK && i < OIDC_DOCUMENT_KINDS; i++)
		if (at[i].asked)
			rc = store_do(tx->db, &put,
				STORE_ARGS(store_text(idp_id), store_text(names[i]), store_text(at[i].url),
					store_text(at[i].body), store_int(at[i].fetched_at),
					store_int(at[i].due_at)),
				tx->fault);
	return rc;
}

static bool has(const struct oidc_documents *w, enum oidc_document_kind what, const char *url, int64_t age_ms)
{
	const struct oidc_document *d = &w->at[what];
	return d->body && d->url && !strcmp(d->url, url) && w->tx->now_ms - d->fetched_at < age_ms;
}

static bool may_ask(struct oidc_documents *w, enum oidc_document_kind what)
{
	struct oidc_document *d = &w->at[what];
	int64_t now = w->tx->now_ms, from = d->due_at > now ? d->due_at : now;

	if (from - now > (int64_t)(OIDC_DOCUMENTS_BURST - 1) * OIDC_DOCUMENTS_EVERY_MS)
		return false;
	d->due_at = from + OIDC_DOCUMENTS_EVERY_MS;
	d->asked = true;
	return true;
}

static enum rc fetch(struct oidc_documents *w, enum oidc_document_kind what, const char *url)
{
	struct oidc_document *d = &w->at[what];
	const char *body = NULL;
	size_t n = 0;
	enum rc rc = oidc_documents_call(w, &(struct oidc_ask){ .url = url }, &body, &n);

	if (rc == RC_OK && strlen(body) != n)
		return fault_set(w->tx->fault, RC_REFUSED, "the provider's %s holds a NUL", names[what]);
	if (rc != RC_OK)
		return rc;
	d->url = arena_str(w->tx->arena, url);
	d->body = body;
	d->fetched_at = w->tx->now_ms;
	return d->url ? RC_OK : RC_NOMEM;
}

enum rc oidc_documents_need(struct oidc_documents *w, enum oidc_document_kind what, const char *url, bool anew)
{
	if (!anew && has(w, what, url, OIDC_DOCUMENTS_FRESH_MS))
		return RC_OK;
	enum rc rc = may_ask(w, what) ? fetch(w, what, url)
				      : fault_set(w->tx->fault, RC_OVERLOADED,
						"the provider was asked for its %s too often; try again "
						"in a minute",
						names[what]);
	bool serves = rc != RC_NOMEM && !anew && has(w, what, url, OIDC_DOCUMENTS_STALE_MS);
	return rc != RC_OK && serves ? RC_OK : rc;
}

/* It was too slow, or is not there: the next ones are told so at once. */
static void mark_away(struct oidc_documents *w)
{
	w->at[OIDC_CALLS].due_at = w->tx->now_ms + OIDC_DOCUMENTS_EVERY_MS;
	w->at[OIDC_CALLS].asked = true;
}

static enum rc take_answer(
	struct oidc_documents *w, const struct http_answer *answer, const char **ret_body, size_t *ret_n)
{
	if (answer->status != 200)
		return fault_set(
			w->tx->fault, RC_REFUSED, "the provider answered with the status %d", answer->status);
	*ret_body = arena_strn(w->tx->arena, (const char *)answer->body.p, answer->body.n);
	*ret_n = answer->body.n;
	return *ret_body ? RC_OK : RC_NOMEM;
}

enum rc oidc_documents_call(
	struct oidc_documents *w, const struct oidc_ask *a, const char **ret_body, size_t *ret_n)
{
	static const struct http_guard public = { 0 };
	struct http_call_header headers[4] = { { "Accept", "application/json" } };
	size_t headers_n = 1;
	uint64_t now = clock_mono_ms(), left = w->until_ms > now ? w->until_ms - now : 1;
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	const struct http_ask ask = { .method = a->form ? "POST" : "GET",
		.url = a->url,
		.headers = headers,
		.body = a->form,
		.body_n = a->form ? strlen(a->form) : 0,
		.body_max = OIDC_TEXT_MAX,
		.deadline_ms = (uint32_t)(left < OIDC_DOCUMENTS_CALL_MS ? left : OIDC_DOCUMENTS_CALL_MS),
		.connect_ms = OIDC_DOCUMENTS_CALL_MS / 2,
		.guard = oidc_same_origin(a->url, w->idp->oidc.issuer) ? NULL : &public };

	if (a->form)
		headers[headers_n++] =
			(struct http_call_header){ "Content-Type", "application/x-www-form-urlencoded" };
	if (a->authorization)
		headers[headers_n] = (struct http_call_header){ "Authorization", a->authorization };
	enum rc rc = http_call(&ask, &answer, &f);
	if (rc == RC_OK)
		rc = take_answer(w, &answer, ret_body, ret_n);
	else if (rc == RC_TOO_LARGE || rc == RC_DENIED || rc == RC_INVALID)
		rc = fault_set(w->tx->fault, RC_REFUSED, "the provider cannot be asked: %s", f.text);
	else if (rc != RC_NOMEM) {
		mark_away(w);
		rc = fault_set(w->tx->fault, RC_AWAY, "the provider does not answer: %s", f.text);
	}
	http_answer_done(&answer);
	return rc;
}
