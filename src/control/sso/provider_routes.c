#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/access/vault.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "control/sso/provider.h"
#include "control/sso/provider_dry_run.h"
#include "wire/field_json.h"

#define AT(member) FIELD_AT(struct provider_row, member)

/* In the order of enum given. */
static const struct field in_fields[] = {
	{ .name = "kind",
		.type = FIELD_ENUM,
		AT(kind),
		.flags = FIELD_REQUIRED,
		.words = provider_kind_words,
		.doc = "How it is spoken to; it stays." },
	{ .name = "name",
		.type = FIELD_STR,
		AT(name),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 40,
		.chars = "abcdefghijklmnopqrstuvwxyz0123456789-",
		.doc = "Its place in the paths of /v1/auth; it stays. Unique." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		AT(tenant_id),
		.flags = FIELD_NULLABLE,
		.min = 5,
		.max = 63,
		.doc = "Whose users its people become; it stays. Another than your own needs admin:*." },
	{ .name = "title",
		.type = FIELD_STR,
		AT(title),
		.max = 100,
		.def_text = "",
		.doc = "What people read on the button." },
	{ .name = "baseUrl",
		.type = FIELD_STR,
		AT(base_url),
		.flags = FIELD_REQUIRED,
		.min = 8,
		.max = 256,
		.doc = "Where people's browsers reach us, such as https://footplate.example.org; without a path." },
	{ .name = "enabled", .type = FIELD_BOOL, AT(enabled), .def = 1, .doc = "Whether people can log on by it." },
	{ .name = "people",
		.type = FIELD_JSON,
		AT(people),
		.sub = claims_rules_fields,
		.doc = "How its people are read." },
	{ .name = "oidc",
		.type = FIELD_JSON,
		AT(oidc),
		.sub = oidc_conf_fields,
		.doc = "How to speak with it; required when kind is oidc." },
	{ .name = "saml",
		.type = FIELD_JSON,
		AT(saml),
		.sub = saml_conf_fields,
		.doc = "How to speak with it; required when kind is saml." },
	{ 0 },
};
enum given {
	GIVEN_KIND = 1,
	GIVEN_NAME = 2,
	GIVEN_TENANT = 4,
	GIVEN_TITLE = 8,
	GIVEN_BASE_URL = 16,
	GIVEN_ENABLED = 32,
	GIVEN_PEOPLE = 64,
	GIVEN_OIDC = 128,
	GIVEN_SAML = 256,
};

static enum rc told(struct tx *tx, const char *type, const char *deed, const char *id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = id });
	return rc == RC_OK ? audit_add(tx, deed, id) : rc;
}

/* The groups that people are mapped to must be the tenant's. */
static enum rc check_groups(struct call *c, const struct provider *p)
{
	static const struct store_query find = { .sql = "SELECT id FROM groups WHERE id = $1 AND tenant_id = $2" };
	const struct claims_group *map = p->people.group_map.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < p->people.group_map.n; i++) {
		auto_rows struct store_rows *r = NULL;
		enum rc this = store_one(c->tx.db, &find,
			STORE_ARGS(store_text(map[i].group_id), store_text(p->row.tenant_id)), &r, c->tx.fault);
		if (this == RC_MISSING)
			this = field_json_problem(c->reader,
				arena_fmt(c->tx.arena, "/people/groupMap/%zu/groupId", i), "not_one_of",
				"the tenant has no such group");
		if (this != RC_OK && this != RC_INVALID)
			return this;
		rc = this == RC_OK ? rc : this;
	}
	return rc;
}

static bool is_origin(const char *url)
{
	const char *host = strstr(url, "://");
	return oidc_conf_is_url(url) && host && !strchr(host + 3, '/');
}

static enum rc check(struct call *c, const struct provider_row *row, struct provider *ret)
{
	enum rc rc = provider_read(row, c->reader, ret, c->tx.fault);

	if (!is_origin(row->base_url))
		rc = field_json_problem(c->reader, "/baseUrl", "malformed",
			"must be https:// and a host, without a path; http:// only on this machine");
	return rc == RC_OK ? check_groups(c, ret) : rc;
}

static enum rc check_room(struct tx *tx)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM identity_providers" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_NO_ARGS, &r, tx->fault);

	return rc == RC_OK && store_col_int(r, 0) >= PROVIDER_MAX
		       ? fault_set(tx->fault, RC_LIMIT, "there can be %d identity providers; delete one first",
				 PROVIDER_MAX)
		       : rc;
}

static enum rc check_tenant(struct call *c, const char **tenant)
{
	static const struct store_query find = { .sql = "SELECT id FROM tenants WHERE id = $1" };
	const char *own = decide_tenant(c->who);
	auto_rows struct store_rows *r = NULL;

	*tenant = *tenant ? *tenant : own;
	if (!strcmp(*tenant, own))
		return RC_OK;
	if (!decide_is_administrator(c->who))
		return field_json_problem(
			c->reader, "/tenantId", "insufficient_scope", "another tenant than your own needs admin:*");
	enum rc rc = store_one(c->tx.db, &find, STORE_ARGS(store_text(*tenant)), &r, c->tx.fault);
	return rc == RC_MISSING
		       ? field_json_problem(c->reader, "/tenantId", "not_one_of", "there is no such tenant")
		       : rc;
}

