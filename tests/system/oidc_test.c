/*
 * Single sign-on by OpenID Connect: the providers an administrator makes, whole log-ons at an unmodified npm oidc-provider, and what a
 * hostile provider, a hostile browser and a hostile network try.
 */
#include "tests/system/oidc_rig.h"

#include <stdio.h>

/* --- identity providers */

#define CONF "\"oidc\":{\"issuer\":\"https://op.test\",\"clientId\":\"ctl\"}"
#define BASE "\"kind\":\"oidc\",\"baseUrl\":\"https://fp.test\","

static void bad_providers_are_refused(struct rig *r)
{
	const char *all = "/v1/identity-providers";

	oidc_rig_wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\"}", "/oidc");
	oidc_rig_wrong(r, 422, "POST", all, "{" BASE "\"name\":\"A b\"," CONF "}", "/name");
	oidc_rig_wrong(
		r, 422, "POST", all, "{" BASE "\"name\":\"a\"," CONF ",\"saml\":{\"metadata\":\"x\"}}", "/saml");
	oidc_rig_wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"http://op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	oidc_rig_wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"https://u@op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	oidc_rig_wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"http://127.0.0.1.op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	oidc_rig_wrong(r, 422, "POST", all,
		"{\"kind\":\"oidc\",\"baseUrl\":\"https://fp.test/x\",\"name\":\"a\"," CONF "}", "/baseUrl");
	oidc_rig_wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\"," CONF
		",\"people\":{\"groupMap\":[{\"match\":\"a*b*\",\"groupId\":\"grp_x\"}]}}",
		"/people/groupMap/0/match");
	oidc_rig_wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\"," CONF
		",\"people\":{\"groupMap\":[{\"match\":\"a\",\"groupId\":\"grp_none\"}]}}",
		"/people/groupMap/0/groupId");
	oidc_rig_wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\"," CONF ",\"people\":{\"nonsense\":1}}",
		"/people/nonsense");
	oidc_rig_wrong(
		r, 422, "POST", all, "{" BASE "\"name\":\"a\",\"tenantId\":\"ten_none\"," CONF "}", "/tenantId");
}

static void providers_are_kept(struct rig *r)
{
	const char *all = "/v1/identity-providers";
	char path[128], at[192];
	json_t *p = rig_expect(r, 201, "POST", all, "{" BASE "\"name\":\"corp\"," CONF "}");

	snprintf(path, sizeof(path), "/v1/identity-providers/%s", json_str(p, "id"));
	CHECK_STR(json_str(p, "oidc.clientAuth"), "client_secret_basic");
	CHECK(json_is_false(json_object_get(p, "clientSecretSet")));
	json_decref(p);
	oidc_rig_wrong(r, 409, "POST", all, "{" BASE "\"name\":\"corp\"," CONF "}", NULL);

	snprintf(at, sizeof(at), "%s/secrets/client_secret", path);
	oidc_rig_wrong(r, 204, "PUT", at, "{\"value\":\"canary-client-secret\"}", NULL);
	snprintf(at, sizeof(at), "%s/secrets/other", path);
	oidc_rig_wrong(r, 404, "PUT", at, "{\"value\":\"x\"}", NULL);

	p = oidc_rig_patch(
		r, path, "{\"oidc\":{\"userinfo\":true},\"people\":{\"createUsers\":true},\"title\":\"Corp\"}");
	CHECK_STR(json_str(p, "oidc.issuer"), "https://op.test");
	CHECK(json_is_true(json_object_get(json_object_get(p, "oidc"), "userinfo")));
	CHECK(json_is_true(json_object_get(p, "clientSecretSet")));
	CHECK_STR(json_str(p, "title"), "Corp");
	char *shown = json_dumps(p, 0);
	CHECK(!strstr(shown, "canary"));
	free(shown);
	json_decref(p);
	oidc_rig_wrong(r, 422, "PATCH", path, "{\"name\":\"other\"}", "/name");
	oidc_rig_wrong(r, 422, "PATCH", path, "{\"oidc\":{\"issuer\":null}}", "/oidc/issuer");

	snprintf(at, sizeof(at), "%s/test-mapping", path);
	p = rig_expect(r, 200, "POST", at,
		"{\"claims\":{\"preferred_username\":\"Ann\",\"email\":\"a@x.test\",\"groups\":[\"g\"]}}");
	CHECK_STR(json_str(p, "outcome"), "created");
	CHECK_STR(json_str(p, "login"), "ann");
	json_decref(p);
	oidc_rig_wrong(r, 204, "DELETE", path, NULL, NULL);
	oidc_rig_wrong(r, 404, "GET", path, NULL, NULL);
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM secrets WHERE kind = 'identity_provider'"), "0");
}

