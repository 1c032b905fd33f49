#include "control/webhooks/webhook_secrets.h"
#include "control/access/vault.h"
#include "io/clock.h"

static const char *const key_names[WEBHOOK_SECRETS_MAX] = { "hmac", "hmac_old" };
static const char *const seed_names[WEBHOOK_SECRETS_MAX] = { "ed25519", "ed25519_old" };

static enum rc get_key(struct tx *tx, const char *webhook_id, const char *name, uint8_t to[static WEBHOOK_SIGN_KEY])
{
	const struct vault_at at = { "webhook", webhook_id, name };
	struct hush value = { 0 };
	enum rc rc = vault_get(tx, &at, &value);

	if (rc == RC_OK && value.n != WEBHOOK_SIGN_KEY)
		rc = fault_set(tx->fault, RC_INTERNAL, "the secret %s of %s is malformed", name, webhook_id);
	if (rc == RC_OK)
		memcpy(to, value.p, WEBHOOK_SIGN_KEY);
	hush_done(&value);
	return rc;
}

static enum rc put_key(
	struct tx *tx, const char *webhook_id, const char *name, const uint8_t from[static WEBHOOK_SIGN_KEY])
{
	const struct vault_at at = { "webhook", webhook_id, name };
	struct hush value = { 0 };
	enum rc rc = hush_set(&value, from, WEBHOOK_SIGN_KEY);

	if (rc == RC_OK)
		rc = vault_put(tx, &at, &value, NULL);
	hush_done(&value);
	return rc;
}

static enum rc keep_old(struct tx *tx, const char *webhook_id, const char *const names[WEBHOOK_SECRETS_MAX])
{
	uint8_t key[WEBHOOK_SIGN_KEY] = { 0 };
	enum rc rc = get_key(tx, webhook_id, names[0], key);

	if (rc == RC_OK)
		rc = put_key(tx, webhook_id, names[1], key);
	hush_wipe(key, sizeof(key));
	return rc;
}

static const char *text_of(struct tx *tx, const uint8_t key[static WEBHOOK_SIGN_KEY],
	enum rc (*put)(const uint8_t key[static WEBHOOK_SIGN_KEY], struct buf *to))
{
	struct buf b = { 0 };
	const char *text = put(key, &b) == RC_OK ? arena_str(tx->arena, buf_text(&b)) : NULL;

	hush_wipe(b.p, b.n);
	buf_done(&b);
	return text;
}

enum rc webhook_secrets_make(
	struct tx *tx, const char *webhook_id, bool rotated, const char **ret_secret, const char **ret_public)
{
	uint8_t key[WEBHOOK_SIGN_KEY], seed[WEBHOOK_SIGN_KEY];
	enum rc rc = rotated ? keep_old(tx, webhook_id, key_names) : RC_OK;

	if (rc == RC_OK && rotated)
		rc = keep_old(tx, webhook_id, seed_names);
	clock_random(key, sizeof(key));
	clock_random(seed, sizeof(seed));
	if (rc == RC_OK)
		rc = put_key(tx, webhook_id, key_names[0], key);
	if (rc == RC_OK)
		rc = put_key(tx, webhook_id, seed_names[0], seed);
	*ret_secret = text_of(tx, key, webhook_sign_secret);
	*ret_public = text_of(tx, seed, webhook_sign_public);
	hush_wipe(key, sizeof(key));
	hush_wipe(seed, sizeof(seed));
	return rc == RC_OK && (!*ret_secret || !*ret_public) ? RC_NOMEM : rc;
}

enum rc webhook_secrets_get(struct tx *tx, const char *webhook_id, size_t n,
	uint8_t keys[static WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY],
	uint8_t seeds[static WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY])
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n && i < WEBHOOK_SECRETS_MAX; i++) {
		rc = get_key(tx, webhook_id, key_names[i], keys[i]);
		if (rc == RC_OK)
			rc = get_key(tx, webhook_id, seed_names[i], seeds[i]);
	}
	return rc;
}
