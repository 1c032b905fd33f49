/*
 * Single sign-on by OpenID Connect: the providers an administrator makes, whole log-ons at an unmodified npm oidc-provider, and what a
 * hostile provider, a hostile browser and a hostile network try.
 */
#include "tests/system/rig.h"

#include <stdio.h>

/* --- identity providers */

static void wrong(
	struct rig *r, int status, const char *method, const char *path, const char *body, const char *words)
{
	struct rig_answer a = rig_call(r, method, path, "If-Match: *", body);

	if (a.status != status || (words && !strstr(a.text, words))) {
		fprintf(stderr, "%s %s %s: %d %s\n", method, path, body ? body : "", a.status, a.text);
		exit(1);
	}
	rig_answer_done(&a);
}

static json_t *patch(struct rig *r, const char *path, const char *body)
{
	struct rig_answer a = rig_call(r, "PATCH", path, "If-Match: *", body);
	json_t *j = json_incref(a.body);

	if (a.status != 200) {
		fprintf(stderr, "PATCH %s %s: %d %s\n", path, body, a.status, a.text);
		exit(1);
	}
	rig_answer_done(&a);
	return j;
}

#define CONF "\"oidc\":{\"issuer\":\"https://op.test\",\"clientId\":\"ctl\"}"
#define BASE "\"kind\":\"oidc\",\"baseUrl\":\"https://fp.test\","

static void bad_providers_are_refused(struct rig *r)
{
	const char *all = "/v1/identity-providers";

	wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\"}", "/oidc");
	wrong(r, 422, "POST", all, "{" BASE "\"name\":\"A b\"," CONF "}", "/name");
	wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\"," CONF ",\"saml\":{\"metadata\":\"x\"}}", "/saml");
	wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"http://op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"https://u@op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\",\"oidc\":{\"issuer\":\"http://127.0.0.1.op.test\",\"clientId\":\"c\"}}",
		"/oidc/issuer");
	wrong(r, 422, "POST", all, "{\"kind\":\"oidc\",\"baseUrl\":\"https://fp.test/x\",\"name\":\"a\"," CONF "}",
		"/baseUrl");
	wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\"," CONF
		",\"people\":{\"groupMap\":[{\"match\":\"a*b*\",\"groupId\":\"grp_x\"}]}}",
		"/people/groupMap/0/match");
	wrong(r, 422, "POST", all,
		"{" BASE "\"name\":\"a\"," CONF
		",\"people\":{\"groupMap\":[{\"match\":\"a\",\"groupId\":\"grp_none\"}]}}",
		"/people/groupMap/0/groupId");
	wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\"," CONF ",\"people\":{\"nonsense\":1}}",
		"/people/nonsense");
	wrong(r, 422, "POST", all, "{" BASE "\"name\":\"a\",\"tenantId\":\"ten_none\"," CONF "}", "/tenantId");
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
	wrong(r, 409, "POST", all, "{" BASE "\"name\":\"corp\"," CONF "}", NULL);

	snprintf(at, sizeof(at), "%s/secrets/client_secret", path);
	wrong(r, 204, "PUT", at, "{\"value\":\"canary-client-secret\"}", NULL);
	snprintf(at, sizeof(at), "%s/secrets/other", path);
	wrong(r, 404, "PUT", at, "{\"value\":\"x\"}", NULL);

	p = patch(r, path, "{\"oidc\":{\"userinfo\":true},\"people\":{\"createUsers\":true},\"title\":\"Corp\"}");
	CHECK_STR(json_str(p, "oidc.issuer"), "https://op.test");
	CHECK(json_is_true(json_object_get(json_object_get(p, "oidc"), "userinfo")));
	CHECK(json_is_true(json_object_get(p, "clientSecretSet")));
	CHECK_STR(json_str(p, "title"), "Corp");
	char *shown = json_dumps(p, 0);
	CHECK(!strstr(shown, "canary"));
	free(shown);
	json_decref(p);
	wrong(r, 422, "PATCH", path, "{\"name\":\"other\"}", "/name");
	wrong(r, 422, "PATCH", path, "{\"oidc\":{\"issuer\":null}}", "/oidc/issuer");

	snprintf(at, sizeof(at), "%s/test-mapping", path);
	p = rig_expect(r, 200, "POST", at,
		"{\"claims\":{\"preferred_username\":\"Ann\",\"email\":\"a@x.test\",\"groups\":[\"g\"]}}");
	CHECK_STR(json_str(p, "outcome"), "created");
	CHECK_STR(json_str(p, "login"), "ann");
	json_decref(p);
	wrong(r, 204, "DELETE", path, NULL, NULL);
	wrong(r, 404, "GET", path, NULL, NULL);
	CHECK_STR(rig_sql(r, "SELECT COUNT(*) FROM secrets WHERE kind = 'identity_provider'"), "0");
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	bad_providers_are_refused(&r);
	providers_are_kept(&r);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
