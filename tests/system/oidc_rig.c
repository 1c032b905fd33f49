#include "tests/system/oidc_rig.h"

#include <stdio.h>

/* Two tests need it: one of them installs. */
static void install(void)
{
	CHECK(system("cd tests/oidc && flock package.json sh -c '[ node_modules/.package-lock.json -nt "
		     "package-lock.json ] || "
		     "npm ci --no-audit --no-fund --ignore-scripts >/dev/null 2>&1'") == 0);
}

void oidc_rig_start(struct oidc_rig *o, struct rig *r, const char *script)
{
	char ready[128], name[64], path[128];

	install();
	*o = (struct oidc_rig){ .rig = r };
	snprintf(name, sizeof(name), "%s.issuer", script);
	snprintf(ready, sizeof(ready), "%s/%s", r->dir, name);
	snprintf(path, sizeof(path), "tests/oidc/%s", script);
	o->pid = rig_spawn(r, script, (const char *const[]){ "/usr/bin/env", "node", path, ready, r->url, NULL });
	char *text = rig_await_file(r, name, o->pid);
	snprintf(o->issuer, sizeof(o->issuer), "%s", text);
	free(text);
}

json_t *oidc_rig_ask(const struct oidc_rig *o, const char *path, const char *body)
{
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	char url[2048];

	CHECK(snprintf(url, sizeof(url), "%s%s", o->issuer, path) < (int)sizeof(url));
	const struct http_ask ask = { .method = body ? "POST" : "GET",
		.url = url,
		.body = body,
		.body_n = body ? strlen(body) : 0,
		.deadline_ms = 30000 };
	if (http_call(&ask, &answer, &f) != RC_OK || answer.status != 200) {
		fprintf(stderr, "%s: %d %s\n", url, answer.status, f.text);
		exit(1);
	}
	json_t *j = json_loadb((const char *)answer.body.p, answer.body.n, 0, NULL);
	http_answer_done(&answer);
	CHECK(j);
	return j;
}

void oidc_rig_wrong(
	const struct rig *r, int status, const char *method, const char *path, const char *body, const char *words)
{
	struct rig_answer a = rig_call(r, method, path, "If-Match: *", body);

	if (a.status != status || (words && !strstr(a.text, words))) {
		fprintf(stderr, "%s %s %s: %d %s\n", method, path, body ? body : "", a.status, a.text);
		exit(1);
	}
	rig_answer_done(&a);
}

json_t *oidc_rig_patch(const struct rig *r, const char *path, const char *body)
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

static void set_secret(const struct rig *r, const char *id, const char *name, const char *value)
{
	char path[160];
	json_t *j = json_pack("{s:s}", "value", value);
	char *body = json_dumps(j, 0);

	snprintf(path, sizeof(path), "/v1/identity-providers/%s/secrets/%s", id, name);
	oidc_rig_wrong(r, 204, "PUT", path, body, NULL);
	free(body);
	json_decref(j);
}

const char *oidc_rig_provider(
	const struct oidc_rig *o, const char *name, const char *secret, const char *oidc, const char *people)
{
	static char id[64];
	char body[2048];

	CHECK(snprintf(body, sizeof(body),
		      "{\"kind\":\"oidc\",\"name\":\"%s\",\"baseUrl\":\"%s\",\"oidc\":{\"issuer\":\"%s\","
		      "\"clientId\":\"ctl-"
		      "%s\"%s},\"people\":{%s}}",
		      name, o->rig->url, o->issuer, name, oidc, people) < (int)sizeof(body));
	json_t *made = rig_expect(o->rig, 201, "POST", "/v1/identity-providers", body);
	snprintf(id, sizeof(id), "%s", json_str(made, "id"));
	json_decref(made);
	set_secret(o->rig, id, strstr(secret, "PRIVATE KEY") ? "private_key" : "client_secret", secret);
	return id;
}

/* Fills in the form that the provider shows: who they are, or that they agree. */
static void fill_in(struct browser *b, const char *user)
{
	const char *action = strstr(b->text, "action=\""), *prompt = strstr(b->text, "name=\"prompt\" value=\"");
	char to[512], form[256];

	if (!action || !prompt) {
		fprintf(stderr, "%s: %d %s\n", b->url, b->status, b->text);
		exit(1);
	}
	snprintf(to, sizeof(to), "%.*s", (int)strcspn(action + 8, "\""), action + 8);
	prompt += strlen("name=\"prompt\" value=\"");
	snprintf(form, sizeof(form), "prompt=%.*s&login=%s&password=x", (int)strcspn(prompt, "\""), prompt, user);
	browser_go(b, to, form);
}

void oidc_rig_go(const struct oidc_rig *o, struct browser *b, const char *name, const char *user, const char *go_to)
{
	char url[1024], back[256];

	snprintf(url, sizeof(url), "%s/v1/auth/oidc/%s/start%s%s", o->rig->url, name, go_to ? "?returnTo=" : "",
		go_to ? go_to : "");
	snprintf(back, sizeof(back), "%s/v1/auth/oidc/", o->rig->url);
	browser_go(b, url, NULL);
	for (int i = 0; i < 6; i++) {
		browser_follow(b, back);
		if (*b->location || b->status != 200)
			return;
		fill_in(b, user);
	}
}

bool oidc_rig_log_on(
	const struct oidc_rig *o, struct browser *b, const char *name, const char *user, const char *go_to)
{
	char back[BROWSER_URL];

	oidc_rig_go(o, b, name, user, go_to);
	if (!*b->location)
		return false;
	memcpy(back, b->location, sizeof(back));
	browser_go(b, back, NULL);
	return b->status == 303;
}

int oidc_rig_me(const struct oidc_rig *o, struct browser *b)
{
	char url[256];

	snprintf(url, sizeof(url), "%s/v1/auth/me", o->rig->url);
	browser_go(b, url, NULL);
	return b->status;
}
