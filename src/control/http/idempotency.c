#include "control/http/idempotency.h"
#include "base/buf.h"
#include "base/rc.h"
#include "control/control.h"
#include "wire/json.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum rc idempotency_key(const char *header, struct arena *a, const char **ret_key, struct fault *f)
{
	size_t n = strlen(header);
	bool quoted = n >= 2 && header[0] == '"' && header[n - 1] == '"';

	if (quoted) {
		header++;
		n -= 2;
	}
	bool good = n >= 1 && n <= IDEMPOTENCY_KEY_MAX;
	for (size_t i = 0; good && i < n; i++)
		good = header[i] > 32 && header[i] < 127;
	if (!good)
		return fault_set(f, RC_MALFORMED, "Idempotency-Key must have 1 to %d visible ASCII characters",
			IDEMPOTENCY_KEY_MAX);
	*ret_key = arena_strn(a, header, n);
	return *ret_key ? RC_OK : RC_NOMEM;
}

enum rc idempotency_fingerprint(const struct control *c, const struct json_t *body, char ret[static 65])
{
	struct buf text = { .wipes = true };
	uint8_t sum[EVP_MAX_MD_SIZE];
	enum rc rc = body ? json_put(&text, body, true) : RC_OK;

	if (rc == RC_OK && !HMAC(EVP_sha256(), c->secrets.pepper, sizeof(c->secrets.pepper),
				   text.p ? text.p : (const void *)"", text.n, sum, NULL))
		rc = RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < 32; i++)
		snprintf(ret + i * 2, 3, "%02x", sum[i]);
	buf_done(&text);
	return rc;
}

/* What names the operation: the route, and what stood for {…} in its path. */
static const char *route_of(struct call *c)
{
	return arena_fmt(c->tx.arena, "%s %s %s", c->route->method, c->route->path, c->arg[0] ? c->arg[0] : "");
}

enum rc idempotency_find(struct call *c, const struct idempotency *i, struct idempotency_answer *ret)
{
	static const struct store_query find = {
		.sql = "SELECT fingerprint, status, location, body FROM idempotency WHERE principal = $1 AND route "
		       "= $2 AND key = $3"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &find,
		STORE_ARGS(store_text(c->who->id), store_text(route_of(c)), store_text(i->key)), &r, c->tx.fault);

	if (rc != RC_OK)
		return rc;
	if (strcmp(store_col_text(r, 0), i->fingerprint) != 0)
		return fault_set(c->tx.fault, RC_KEY_REUSED,
			"this Idempotency-Key was used with another body; take a new key for a new request");
	ret->status = (int)store_col_int(r, 1);
	ret->location = arena_str(c->tx.arena, store_col_text(r, 2));
	ret->body = arena_str(c->tx.arena, store_col_text(r, 3));
	return ret->body ? RC_OK : RC_NOMEM;
}

enum rc idempotency_keep(struct call *c, const struct idempotency *i, const struct idempotency_answer *answer)
{
	static const struct store_query keep = {
		.sql = "INSERT INTO idempotency (principal, route, key, fingerprint, status, location, body, "
		       "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	};
	return store_put(c->tx.db, &keep,
		STORE_ARGS(store_text(c->who->id), store_text(route_of(c)), store_text(i->key),
			store_text(i->fingerprint), store_int(answer->status), store_text(answer->location),
			store_text(answer->body), store_int(c->tx.now_ms)),
		c->tx.fault);
}

enum rc idempotency_sweep(struct tx *tx)
{
	static const struct store_query sweep = { .sql = "DELETE FROM idempotency WHERE created_at < $1" };
	return store_do(
		tx->db, &sweep, STORE_ARGS(store_int(tx->now_ms - tx->control->conf->idempotency_ms)), tx->fault);
}
