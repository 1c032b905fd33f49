#include "control/pki/authorities.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "io/clock.h"
#include "wire/cert.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

#define YEAR_MS   (365 * 86400000ll)
#define BEFORE_MS 300000 /* a certificate holds from so long before now: for clocks that are behind */

static struct vault_at key_of(const char *id) { return (struct vault_at){ "authority", id, "key" }; }

/* A new authority that signs; the one that did so far is trusted on. */
static enum rc make(struct tx *tx, const char **ret_id)
{
	static const struct store_query step_down = {
		.sql = "UPDATE authorities SET state = 'trusted' WHERE state = 'signs'"
	};
	static const struct store_query insert = { .sql = "INSERT INTO authorities (id, cert, state, created_at, "
							  "expires_at) VALUES ($1, $2, 'signs', $3, $4)" };
	const char *id = tx_id(tx, "aut");
	struct cert_ask ask = { .name = arena_fmt(tx->arena, "Footplate %s", id ? id : ""),
		.from_ms = tx->now_ms - BEFORE_MS,
		.to_ms = tx->now_ms + AUTHORITIES_YEARS * YEAR_MS };
	uint8_t secret[CERT_KEY];
	struct hush kept = { 0 };
	struct buf pem = { 0 };

	if (!id || !ask.name)
		return RC_NOMEM;
	clock_random(secret, sizeof(secret));
	clock_random(ask.serial, sizeof(ask.serial));
	const struct vault_at at = key_of(id);
	enum rc rc = cert_authority(secret, &ask, &pem, tx->fault);
	if (rc == RC_OK)
		rc = hush_set(&kept, secret, sizeof(secret));
	if (rc == RC_OK)
		rc = vault_put(tx, &at, &kept, NULL);
	if (rc == RC_OK)
		rc = store_do(tx->db, &step_down, STORE_NO_ARGS, tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &insert,
			STORE_ARGS(store_text(id), store_text(buf_text(&pem)), store_int(tx->now_ms),
				store_int(ask.to_ms)),
			tx->fault);
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "authority.created", .resource = id });
	if (rc == RC_OK)
		rc = audit_add(tx, "authority.create", id);
	hush_wipe(secret, sizeof(secret));
	hush_done(&kept);
	buf_done(&pem);
	*ret_id = id;
	return rc;
}

enum rc authorities_first(struct tx *tx)
{
	static const struct store_query any = { .sql = "SELECT id FROM authorities WHERE state = 'signs'" };
	auto_rows struct store_rows *r = NULL;
	const char *id = NULL;

	enum rc rc = store_one(tx->db, &any, STORE_NO_ARGS, &r, tx->fault);
	store_close(take(r));
	return rc == RC_MISSING ? make(tx, &id) : rc;
}

enum rc authorities_next(struct tx *tx, const char **ret_id) { return make(tx, ret_id); }

struct signer {
	const char *id, *cert;
	struct hush secret; /* hush_done */
	int64_t expires_at;
};