/* --- log-ons at a real provider */

static char group[64];

static int64_t asked(const struct oidc_rig *op, const char *path)
{
	json_t *j = oidc_rig_ask(op, "/test/counts", NULL);
	int64_t n = json_integer_value(json_object_get(json_object_get(j, "counts"), path));
	json_decref(j);
	return n;
}

static void make_providers(const struct oidc_rig *op)
{
	char people[256];
	json_t *keys = oidc_rig_ask(op, "/test/key", NULL);

	snprintf(group, sizeof(group), "grp_operators");
	rig_sql(op->rig, "INSERT INTO groups (id, tenant_id, name, created_by, created_at, updated_at) VALUES "
			 "('grp_operators', 'ten_default', 'operators', 'test', 1, 1)");
	snprintf(people, sizeof(people),
		"\"createUsers\":true,\"groupMap\":[{\"match\":\"ops-*\",\"groupId\":\"%s\"}]", group);
	oidc_rig_provider(op, "rs", "canary secret/rs+%", ",\"scopes\":[\"profile\",\"email\",\"groups\"]", people);
	oidc_rig_provider(op, "es", "canary secret/es+%",
		",\"clientAuth\":\"client_secret_post\",\"userinfo\":true,\"logoutRedirect\":true",
		"\"linkByEmail\":true");
	oidc_rig_provider(
		op, "ed", json_str(keys, "key"), ",\"clientAuth\":\"private_key_jwt\"", "\"linkByEmail\":true");
	json_decref(keys);
}

static void be(const struct oidc_rig *op, const char *user, const char *claims)
{
	char path[256];
	snprintf(path, sizeof(path), "/test/user?id=%s&claims=%s", user, claims);
	json_decref(oidc_rig_ask(op, path, NULL));
}

static const char *count_sql(struct rig *r, const char *what, const char *user)
{
	char sql[512];
	snprintf(sql, sizeof(sql), what, user);
	return rig_sql(r, sql);
}

#define GROUPS_OF "SELECT COUNT(*) FROM group_members m JOIN users u ON u.id = m.user_id WHERE u.login = '%s'"

/* All three algorithms and all three ways to prove who we are; one person, whoever's log-on it is. */
static void people_log_on(struct rig *r, const struct oidc_rig *op)
{
	struct browser b = { 0 }, es = { 0 }, ed = { 0 };

	be(op, "alice", "{%22groups%22:[%22ops-eu%22]}");
	CHECK(oidc_rig_log_on(op, &b, "rs", "alice", "/jobs%3Fstatus%3Dfailed"));
	CHECK(!strcmp(b.location + strlen(r->url), "/jobs?status=failed"));
	CHECK(!browser_cookie(&b, r->url, "__Host-footplate-sso"));
	CHECK(browser_cookie(&b, r->url, "__Host-footplate"));
	CHECK(oidc_rig_me(op, &b) == 200);
	CHECK_STR(count_sql(r, GROUPS_OF, "alice"), "1");
	CHECK(oidc_rig_log_on(op, &es, "es", "alice", NULL));
	CHECK(!strcmp(es.location + strlen(r->url), "/"));
	CHECK(oidc_rig_log_on(op, &ed, "ed", "alice", NULL));
	CHECK(oidc_rig_me(op, &ed) == 200);
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM users"), "1");
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM user_identities"), "3");
	browser_done(&b);
	browser_done(&es);
	browser_done(&ed);
}

