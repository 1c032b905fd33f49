#include "control/access/decide.h"
#include "control/control.h"
#include "control/people/tokens.h"
#include "control/people/users.h"
#include "model/apikey.h"
#include "wire/cookie.h"
#include "wire/jwk.h"

#define ROLES_MAX     100
#define PROVIDERS_MAX 100

static const char *const principal_words[] = { "nobody", "key", "user", NULL };

struct me_view {
	int kind;
	const char *id, *name, *login, *tenant_id;
	struct field_list roles, scopes;
	bool narrowed;
	const char *session_id;
	int64_t authenticated_at, expires_at;
	bool second_factor;
	const char *csrf;
};
static const struct field me_fields[] = {
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct me_view, kind),
		.words = principal_words,
		.doc = "A person, or an API key." },
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct me_view, id), .doc = "usr_… or apk_…" },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct me_view, name), .doc = "What people call them." },
	{ .name = "login",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct me_view, login),
		.doc = "A person's login." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct me_view, tenant_id),
		.doc = "Whose things they see and make." },
	{ .name = "roles",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		FIELD_AT(struct me_view, roles),
		.doc = "A person's roles: bound to them, or to a group of theirs." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		FIELD_AT(struct me_view, scopes),
		.doc = "What they may do, by any of their grants." },
	{ .name = "narrowed",
		.type = FIELD_BOOL,
		FIELD_AT(struct me_view, narrowed),
		.doc = "Some of it is for some things only (regions, labels, actions, their own)." },
	{ .name = "sessionId",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct me_view, session_id),
		.doc = "A person's session." },
	{ .name = "authenticatedAt",
		.type = FIELD_TIME,
		.flags = FIELD_OMIT,
		FIELD_AT(struct me_view, authenticated_at),
		.doc = "When they last proved who they are." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		.flags = FIELD_OMIT,
		FIELD_AT(struct me_view, expires_at),
		.doc = "When the credential of this request ends." },
	{ .name = "secondFactor",
		.type = FIELD_BOOL,
		FIELD_AT(struct me_view, second_factor),
		.doc = "They proved it with more than a password." },
	{ .name = "csrfToken",
		.type = FIELD_STR,
		.flags = FIELD_OMIT,
		FIELD_AT(struct me_view, csrf),
		.doc = "With a cookie: what X-CSRF-Token has to be." },
	{ 0 },
};

/* The names of a person's roles, each once. */
static enum rc read_roles(struct call *c, struct field_list *ret)
{
	static const struct store_query bound = {
		.sql = "SELECT DISTINCT COALESCE(r.name, b.role) FROM role_bindings b LEFT JOIN roles r ON r.id = "
		       "b.role AND r.tenant_id "
		       "= b.tenant_id WHERE b.tenant_id = $2 AND (b.subject_id = $1 OR b.subject_id IN (SELECT "
		       "m.group_id FROM "
		       "group_members m JOIN groups g ON g.id = m.group_id WHERE m.user_id = $1 AND g.tenant_id = "
		       "$2)) ORDER BY 1 LIMIT "
		       "$3"
	};
	const char **at = arena_take(c->tx.arena, ROLES_MAX * sizeof(*at));
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	*ret = (struct field_list){ at, 0 };
	enum rc rc = at ? store_run(c->tx.db, &bound,
				  STORE_ARGS(store_text(c->who->id), store_text(decide_tenant(c->who)),
					  store_int(ROLES_MAX)),
				  &r, c->tx.fault)
			: RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row)
		if (!(at[ret->n++] = arena_str(c->tx.arena, store_col_text(r, 0))))
			rc = RC_NOMEM;
	return rc;
}

static enum rc list_scopes(struct call *c, struct me_view *v)
{
	const char **at = arena_take(c->tx.arena, SCOPE_COUNT * sizeof(*at));

	if (!at)
		return RC_NOMEM;
	v->scopes.at = at;
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
		if (decide_may(c->who, (enum scope)s)) {
			at[v->scopes.n++] = scope_text((enum scope)s);
			v->narrowed |= decide_is_narrowed(c->who, (enum scope)s);
		}
	return RC_OK;
}

static enum rc me(struct call *c, void *ret_out)
{
	struct me_view *v = ret_out;
	struct user_row user = { 0 };
	char secret[APIKEY_MAX], csrf[SESSIONS_CSRF_MAX];