static enum rc open_signer(struct tx *tx, struct signer *ret)
{
	static const struct store_query find = {
		.sql = "SELECT id, cert, expires_at FROM authorities WHERE state = 'signs'"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = authorities_first(tx);
	if (rc == RC_OK)
		rc = store_one(tx->db, &find, STORE_NO_ARGS, &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	ret->id = arena_str(tx->arena, store_col_text(r, 0));
	ret->cert = arena_str(tx->arena, store_col_text(r, 1));
	ret->expires_at = store_col_int(r, 2);
	if (!ret->id || !ret->cert)
		return RC_NOMEM;
	const struct vault_at at = key_of(ret->id);
	rc = vault_get(tx, &at, &ret->secret);
	if (rc == RC_OK && ret->secret.n != CERT_KEY)
		rc = RC_MISSING;
	return rc == RC_MISSING ? fault_set(tx->fault, RC_INTERNAL, "the authority %s has no key", ret->id) : rc;
}

static enum rc sign(struct tx *tx, const struct signer *by, const struct authorities_ask *ask,
	const struct cert_ask *what, struct buf *to)
{
	const struct cert_issuer issuer = { by->cert, by->secret.p };
	enum rc rc = ask->public ? cert_issue(&issuer, ask->public, what, to, tx->fault)
				 : cert_answer(&issuer, ask->request, what, to, tx->fault);

	buf_str(to, by->cert);
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

static enum rc keep(struct tx *tx, const struct signer *by, const struct authorities_ask *ask,
	const struct authorities_cert *cert)
{
	static const struct store_query insert = { .sql = "INSERT INTO certificates (serial, authority_id, kind, "
							  "subject, created_by, created_at, expires_at) "
							  "VALUES ($1, $2, $3, $4, $5, $6, $7)" };
	static const struct store_query forget = {
		.sql = "DELETE FROM certificates WHERE subject = $1 AND expires_at < $2"
	};
	struct buf payload = { 0 };

	enum rc rc =
		store_do(tx->db, &forget, STORE_ARGS(store_text(ask->subject), store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &insert,
			STORE_ARGS(store_text(cert->serial), store_text(by->id), store_text(ask->kind),
				store_text(ask->subject), store_text(tx->actor), store_int(tx->now_ms),
				store_int(cert->expires_at)),
			tx->fault);
	buf_str(&payload, "{\"kind\":");
	json_put_str(&payload, ask->kind);
	buf_str(&payload, ",\"subject\":");
	json_put_str(&payload, ask->subject);
	buf_u8(&payload, '}');
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "certificate.issued",
					    .resource = cert->serial,
					    .payload = buf_text(&payload) });
	buf_done(&payload);
	return rc == RC_OK ? audit_note(tx, "certificate.issue", cert->serial, ask->subject) : rc;
}

enum rc authorities_sign(struct tx *tx, const struct authorities_ask *ask, struct authorities_cert *ret)
{
	struct signer by = { 0 };
	struct buf pem = { 0 };
	struct cert_ask what = { .name = ask->subject, .hosts = ask->hosts, .from_ms = tx->now_ms - BEFORE_MS };
	char *serial = arena_take(tx->arena, CERT_SERIAL_HEX);

	if (!serial)
		return RC_NOMEM;
	if (!ask->hosts)
		what.uri = arena_fmt(tx->arena, "urn:footplate:agent:%s", ask->subject);
	clock_random(what.serial, sizeof(what.serial));
	cert_serial(what.serial, serial);
	enum rc rc = open_signer(tx, &by);
	if (rc == RC_OK) {
		what.to_ms = tx->now_ms + ask->life_ms;
		what.to_ms = what.to_ms > by.expires_at ? by.expires_at : what.to_ms;
		rc = sign(tx, &by, ask, &what, &pem);
	}
	if (rc == RC_OK) {
		*ret = (struct authorities_cert){ serial, arena_str(tx->arena, buf_text(&pem)), what.to_ms };
		rc = ret->cert ? keep(tx, &by, ask, ret) : RC_NOMEM;
	}
	hush_done(&by.secret);
	buf_done(&pem);
	return rc;
}

enum rc authorities_trusted(struct tx *tx, struct buf *to)
{
	static const struct store_query all = {
		.sql = "SELECT cert FROM authorities WHERE state <> 'retired' ORDER BY id"
	};
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_run(tx->db, &all, STORE_NO_ARGS, &r, tx->fault);
	for (bool row = true; rc == RC_OK && row;) {
		rc = store_next(r, &row, tx->fault);
		if (rc == RC_OK && row)
			buf_str(to, store_col_text(r, 0));
	}
	return rc;
}

enum rc authorities_check(struct tx *tx, const char *serial, const char *agent_id)
{
	static const struct store_query find = { .sql = "SELECT 1 FROM certificates WHERE serial = $1 AND kind = "
							"'agent' AND subject = $2 AND revoked_at = 0" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(serial), store_text(agent_id)), &r, tx->fault);
	return rc == RC_MISSING ? fault_set(tx->fault, RC_DENIED, "its certificate is revoked, or another's") : rc;
}
