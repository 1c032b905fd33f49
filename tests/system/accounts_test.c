/* Accounts as the API shows them: secrets that only go in, what is wanted and what is, codes, egresses; over a restart. */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PLANTED "planted-Canary-7391-value"
#define SHARED  "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=" /* base64 of the twenty digits of RFC 6238's example */

/* A call that must be answered so; what it says is looked at for the planted value. */
static void expect(const struct rig *r, int status, const char *method, const char *path, const char *body)
{
	struct rig_answer a = rig_call(r, method, path, "If-Match: *", body);
	if (a.status != status) {
		fprintf(stderr, "%s %s: %d, not %d: %s\n", method, path, a.status, status, a.text ? a.text : "");
		exit(1);
	}
	CHECK(!a.text || !strstr(a.text, PLANTED));
	rig_answer_done(&a);
}

static const char *at(char to[static 192], const char *id, const char *more)
{
	snprintf(to, 192, "/v1/accounts/%s%s", id, more);
	return to;
}

static const json_t *find_secret(const json_t *list, const char *name)
{
	size_t i;
	json_t *e;
	json_array_foreach(json_object_get(list, "items"), i, e) if (!strcmp(json_str(e, "name"), name)) return e;
	return NULL;
}

static void secrets(const struct rig *r, const char *id)
{
	char p[192];

	expect(r, 204, "PUT", at(p, id, "/secrets/password"), "{\"value\":\"" PLANTED "\"}");
	expect(r, 404, "PUT", at(p, id, "/secrets/guard_data"), "{\"value\":\"x\"}"); /* Steam's, not people's */
	expect(r, 404, "PUT", "/v1/accounts/acc_none/secrets/password", "{\"value\":\"x\"}");
	/* What is wrong is said without showing what was sent. */
	expect(r, 422, "PUT", at(p, id, "/secrets/shared_secret"), "{\"value\":\"" PLANTED "\"}");
	expect(r, 422, "PUT", at(p, id, "/secrets/password"), "{\"value\":\"\"}");
	expect(r, 422, "PUT", at(p, id, "/secrets/password"), "{\"valeu\":\"" PLANTED "\"}");
	expect(r, 400, "PUT", at(p, id, "/secrets/password"), "{\"value\":" PLANTED "}");

	json_t *list = rig_expect(r, 200, "GET", at(p, id, "/secrets"), NULL);
	const json_t *password = find_secret(list, "password"), *pin = find_secret(list, "parental_pin");
	CHECK(password && json_is_true(json_object_get(password, "set")) && json_int(password, "version") == 1);
	CHECK(strlen(json_str(password, "fingerprint")) == 16);
	CHECK(pin && json_is_false(json_object_get(pin, "set")));
	CHECK(!find_secret(list, "guard_data"));
	json_decref(list);
	expect(r, 404, "DELETE", at(p, id, "/secrets/parental_pin"), NULL);
}

static void codes(const struct rig *r, const char *id)
{
	char p[192];

	expect(r, 409, "POST", at(p, id, "/authenticator/codes"), NULL);
	expect(r, 204, "PUT", at(p, id, "/secrets/shared_secret"), "{\"value\":\"" SHARED "\"}");
	for (int i = 0; i < 10; i++) {
		json_t *code = rig_expect(r, 200, "POST", at(p, id, "/authenticator/codes"), NULL);
		const char *text = json_str(code, "code");
		CHECK(strlen(text) == 5 && strspn(text, "23456789BCDFGHJKMNPQRTVWXY") == 5 &&
			*json_str(code, "expiresAt"));
		json_decref(code);
	}
	expect(r, 429, "POST", at(p, id, "/authenticator/codes"), NULL);
}