	*v = (struct me_view){ .kind = (int)c->who->kind,
		.id = c->who->id,
		.name = c->who->name,
		.tenant_id = decide_tenant(c->who),
		.session_id = c->who->session_id,
		.authenticated_at = c->who->authenticated_at,
		.expires_at = c->who->expires_at,
		.second_factor = c->who->second_factor };
	enum rc rc = list_scopes(c, v);
	if (rc != RC_OK || c->who->kind != PRINCIPAL_USER)
		return rc;
	rc = read_roles(c, &v->roles);
	if (rc == RC_OK)
		rc = users_find(&c->tx, c->who->id, &user);
	v->login = user.login;
	if (rc == RC_OK && cookie_find(c->cookies, SESSIONS_COOKIE, secret, sizeof(secret))) {
		people_session_csrf(c->tx.control, secret, csrf);
		v->csrf = arena_str(c->tx.arena, csrf);
	}
	return rc;
}

/* --- which ways in */

struct way_view {
	const char *kind, *name, *title, *start;
};
static const struct field way_fields[] = {
	{ .name = "kind", .type = FIELD_STR, FIELD_AT(struct way_view, kind), .doc = "oidc or saml." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct way_view, name), .doc = "Its name in the paths." },
	{ .name = "title",
		.type = FIELD_STR,
		FIELD_AT(struct way_view, title),
		.doc = "What to write on the button." },
	{ .name = "start",
		.type = FIELD_STR,
		FIELD_AT(struct way_view, start),
		.doc = "Where the browser begins." },
	{ 0 },
};

struct ways_view {
	bool password;
	struct field_list providers;
};
static const struct field ways_fields[] = {
	{ .name = "password",
		.type = FIELD_BOOL,
		FIELD_AT(struct ways_view, password),
		.doc = "POST /v1/auth/login." },
	{ .name = "providers",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.sub = way_fields,
		.sub_size = sizeof(struct way_view),
		FIELD_AT(struct ways_view, providers),
		.doc = "Identity providers." },
	{ 0 },
};

static enum rc methods(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = "SELECT kind, name, title FROM identity_providers WHERE enabled = 1 ORDER BY name LIMIT $1"
	};
	struct ways_view *v = ret_out;
	struct way_view *at = arena_take(c->tx.arena, PROVIDERS_MAX * sizeof(*at));
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	*v = (struct ways_view){ .password = true, .providers = { at, 0 } };
	enum rc rc =
		at ? store_run(c->tx.db, &all, STORE_ARGS(store_int(PROVIDERS_MAX)), &r, c->tx.fault) : RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row) {
		struct way_view *w = &at[v->providers.n++];
		const char *title = store_col_text(r, 2);
		w->kind = arena_str(c->tx.arena, store_col_text(r, 0));
		w->name = arena_str(c->tx.arena, store_col_text(r, 1));
		w->title = arena_str(c->tx.arena, title && *title ? title : store_col_text(r, 1));
		w->start =
			arena_fmt(c->tx.arena, "/v1/auth/%s/%s/start", store_col_text(r, 0), store_col_text(r, 1));
		if (!w->kind || !w->name || !w->title || !w->start)
			return RC_NOMEM;
	}
	return rc;
}

static enum rc jwks(struct call *c, void *ret_out)
{
	struct jwk keys[TOKENS_KEYS_MAX];
	size_t n = 0;

	(void)ret_out;
	enum rc rc = tokens_keys(&c->tx, keys, &n);
	if (rc == RC_OK)
		jwk_set_write(keys, n, c->body);
	for (size_t i = 0; i < n; i++)
		jwk_done(&keys[i]);
	return rc;
}

const struct route auth_me_routes[] = {
	{
		.name = "getMe",
		.method = "GET",
		.path = "/v1/auth/me",
		.reach = REACH_SELF,
		.out = me_fields,
		.out_size = sizeof(struct me_view),
		.run = me,
		.doc = "Who the request comes from, what they may do, and in which session.",
	},
	{
		.name = "listAuthMethods",
		.method = "GET",
		.path = "/v1/auth/methods",
		.reach = REACH_OPEN,
		.out = ways_fields,
		.out_size = sizeof(struct ways_view),
		.run = methods,
		.doc = "The ways to log in: with a password, or by which identity providers.",
	},
	{
		.name = "getJwks",
		.method = "GET",
		.path = "/v1/auth/jwks",
		.reach = REACH_OPEN,
		.flags = ROUTE_RAW,
		.out_type = "application/jwk-set+json",
		.run = jwks,
		.doc = "The public keys of access tokens (RFC 7517).",
	},
	{ 0 },
};
