#include "control/fleet/account_secrets.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/fleet/states.h"
#include "control/rows.h"
#include "wire/steam/guard.h"

#include <string.h>

#define VALUE_MAX 4096

/* What people may set, and what agents bring. */
static const struct {
	const char *name;
	bool people;
} names[] = {
	{ "email_code_source", true },
	{ "guard_data", false },
	{ "identity_secret", true },
	{ "parental_pin", true },
	{ "password", true },
	{ "refresh_token", true },
	{ "resume", false },
	{ "shared_secret", true },
};
#define NAMES (sizeof(names) / sizeof(*names))

bool account_secrets_is(const char *name)
{
	for (size_t i = 0; i < NAMES; i++)
		if (!strcmp(names[i].name, name))
			return names[i].people;
	return false;
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < NAMES; i++)
		if (!strcmp(names[i].name, name))
			return true;
	return false;
}

static enum rc told(struct tx *tx, const char *account_id, const char *name, bool set)
{
	const char *payload = arena_fmt(tx->arena, "{\"name\":\"%s\",\"set\":%s}", name, set ? "true" : "false");
	return payload ? events_add(tx, &(struct event){ .type = "account.secret_changed",
						.account_id = account_id,
						.payload = payload })
		       : RC_NOMEM;
}

enum rc account_secrets_check(const char *name, const struct hush *value, struct fault *f)
{
	if (value->n == 0 || value->n > VALUE_MAX)
		return fault_set(f, RC_INVALID, "a secret has 1 to %d bytes", VALUE_MAX);
	if (memchr(value->p, 0, value->n))
		return fault_set(f, RC_INVALID, "a secret has no NUL");
	if (!strcmp(name, "shared_secret") || !strcmp(name, "identity_secret")) {
		struct hush secret = { 0 };
		enum rc rc = guard_secret((const char *)value->p, value->n, &secret);
		hush_done(&secret);
		if (rc != RC_OK)
			return fault_set(f, RC_INVALID,
				"%s: must be base64, as a maFile has it, or 40 hexadecimal digits", name);
	}
	if (!strcmp(name, "parental_pin") &&
		(value->n < 4 || strspn((const char *)value->p, "0123456789") != value->n))
		return fault_set(f, RC_INVALID, "parental_pin: must be four digits or more");
	return RC_OK;
}

enum rc account_secrets_put(
	struct tx *tx, const char *account_id, const char *name, const struct hush *value, bool *ret_changed)
{
	const struct vault_at at = { "account", account_id, name };
	bool changed = false;

	enum rc rc = account_secrets_check(name, value, tx->fault);
	if (rc == RC_OK)
		rc = vault_put(tx, &at, value, &changed);
	if (ret_changed)
		*ret_changed = changed;
	if (rc != RC_OK || !changed)
		return rc;
	rc = told(tx, account_id, name, true);
	if (rc == RC_OK)
		rc = states_secret_changed(tx, account_id);
	return rc == RC_OK ? audit_add(tx, "account.secret.set",
				     arena_fmt(tx->arena, "%s/secrets/%s", account_id, name))
			   : rc;
}

enum rc account_secrets_learn(struct tx *tx, const char *account_id, const char *name, const struct hush *value)
{
	const struct vault_at at = { "account", account_id, name };
	bool changed = false;

	if (!is_known(name))
		return RC_OK; /* of a newer agent */
	enum rc rc = RC_OK;
	if (value->n) {
		rc = vault_put(tx, &at, value, &changed);
	} else {
		rc = vault_drop(tx, &at);
		changed = rc == RC_OK;
		rc = rc == RC_MISSING ? RC_OK : rc;
	}
	return rc == RC_OK && changed ? told(tx, account_id, name, value->n > 0) : rc;
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
		.max = VALUE_MAX,
		.doc = "The secret; it cannot be read again." },
	{ 0 },
};

/* The account is there, and the name is one that people may use. */
static enum rc check_place(struct call *c)
{
	struct states_account a = { 0 };
	if (!account_secrets_is(c->arg[1]))
		return fault_set(c->tx.fault, RC_MISSING,
			"there is no such secret; there are password, shared_secret, identity_secret, "
			"parental_pin, "
			"refresh_token and email_code_source");
	return states_load(&c->tx, c->arg[0], &a);
}

