#include "cli/login.h"
#include "base/when.h"
#include "cli/api.h"
#include "cli/profile.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define EARLY_MS 30000 /* before it ends, an access token is replaced */

static const char *const kept[] = { "sessionId", "userId", "accessToken", "accessExpiresAt", "refreshToken", NULL };

static const char *path_of(struct cmd *c, const char *suffix)
{
	const char *profile = cmd_text(c, "profile");
	return profile_path(profile ? profile : "default", suffix, &c->arena);
}

static const char *text_of(const json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

/* RC_MISSING: nobody is logged in. */
static enum rc read_file(struct cmd *c, json_t **ret, struct fault *f)
{
	const char *path = path_of(c, "session");
	struct buf b = { 0 };

	enum rc rc = path ? file_read_secret(path, LOGIN_FILE_MAX, &b, f) : RC_MISSING;
	if (rc == RC_OK)
		rc = json_read((const char *)b.p, b.n, ret, f);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	return rc;
}

static enum cli_exit write_file(struct cmd *c, const json_t *j)
{
	const char *path = path_of(c, "session");
	struct fault f = { 0 };
	struct buf b = { 0 };
	char *end = path ? strrchr(path, '/') : NULL;
	const char *dir = end ? arena_strn(&c->arena, path, (size_t)(end - path)) : NULL;

	enum rc rc = dir ? json_put(&b, j, true) : RC_NOMEM;
	if (rc == RC_OK)
		rc = file_mkdirs(dir, 0700, &f);
	if (rc == RC_OK)
		rc = file_write(path, b.p, b.n, 0600, &f);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	if (rc == RC_OK)
		return CLI_OK;
	cmd_say(c, "the log-on cannot be kept: %s", *f.text ? f.text : rc_title(rc));
	return CLI_FAILED;
}

static enum cli_exit keep(struct cmd *c, json_t *j, const json_t *answer)
{
	bool ok = json_object_set_new(j, "server", json_string(c->server)) == 0;

	for (size_t i = 0; ok && kept[i]; i++)
		ok = json_object_set_new(j, kept[i], json_deep_copy(json_object_get(answer, kept[i]))) == 0;
	if (!ok || !text_of(j, "accessToken") || !text_of(j, "refreshToken")) {
		cmd_say(c, "the server's answer has no tokens");
		return CLI_FAILED;
	}
	return write_file(c, j);
}

enum cli_exit login_keep(struct cmd *c, const struct json_t *answer)
{
	auto_json json_t *j = json_object();
	enum cli_exit code = j ? keep(c, j, answer) : CLI_FAILED;

	json_wipe(j);
	return code;
}

static bool is_fresh(const json_t *j)
{
	const char *until = text_of(j, "accessExpiresAt");
	int64_t ms = 0;

	return until && when_parse(until, &ms) && ms > clock_wall_ms() + EARLY_MS;
}

static bool is_ours(const struct cmd *c, const json_t *j)
{
	const char *server = text_of(j, "server");
	return server && !strcmp(server, c->server) && text_of(j, "accessToken") && text_of(j, "refreshToken");
}

/* The next tokens, from the server. It was read under the lock: nobody else uses this refresh token now. */
static enum cli_exit refresh(struct cmd *c, json_t *j)
{
	auto_json json_t *body = json_pack("{s:O}", "refreshToken", json_object_get(j, "refreshToken"));
	struct buf text = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = body && json_put(&text, body, true) == RC_OK ? CLI_OK : CLI_FAILED;
	const struct api_request r = { .method = "POST", .path = "/v1/auth/refresh", .body = buf_text(&text) };

	if (code == CLI_OK)
		code = api_call(c, &r, &a);
	if (code == CLI_OK && a.status == 401) {
		cmd_say(c, "the log-on is over: footplate login");
		code = CLI_DENIED;
	} else if (code == CLI_OK && a.status != 200) {
		code = api_refused(c, &r, &a);
	} else if (code == CLI_OK) {
		code = keep(c, j, a.json);
	}
	json_wipe(a.json);
	hush_wipe(a.body.p, a.body.n);
	api_answer_done(&a);
	hush_wipe(text.p, text.n);
	buf_done(&text);
	return code;
}

/* One at a time: who waited for the lock finds what the other one got. */
static enum cli_exit renew(struct cmd *c, json_t **j)
{
	const char *lock = path_of(c, "session.lock");
	struct fault f = { 0 };
	json_t *now = NULL;
	int fd = -1;

	enum rc rc = lock ? file_lock(lock, &fd, &f) : RC_NOMEM;
	if (rc == RC_OK)
		rc = read_file(c, &now, &f);
	enum cli_exit code = CLI_OK;
	if (rc != RC_OK) {
		cmd_say(c, "the log-on cannot be renewed: %s", *f.text ? f.text : rc_title(rc));
		code = CLI_FAILED;
	} else if (is_ours(c, now)) {
		json_wipe(*j);
		json_decref(*j);
		*j = take(now);
		code = is_fresh(*j) ? CLI_OK : refresh(c, *j);
	}
	json_decref(now);
	if (fd >= 0)
		close(fd);
	return code;
}

enum cli_exit login_use(struct cmd *c)
{
	auto_json json_t *j = NULL;
	struct fault f = { 0 };

	if (c->key.n)
		return CLI_OK;
	enum rc rc = read_file(c, &j, &f);
	if (rc == RC_MISSING)
		return CLI_OK;
	if (rc != RC_OK) {
		cmd_say(c, "the log-on cannot be read: %s", f.text);
		return rc == RC_DENIED ? CLI_DENIED : CLI_FAILED;
	}
	enum cli_exit code = CLI_OK;
	if (!cmd_text(c, "server") && !getenv("FOOTPLATE_SERVER") && text_of(j, "server"))
		c->server = arena_str(&c->arena, text_of(j, "server"));
	if (!c->server)
		return CLI_FAILED;
	if (is_ours(c, j)) {
		code = is_fresh(j) ? CLI_OK : renew(c, &j);
		const char *token = text_of(j, "accessToken");
		if (code == CLI_OK && hush_set(&c->key, token, strlen(token)) != RC_OK)
			code = CLI_FAILED;
	}
	json_wipe(j);
	return code;
}

bool login_is(struct cmd *c)
{
	auto_json json_t *j = NULL;
	bool is = read_file(c, &j, NULL) == RC_OK;

	json_wipe(j);
	return is;
}

enum cli_exit login_forget(struct cmd *c)
{
	const char *path = path_of(c, "session");
	struct fault f = { 0 };
	enum rc rc = path ? file_remove(path, &f) : RC_NOMEM;

	if (rc == RC_OK || rc == RC_MISSING)
		return CLI_OK;
	cmd_say(c, "the log-on cannot be forgotten: %s", f.text);
	return CLI_FAILED;
}
