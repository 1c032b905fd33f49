#include "control/engine/sealed.h"
#include "base/hush.h"
#include "base/id.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/fleet/agents.h"
#include "io/clock.h"
#include "wire/json.h"
#include "wire/seal.h"
#include "wire/tunnel_auth.h"

#include <jansson.h>

bool sealed_has(const struct action *a)
{
	for (const struct field *row = a ? a->payload : NULL; row && row->type != FIELD_END; row++)
		if (row->flags & FIELD_SECRET)
			return true;
	return false;
}

/* Moves the secret members out of the object; what they hold is left to the caller to wipe. */
static json_t *take_secrets(const struct action *a, json_t *payload)
{
	json_t *secrets = json_object();

	for (const struct field *row = a->payload; secrets && row->type != FIELD_END; row++) {
		json_t *v = row->flags & FIELD_SECRET ? json_object_get(payload, row->name) : NULL;
		if (v &&
			(json_object_set(secrets, row->name, v) != 0 || json_object_del(payload, row->name) != 0)) {
			json_decref(secrets);
			return NULL;
		}
	}
	return secrets;
}

static const char *text_of(struct arena *a, const json_t *j)
{
	struct buf b = { 0 };
	const char *s = json_put(&b, j, false) == RC_OK && !b.bad ? arena_str(a, buf_text(&b)) : NULL;
	buf_done(&b);
	return s;
}

static enum rc seal_secrets(struct tx *tx, const char *job_id, const json_t *secrets, const char **ret)
{
	const struct vault_at at = { "job", job_id, "payload" };
	struct buf plain = { .wipes = true }, sealed = { 0 };
	struct hush value = { 0 };

	enum rc rc = json_put(&plain, secrets, false);
	if (rc == RC_OK)
		rc = plain.bad ? RC_NOMEM : hush_set(&value, plain.p, plain.n);
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, &at, 1, &value, &sealed);
	if (rc == RC_OK)
		*ret = arena_str(tx->arena, buf_text(&sealed));
	if (rc == RC_OK && (sealed.bad || !*ret))
		rc = RC_NOMEM;
	buf_done(&plain);
	buf_done(&sealed);
	hush_done(&value);
	return rc;
}

enum rc sealed_split(struct tx *tx, const struct action *a, const char *job_id, const char *payload,
	const char **ret_payload, const char **ret_secret)
{
	*ret_payload = payload;
	*ret_secret = NULL;
	if (!sealed_has(a))
		return RC_OK;
	auto_json json_t *j = NULL, *secrets = NULL;
	enum rc rc = json_read(payload, strlen(payload), &j, tx->fault);
	if (rc != RC_OK)
		return rc;
	secrets = take_secrets(a, j);
	*ret_payload = secrets ? text_of(tx->arena, j) : NULL;
	if (!*ret_payload)
		return RC_NOMEM;
	return json_object_size(secrets) ? seal_secrets(tx, job_id, secrets, ret_secret) : RC_OK;
}

enum rc sealed_for_agent(
	struct tx *tx, const char *job_id, const char *secret, const char *agent_id, const char **ret_hex)
{
	const struct vault_at at = { "job", job_id, "payload" };
	uint8_t key[TUNNEL_AUTH_KEY], seed[32];
	char region[ID_MAX];
	struct hush plain = { 0 };
	struct buf box = { 0 };

	enum rc rc = agents_key(tx, agent_id, key, region);
	if (rc == RC_OK)
		rc = vault_open(&tx->control->secrets, &at, 1, secret, &plain, tx->fault);
	clock_random(seed, sizeof(seed));
	if (rc == RC_OK)
		rc = seal_to(key, seed, plain.p, plain.n, &box);
	char *hex = rc == RC_OK && !box.bad ? arena_take(tx->arena, box.n * 2 + 1) : NULL;
	if (hex)
		tunnel_auth_hex(box.p, box.n, hex);
	hush_wipe(seed, sizeof(seed));
	hush_done(&plain);
	buf_done(&box);
	*ret_hex = hex;
	return rc == RC_OK && !hex ? RC_NOMEM : rc;
}

const char *sealed_shown(struct arena *a, const char *action, const char *payload)
{
	const struct action *decl = action_find(action);
	struct buf b = { 0 };
	size_t n = payload ? strlen(payload) : 0;

	if (!sealed_has(decl) || n < 2 || payload[n - 1] != '}')
		return payload;
	buf_put(&b, payload, n - 1);
	for (const struct field *row = decl->payload; row->type != FIELD_END; row++)
		if (row->flags & FIELD_SECRET)
			buf_fmt(&b, "%s\"%s\":\"(set)\"", b.n > 1 ? "," : "", row->name);
	buf_u8(&b, '}');
	const char *shown = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return shown;
}