static enum rc insert(struct tx *tx, const char *id, const struct provider_row *v)
{
	static const struct store_query add = { .sql = "INSERT INTO identity_providers (id, tenant_id, kind, name, "
						       "title, base_url, enabled, people, conf, "
						       "created_by, created_at, updated_at) VALUES ($1, $2, $3, "
						       "$4, $5, $6, $7, $8, $9, $10, $11, $11) ON "
						       "CONFLICT (name) DO NOTHING RETURNING id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &add,
		STORE_ARGS(store_text(id), store_text(v->tenant_id), store_text(provider_kind_words[v->kind]),
			store_text(v->name), store_text(v->title), store_text(v->base_url), store_int(v->enabled),
			store_text(v->people), store_text(v->kind == PROVIDER_OIDC ? v->oidc : v->saml),
			store_text(tx->actor), store_int(tx->now_ms)),
		&r, tx->fault);

	return rc == RC_MISSING ? fault_set(tx->fault, RC_EXISTS,
					  "there is an identity provider with the name %s already", v->name)
				: rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	struct provider_row in = *(const struct provider_row *)c->in;
	struct provider p;
	const char *id = tx_id(&c->tx, "idp");

	enum rc rc = id ? check_tenant(c, &in.tenant_id) : RC_NOMEM;
	if (rc == RC_OK)
		rc = check(c, &in, &p);
	if (rc == RC_OK)
		rc = check_room(&c->tx);
	if (rc == RC_OK)
		rc = insert(&c->tx, id, &p.row);
	if (rc == RC_OK)
		rc = told(&c->tx, "identity_provider.created", "identity_provider.create", id);
	c->version = 1;
	c->location = arena_fmt(c->tx.arena, "/v1/identity-providers/%s", id ? id : "");
	return rc == RC_OK ? provider_row_load(&c->tx, id, ret_out) : rc;
}

struct providers_query {
	struct page_query page;
};
static const struct field page_fields[] = { PAGE_QUERY_FIELDS(struct providers_query), { 0 } };

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = { .sql = PROVIDER_SELECT
						"WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2" };
	const struct providers_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(before), store_int(q->page.limit + 1)), &r,
			c->tx.fault);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct provider_row *v = ret_out;
	enum rc rc = provider_row_load(&c->tx, c->arg[0], v);
	c->version = v->version;
	return rc;
}

/* One part of the row, edited by a merge patch of its own (RFC 7396, one level deep). */
static enum rc merge_part(struct call *c, const char *patch, const char *pointer, const char **text)
{
	auto_json struct json_t *now = NULL, *by = NULL;
	struct buf made = { 0 };

	if (!*text || !strcmp(patch, "null")) {
		*text = *text ? "{}" : patch;
		return RC_OK;
	}
	enum rc rc = json_read(*text, strlen(*text), &now, c->tx.fault);
	if (rc == RC_OK)
		rc = json_read(patch, strlen(patch), &by, c->tx.fault);
	if (rc == RC_OK && json_merge(now, by) != RC_OK)
		return field_json_problem(c->reader, pointer, "wrong_type", "must be an object");
	if (rc == RC_OK)
		rc = json_put(&made, now, false);
	*text = rc == RC_OK ? arena_strn(c->tx.arena, (const char *)made.p, made.n) : NULL;
	buf_done(&made);
	return rc == RC_OK && !*text ? RC_NOMEM : rc;
}

static enum rc merge(struct call *c, struct provider_row *v)
{
	const struct provider_row *in = c->in;
	enum rc rc = RC_OK;

	if (c->given & (GIVEN_KIND | GIVEN_NAME | GIVEN_TENANT))
		return field_json_problem(c->reader,
			c->given & GIVEN_KIND   ? "/kind"
			: c->given & GIVEN_NAME ? "/name"
						: "/tenantId",
			"read_only", "cannot be changed; make another identity provider");
	if (c->given & GIVEN_TITLE)
		v->title = in->title;
	if (c->given & GIVEN_BASE_URL)
		v->base_url = in->base_url;
	if (c->given & GIVEN_ENABLED)
		v->enabled = in->enabled;
	if (c->given & GIVEN_PEOPLE)
		rc = merge_part(c, in->people, "/people", &v->people);
	if (rc == RC_OK && (c->given & GIVEN_OIDC))
		rc = merge_part(c, in->oidc, "/oidc", &v->oidc);
	if (rc == RC_OK && (c->given & GIVEN_SAML))
		rc = merge_part(c, in->saml, "/saml", &v->saml);
	return rc;
}