static enum rc put(struct call *c, void *ret_out)
{
	const struct value_in *in = c->in;
	struct hush value = { 0 };
	(void)ret_out;

	enum rc rc = check_place(c);
	if (rc == RC_OK)
		rc = hush_set(&value, in->value, strlen(in->value));
	if (rc == RC_OK)
		rc = account_secrets_put(&c->tx, c->arg[0], c->arg[1], &value, NULL);
	hush_done(&value);
	hush_wipe((char *)in->value, strlen(in->value)); /* it lies in this call's arena */
	return rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	const struct vault_at at = { "account", c->arg[0], c->arg[1] };
	(void)ret_out;

	enum rc rc = check_place(c);
	if (rc == RC_OK)
		rc = vault_drop(&c->tx, &at);
	if (rc == RC_OK)
		rc = told(&c->tx, c->arg[0], c->arg[1], false);
	if (rc == RC_OK)
		rc = states_tell(&c->tx, c->arg[0]);
	return rc == RC_OK ? audit_add(&c->tx, "account.secret.delete",
				     arena_fmt(c->tx.arena, "%s/secrets/%s", c->arg[0], c->arg[1]))
			   : rc;
}

struct view {
	const char *name;
	bool set;
	int64_t version;
	const char *fingerprint;
	int64_t updated_at;
};
static const struct field view_fields[] = {
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct view, name), .doc = "Which secret." },
	{ .name = "set", .type = FIELD_BOOL, FIELD_AT(struct view, set), .doc = "Whether there is a value." },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct view, version), .doc = "Counts its values." },
	{ .name = "fingerprint",
		.type = FIELD_STR,
		FIELD_AT(struct view, fingerprint),
		.doc = "Tells one value from another, and nothing else; null: not set." },
	{ .name = "updatedAt", .type = FIELD_TIME, FIELD_AT(struct view, updated_at), .doc = "When it was set." },
	{ 0 },
};

static enum rc fill(struct call *c, struct view *v, const char *name)
{
	static const struct store_query one = { .sql = "SELECT name, sealed IS NOT NULL, version, fingerprint, "
						       "updated_at FROM secrets WHERE kind = "
						       "'account' AND owner = $1 AND name = $2" };
	v->name = name;
	enum rc rc = rows_one(c->tx.db, &one, STORE_ARGS(store_text(c->arg[0]), store_text(name)),
		(struct rows_into){ view_fields, c->tx.arena, v }, c->tx.fault);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	struct view *v = arena_take(c->tx.arena, NAMES * sizeof(*v));
	struct states_account a = { 0 };
	struct page *page = ret_out;
	size_t n = 0;

	enum rc rc = v ? states_load(&c->tx, c->arg[0], &a) : RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < NAMES; i++)
		if (names[i].people)
			rc = fill(c, &v[n++], names[i].name);
	page->items = (struct field_list){ v, n };
	return rc;
}

const struct route account_secrets_routes[] = {
	{ .name = "listAccountSecrets",
		.method = "GET",
		.path = "/v1/accounts/{id}/secrets",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_READ,
		.flags = ROUTE_LIST,
		.out = view_fields,
		.out_size = sizeof(struct view),
		.run = list,
		.doc = "Shows which secrets an account has; never a value." },
	{ .name = "setAccountSecret",
		.method = "PUT",
		.path = "/v1/accounts/{id}/secrets/{name}",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_SECRETS,
		.flags = ROUTE_WRITE,
		.status = 204,
		.in = value_fields,
		.in_size = sizeof(struct value_in),
		.run = put,
		.doc = "Sets a secret. It can be replaced and deleted, and never be read." },
	{ .name = "deleteAccountSecret",
		.method = "DELETE",
		.path = "/v1/accounts/{id}/secrets/{name}",
		.reach = REACH_TENANT,
		.object = OBJECT_ACCOUNT,
		.scope = SCOPE_ACCOUNTS_SECRETS,
		.flags = ROUTE_WRITE,
		.status = 204,
		.run = drop,
		.doc = "Forgets a secret." },
	{ 0 },
};
