/* The secrets of identity providers, and the trial of their maps. */
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/sso/provider.h"
#include "control/sso/provider_dry_run.h"

static enum rc told(struct tx *tx, const char *type, const char *deed, const char *id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_add(tx, deed, id) : rc;
}

struct value_in {
	const char *value;
};
static const struct field value_fields[] = {
	{ .name = "value",
		.type = FIELD_STR,
		FIELD_AT(struct value_in, value),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = VAULT_VALUE_MAX,
		.doc = "The secret; it cannot be read again." },
	{ 0 },
};

/* Which secret the path names. RC_MISSING: the kind has none of this name. */
static enum rc secret_at(struct call *c, struct provider_row *ret, struct vault_at *ret_at)
{
	enum rc rc = provider_row_load(&c->tx, c->arg[0], ret);
	bool is_key = !strcmp(c->arg[1], PROVIDER_PRIVATE_KEY);

	if (rc == RC_OK && !is_key &&
		(ret->kind != PROVIDER_OIDC || strcmp(c->arg[1], PROVIDER_CLIENT_SECRET) != 0))
		return fault_set(c->tx.fault, RC_MISSING, "its secrets are client_secret (oidc) and private_key");
	*ret_at = (struct vault_at){ "identity_provider", ret->id,
		is_key ? PROVIDER_PRIVATE_KEY : PROVIDER_CLIENT_SECRET };
	return rc;
}

static enum rc secret_changed(struct tx *tx, const char *id, const char *deed)
{
	static const struct store_query count = {
		.sql = "UPDATE identity_providers SET version = version + 1, updated_at = $2 WHERE id = $1"
	};
	enum rc rc = store_do(tx->db, &count, STORE_ARGS(store_text(id), store_int(tx->now_ms)), tx->fault);
	return rc == RC_OK ? told(tx, "identity_provider.updated", deed, id) : rc;
}

static enum rc set_secret(struct call *c, void *ret_out)
{
	const struct value_in *in = c->in;
	struct vault_at at;
	struct provider_row v = { 0 };
	struct hush value = { 0 };
	bool is_new = false;
	(void)ret_out;

	enum rc rc = secret_at(c, &v, &at);
	if (rc == RC_OK)
		rc = hush_set(&value, in->value, strlen(in->value));
	if (rc == RC_OK)
		rc = vault_put(&c->tx, &at, &value, &is_new);
	hush_done(&value);
	hush_wipe((char *)in->value, strlen(in->value)); /* it lies in this call's arena */
	return rc == RC_OK && is_new ? secret_changed(&c->tx, v.id, "identity_provider.secret.set") : rc;
}

static enum rc drop_secret(struct call *c, void *ret_out)
{
	struct vault_at at;
	struct provider_row v = { 0 };
	(void)ret_out;

	enum rc rc = secret_at(c, &v, &at);
	if (rc == RC_OK)
		rc = vault_drop(&c->tx, &at);
	return rc == RC_OK ? secret_changed(&c->tx, v.id, "identity_provider.secret.delete") : rc;
}

extern const struct route provider_secret_routes[]; /* named by http/routes */

const struct route provider_secret_routes[] = {
	{ .name = "testIdentityProviderMapping",
		.method = "POST",
		.path = "/v1/identity-providers/{id}/test-mapping",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		.scope = SCOPE_IDENTITY_READ,
		.in = provider_dry_run_in_fields,
		.in_size = sizeof(struct provider_dry_run_in),
		.out = provider_dry_run_fields,
		.out_size = sizeof(struct provider_dry_run),
		.run = provider_dry_run,
		.doc = "Tells what would become of somebody who comes with these claims. Nothing is changed." },
	{ .name = "setIdentityProviderSecret",
		.method = "PUT",
		.path = "/v1/identity-providers/{id}/secrets/{name}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		.scope = SCOPE_IDENTITY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 204,
		.in = value_fields,
		.in_size = sizeof(struct value_in),
		.run = set_secret,
		.doc = "Sets client_secret (oidc) or private_key. It can be replaced and deleted, and never be "
		       "read." },
	{ .name = "deleteIdentityProviderSecret",
		.method = "DELETE",
		.path = "/v1/identity-providers/{id}/secrets/{name}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		.scope = SCOPE_IDENTITY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 204,
		.run = drop_secret,
		.doc = "Forgets a secret of an identity provider." },
	{ 0 },
};