/* New keys while people log on: ours are fetched anew, and not more often than needed. */
static void keys_roll_over(const struct oidc_rig *op)
{
	struct browser b = { 0 };
	int64_t before = asked(op, "/jwks");

	json_decref(oidc_rig_ask(op, "/test/rotate", NULL));
	CHECK(oidc_rig_log_on(op, &b, "rs", "alice", NULL));
	CHECK(asked(op, "/jwks") == before + 1);
	CHECK(oidc_rig_log_on(op, &b, "rs", "alice", NULL));
	CHECK(asked(op, "/jwks") == before + 1);
	browser_done(&b);
}

static void lost_groups_are_lost(struct rig *r, const struct oidc_rig *op)
{
	struct browser b = { 0 };

	be(op, "alice", "{%22groups%22:[]}");
	CHECK(oidc_rig_log_on(op, &b, "rs", "alice", NULL));
	CHECK_STR(count_sql(r, GROUPS_OF, "alice"), "0");
	browser_done(&b);
}

/* Somebody logs out at the provider: it tells us, and the session that came by it is over, and no other. */
static void logging_out_there_ends_it_here(const struct oidc_rig *op)
{
	struct browser here = { 0 }, elsewhere = { 0 };
	char end[256], form[512];

	CHECK(oidc_rig_log_on(op, &here, "rs", "alice", NULL));
	CHECK(oidc_rig_log_on(op, &elsewhere, "rs", "alice", NULL));
	CHECK(oidc_rig_me(op, &here) == 200);
	snprintf(end, sizeof(end), "%s/session/end", op->issuer);
	browser_go(&here, end, NULL);
	const char *xsrf = strstr(here.text, "name=\"xsrf\" value=\"");
	CHECK(xsrf);
	xsrf += strlen("name=\"xsrf\" value=\"");
	snprintf(form, sizeof(form), "xsrf=%.*s&logout=yes", (int)strcspn(xsrf, "\""), xsrf);
	snprintf(end, sizeof(end), "%s/session/end/confirm", op->issuer);
	browser_go(&here, end, form);
	CHECK(oidc_rig_me(op, &here) == 401); /* the provider answers after it has told us */
	CHECK(oidc_rig_me(op, &elsewhere) == 200);
	browser_done(&here);
	browser_done(&elsewhere);
}

static void provider_that_is_down_is_told_of(struct rig *r, struct oidc_rig *op)
{
	struct browser b = { 0 };
	char back[BROWSER_URL];

	oidc_rig_go(op, &b, "rs", "alice", NULL);
	CHECK(*b.location);
	memcpy(back, b.location, sizeof(back));
	rig_stop(&op->pid, 9);
	browser_go(&b, back, NULL);
	CHECK(b.status == 503 && strstr(b.text, "does not answer") && !strncmp(b.type, "text/html", 9));
	b.plain = true;
	oidc_rig_go(op, &b, "rs", "alice", NULL);
	CHECK(b.status == 503 && strstr(b.text, "dependency_unavailable"));
	(void)r;
	browser_done(&b);
}

int main(void)
{
	struct oidc_rig op;
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	bad_providers_are_refused(&r);
	providers_are_kept(&r);
	oidc_rig_start(&op, &r, "op.mjs");
	make_providers(&op);
	people_log_on(&r, &op);
	keys_roll_over(&op);
	lost_groups_are_lost(&r, &op);
	logging_out_there_ends_it_here(&op);
	provider_that_is_down_is_told_of(&r, &op);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