static void wishes(const struct rig *r, const char *id)
{
	char p[192];

	expect(r, 422, "PUT", at(p, id, "/desired-state"), "{\"mode\":\"farming\"}");
	expect(r, 422, "PUT", at(p, id, "/desired-state"), "{\"mode\":\"playing\"}");
	expect(r, 422, "PUT", at(p, id, "/desired-state"), "{\"mode\":\"online\",\"apps\":[440]}");
	expect(r, 422, "PUT", at(p, id, "/desired-state"),
		"{\"mode\":\"online\",\"until\":\"2001-01-01T00:00:00Z\"}");
	json_t *s =
		rig_expect(r, 200, "PUT", at(p, id, "/desired-state"), "{\"mode\":\"playing\",\"apps\":[440,570]}");
	CHECK_STR(json_str(s, "desired.mode"), "playing");
	CHECK(json_int(s, "generation") == 2 && json_int(s, "observedGeneration") == 0);
	CHECK_STR(json_str(s, "state"), "offline");
	CHECK(json_is_false(json_object_get(json_object_get(s, "lease"), "held"))); /* no agent is there */
	json_decref(s);
	expect(r, 409, "POST", at(p, id, "/retry"), NULL);
	expect(r, 409, "POST", at(p, id, "/quarantine/clear"), NULL);

	expect(r, 200, "PATCH", at(p, id, ""), "{\"enabled\":false}");
	expect(r, 409, "POST", at(p, id, "/session/restart"), NULL);
	expect(r, 200, "PATCH", at(p, id, ""), "{\"enabled\":true}");
	expect(r, 200, "POST", at(p, id, "/session/restart"), NULL);
	json_t *h = rig_expect(r, 200, "GET", at(p, id, "/history?limit=1"), NULL);
	CHECK(json_array_size(json_object_get(h, "items")) == 1 && *json_str(h, "nextCursor"));
	snprintf(p, sizeof(p), "/v1/accounts/%s/history?limit=1&cursor=%s", id, json_str(h, "nextCursor"));
	json_t *older = rig_expect(r, 200, "GET", p, NULL);
	CHECK(strcmp(json_str(json_array_get(json_object_get(older, "items"), 0), "id"),
		      json_str(json_array_get(json_object_get(h, "items"), 0), "id")) < 0);
	json_decref(older);
	json_decref(h);
}

static void egresses(const struct rig *r, const char *id)
{
	char p[192], body[128];

	expect(r, 422, "POST", "/v1/egresses", "{\"name\":\"a\",\"kind\":\"socks5\"}");
	expect(r, 422, "POST", "/v1/egresses", "{\"name\":\"a\",\"kind\":\"socks5\",\"address\":\"host\"}");
	expect(r, 422, "POST", "/v1/egresses", "{\"name\":\"a\",\"kind\":\"bind_address\",\"address\":\"host:1\"}");
	expect(r, 422, "POST", "/v1/egresses", "{\"name\":\"a\",\"kind\":\"direct\",\"address\":\"1.2.3.4\"}");
	json_t *e = rig_expect(r, 201, "POST", "/v1/egresses",
		"{\"name\":\"small\",\"kind\":\"socks5\",\"address\":\"127.0.0.1:1080\",\"softCap\":1,\"hardCap\":"
		"1}");
	snprintf(p, sizeof(p), "/v1/egresses/%s/secret", json_str(e, "id"));
	expect(r, 422, "PUT", p, "{\"value\":\"" PLANTED "\"}"); /* not USER:PASSWORD */
	expect(r, 204, "PUT", p, "{\"value\":\"user:" PLANTED "\"}");
	snprintf(body, sizeof(body), "{\"egressId\":\"%s\"}", json_str(e, "id"));
	expect(r, 200, "PATCH", at(p, id, ""), body);
	expect(r, 200, "PATCH", at(p, id, ""), body); /* its own place is not a second one */
	snprintf(body, sizeof(body), "{\"login\":\"crowd\",\"egressId\":\"%s\"}", json_str(e, "id"));
	expect(r, 422, "POST", "/v1/accounts", body); /* full */
	snprintf(p, sizeof(p), "/v1/egresses/%s", json_str(e, "id"));
	expect(r, 409, "DELETE", p, NULL);
	json_t *now = rig_expect(r, 200, "GET", p, NULL);
	CHECK(json_int(now, "accounts") == 1 && json_is_true(json_object_get(now, "secretSet")));
	json_decref(now);
	json_decref(e);
}

static void bulk(const struct rig *r)
{
	json_t *a = rig_expect(r, 200, "POST", "/v1/accounts/bulk",
		"{\"accounts\":[{\"login\":\"bulk1\"},{\"login\":\"bulk1\"},{\"login\":\"bulk2\",\"roles\":["
		"\"king\"]},{\"login\":"
		"\"bulk3\",\"roles\":[\"trade\"]}]}");
	CHECK(json_int(a, "made") == 2 && json_int(a, "refused") == 2);
	CHECK_STR(json_str(json_array_get(json_object_get(a, "results"), 1), "code"), "conflict");
	CHECK_STR(json_str(json_array_get(json_object_get(a, "results"), 2), "code"), "not_one_of");
	json_decref(a);
}