static enum rc store_row(struct tx *tx, const struct provider_row *v)
{
	static const struct store_query set = { .sql = "UPDATE identity_providers SET title = $2, base_url = $3, "
						       "enabled = $4, people = $5, conf = $6, "
						       "version = version + 1, updated_at = $7 WHERE id = $1" };
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(v->title), store_text(v->base_url), store_int(v->enabled),
			store_text(v->people), store_text(v->kind == PROVIDER_OIDC ? v->oidc : v->saml),
			store_int(tx->now_ms)),
		tx->fault);
}

/* The subjects of one issuer are not those of another: nobody may become somebody else by an edited address. */
static enum rc forget_people(struct tx *tx, const char *id)
{
	static const struct store_query each[] = {
		{ .sql = "DELETE FROM user_identities WHERE idp_id = $1" },
		{ .sql = "DELETE FROM group_members WHERE source = $1" },
		{ .sql = "DELETE FROM saml_documents WHERE idp_id = $1" },
	};
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(*each); i++)
		rc = store_do(tx->db, &each[i], STORE_ARGS(store_text(id)), tx->fault);
	return rc == RC_OK ? audit_add(tx, "identity_provider.forget_people", id) : rc;
}

static bool is_another(const struct provider *was, const struct provider *is)
{
	return is->row.kind == PROVIDER_OIDC ? strcmp(was->oidc.issuer, is->oidc.issuer) != 0
					     : saml_conf_is_another(&was->saml, &is->saml);
}

static enum rc patch(struct call *c, void *ret_out)
{
	struct provider was = { 0 }, p;
	struct provider_row row;
	enum rc rc = provider_load(&c->tx, c->arg[0], &was);

	row = was.row;
	if (rc == RC_OK)
		rc = route_match(c, row.version);
	if (rc == RC_OK)
		rc = merge(c, &row);
	if (rc == RC_OK)
		rc = check(c, &row, &p);
	if (rc == RC_OK)
		rc = store_row(&c->tx, &p.row);
	if (rc == RC_OK && is_another(&was, &p))
		rc = forget_people(&c->tx, row.id);
	if (rc == RC_OK)
		rc = told(&c->tx, "identity_provider.updated", "identity_provider.update", row.id);
	if (rc == RC_OK)
		rc = provider_row_load(&c->tx, row.id, ret_out);
	c->version = row.version + 1;
	return rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	static const struct store_query delete = { .sql = "DELETE FROM identity_providers WHERE id = $1" };
	static const struct store_query keys = { .sql = "DELETE FROM saml_keys WHERE idp_id = $1" };
	struct provider_row v = { 0 };
	(void)ret_out;

	enum rc rc = provider_row_load(&c->tx, c->arg[0], &v);
	if (rc == RC_OK)
		rc = route_match(c, v.version);
	if (rc == RC_OK)
		rc = forget_people(&c->tx, v.id);
	if (rc == RC_OK)
		rc = vault_drop_all(&c->tx, "identity_provider", v.id);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &keys, STORE_ARGS(store_text(v.id)), c->tx.fault);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &delete, STORE_ARGS(store_text(v.id)), c->tx.fault);
	return rc == RC_OK ? told(&c->tx, "identity_provider.deleted", "identity_provider.delete", v.id) : rc;
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

#define OUT  .out = provider_row_fields, .out_size = sizeof(struct provider_row)
#define IN   .in = in_fields, .in_size = sizeof(struct provider_row)
#define EDIT .scope = SCOPE_IDENTITY_WRITE

extern const struct route provider_routes[]; /* named by http/routes */

const struct route provider_routes[] = {
	{ .name = "listIdentityProviders",
		.method = "GET",
		.path = "/v1/identity-providers",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_IDENTITY_READ,
		.flags = ROUTE_LIST,
		.query = page_fields,
		.query_size = sizeof(struct providers_query),
		OUT,
		.lists = OBJECT_PROVIDER,
		.run = list,
		.doc = "Lists the identity providers, newest first. Never the secrets." },
	{ .name = "createIdentityProvider",
		.method = "POST",
		.path = "/v1/identity-providers",
		.reach = REACH_PLATFORM,
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED | ROUTE_STEP_UP,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Makes an identity provider. Set its secrets before people log on by it." },
	{ .name = "getIdentityProvider",
		.method = "GET",
		.path = "/v1/identity-providers/{id}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		.scope = SCOPE_IDENTITY_READ,
		OUT,
		.run = get,
		.doc = "Shows an identity provider. Never the secrets." },
	{ .name = "updateIdentityProvider",
		.method = "PATCH",
		.path = "/v1/identity-providers/{id}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits an identity provider; enabled turns it off and on. With another issuer it forgets "
		       "who "
		       "its people were." },
	{ .name = "deleteIdentityProvider",
		.method = "DELETE",
		.path = "/v1/identity-providers/{id}",
		.reach = REACH_PLATFORM,
		.object = OBJECT_PROVIDER,
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		.status = 204,
		.run = drop,
		.doc = "Deletes an identity provider, its secrets and the groups that it gave. The users stay." },
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
		EDIT,
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
		EDIT,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 204,
		.run = drop_secret,
		.doc = "Forgets a secret of an identity provider." },
	{ 0 },
};