static void imports(const struct rig *r)
{
	static const char first[] = "{\"format\":\"csv\",\"content\":\"login,password,steamId\\nimp1," PLANTED
				    ",\\nimp2,other,x\\nimp3,third,76561197960265729\\n\"}";
	static const char second[] =
		"{\"format\":\"maFile\",\"content\":\"{\\\"account_name\\\":\\\"imp1\\\","
		"\\\"shared_secret\\\":\\\"" SHARED "\\\"}\\n{\\\"account_name\\\":\\\"imp4\\\","
		"\\\"shared_secret\\\":\\\"" PLANTED "\\\"}\"}";
	char headers[200], text[8192];

	json_t *a = rig_expect(r, 200, "POST", "/v1/accounts/import", first);
	CHECK(json_int(a, "created") == 2 && json_int(a, "refused") == 1);
	json_decref(a);
	a = rig_expect(r, 200, "POST", "/v1/accounts/import", first); /* once more changes nothing */
	CHECK(json_int(a, "created") == 0 && json_int(a, "unchanged") == 2 && json_int(a, "updated") == 0);
	json_decref(a);
	a = rig_expect(r, 200, "POST", "/v1/accounts/import", second);
	char *dump = json_dumps(a, 0);
	snprintf(text, sizeof(text), "%s", dump);
	free(dump);
	CHECK(json_int(a, "updated") == 1 && json_int(a, "refused") == 1 && !strstr(text, PLANTED));
	json_decref(a);
	a = rig_expect(
		r, 200, "GET", "/v1/accounts?login=imp4", NULL); /* refused whole: no account without its secret */
	CHECK(json_array_size(json_object_get(a, "items")) == 0);
	json_decref(a);

	/* Who may make accounts and not set secrets, may import those that have none. */
	json_t *key =
		rig_expect(r, 201, "POST", "/v1/api-keys", "{\"name\":\"maker\",\"scopes\":[\"accounts:write\"]}");
	snprintf(headers, sizeof(headers), "Authorization: Bearer %s", json_str(key, "secret"));
	struct rig_answer no = rig_call(r, "POST", "/v1/accounts/import", headers, first);
	CHECK(no.status == 403);
	rig_answer_done(&no);
	no = rig_call(
		r, "POST", "/v1/accounts/import", headers, "{\"format\":\"csv\",\"content\":\"login\\nplain\\n\"}");
	CHECK(no.status == 200);
	rig_answer_done(&no);
	json_decref(key);
}

/* Everything that was written down, searched for the planted values. */
static void nothing_leaked(const struct rig *r)
{
	char command[256];

	snprintf(
		command, sizeof(command), "! grep -raqF -e '%s' -e '%s' %s %s", PLANTED, SHARED, r->dir, r->pg.dir);
	CHECK(system(command) == 0);
	snprintf(command, sizeof(command), "grep -raqF fleet-login %s %s", r->dir,
		r->pg.dir); /* the search does find things */
	CHECK(system(command) == 0);
}

int main(void)
{
	const char *const alone[] = { "--no-agent", NULL };
	char id[64], p[192], key[160], command[1024];
	struct rig r;

	rig_init(&r);
	rig_serve(&r, alone);
	json_t *a = rig_expect(&r, 201, "POST", "/v1/accounts", "{\"login\":\"fleet-login\"}");
	snprintf(id, sizeof(id), "%s", json_str(a, "id"));
	CHECK(json_is_false(json_object_get(a, "anonymous")));
	json_decref(a);
	secrets(&r, id);
	codes(&r, id);
	wishes(&r, id);
	egresses(&r, id);
	bulk(&r);
	imports(&r);
	json_decref(rig_expect(&r, 200, "GET", "/v1/challenges?state=open", NULL));
	expect(&r, 404, "POST", "/v1/challenges/chg_none/answer", "{\"code\":\"ABCDE\"}");

	/* A restart keeps it all; another master key, or one that others may read, is refused. */
	rig_stop(&r.server, SIGTERM);
	nothing_leaked(&r);
	rig_serve(&r, alone);
	json_t *s = rig_expect(&r, 200, "GET", at(p, id, "/session"), NULL);
	CHECK_STR(json_str(s, "desired.mode"), "playing");
	json_decref(s);
	expect(&r, 429, "POST", at(p, id, "/authenticator/codes"), NULL); /* the window outlives it, too */
	rig_stop(&r.server, SIGTERM);
	snprintf(key, sizeof(key), "%s/other.key", r.dir);
	snprintf(command, sizeof(command), "head -c 32 /dev/urandom >%s && chmod 644 %s", key, key);
	CHECK(system(command) == 0);
	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			"%s serve --data %s/data --port 0 --no-agent --set data.master_key=%s 2>&1 | grep -q '%s'",
			getenv("FOOTPLATE"), r.dir, key,
			i ? "belongs to another master key" : "others may read it");
		CHECK(system(command) == 0);
		CHECK(chmod(key, 0600) == 0);
	}
	rig_serve(&r, alone);
	expect(&r, 204, "DELETE", at(p, id, ""), NULL);
	expect(&r, 404, "GET", at(p, id, "/history"), NULL);
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
