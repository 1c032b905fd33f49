#include "cli/login.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/secret.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

static const struct verb_option login_options[] = { SECRET_OPTIONS,
	{ .row = { .name = "code-fd",
		  .type = FIELD_U32,
		  .max = 1 << 20,
		  .doc = "Open file descriptor to read the code of the second factor from. Default: a prompt." },
		.value = "N" },
	{ 0 } };

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option list_all_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION,
	{ .row = { .name = "user", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Of this person alone (usr_…)." },
		.value = "USER",
		.member = "userId",
		.place = VERB_QUERY },
	{ 0 } };

/* Sends it, as nobody; the body is wiped. */
static enum cli_exit post(struct cmd *c, const char *path, json_t *body, struct api_answer *ret)
{
	struct buf text = { 0 };
	enum cli_exit code = body && json_put(&text, body, true) == RC_OK ? CLI_OK : CLI_FAILED;

	json_wipe(body);
	if (code == CLI_OK)
		code = api_ask(
			c, &(struct api_request){ .method = "POST", .path = path, .body = buf_text(&text) }, ret);
	hush_wipe(text.p, text.n);
	buf_done(&text);
	return code;
}

static void answer_done(struct api_answer *a)
{
	json_wipe(a->json);
	hush_wipe(a->body.p, a->body.n);
	api_answer_done(a);
}

/* The code, typed or from a descriptor, with what the log-on answered. */
static enum cli_exit second_factor(struct cmd *c, struct api_answer *a)
{
	struct buf code_text = { 0 };
	enum cli_exit code = secret_ask(c, "code-fd", "Code", &code_text);

	if (code == CLI_OK) {
		auto_json json_t *body =
			json_pack("{s:o, s:s#}", "challenge", json_deep_copy(json_object_get(a->json, "challenge")),
				"code", (const char *)code_text.p, (int)code_text.n);
		answer_done(a);
		code = post(c, "/v1/auth/login/second-factor", body, a);
	}
	hush_wipe(code_text.p, code_text.room);
	buf_done(&code_text);
	return code;
}

static enum cli_exit login(struct cmd *c)
{
	struct buf password = { 0 };
	struct api_answer a = { 0 };

	if (c->key.n)
		hush_done(&c->key); /* whoever it was: a log-on begins as nobody */
	enum cli_exit code = secret_read(c, &password);
	if (code == CLI_OK) {
		auto_json json_t *body = json_pack("{s:s, s:s#, s:s}", "login", c->arg[0], "password",
			(const char *)password.p, (int)password.n, "kind", "token");
		code = body ? post(c, "/v1/auth/login", body, &a) : cmd_usage(c, "the password is not UTF-8");
	}
	hush_wipe(password.p, password.room);
	buf_done(&password);
	const char *status = code == CLI_OK ? json_string_value(json_object_get(a.json, "status")) : NULL;
	if (status && !strcmp(status, "second_factor_required"))
		code = second_factor(c, &a);
	if (code == CLI_OK)
		code = login_keep(c, a.json);
	if (code == CLI_OK && !c->quiet)
		fprintf(c->out, "logged in as %s at %s\n", c->arg[0], c->server);
	answer_done(&a);
	return code;
}

/* The tokens are forgotten here in any case; that the server could not be told is said. */
static enum cli_exit logout(struct cmd *c)
{
	struct api_answer a = { 0 };
	const struct api_request r = { .method = "POST", .path = "/v1/auth/logout" };

	if (!login_is(c))
		return cmd_usage(c, "nobody is logged in");
	enum cli_exit code = login_use(c);
	if (code == CLI_OK && c->key.n)
		code = api_call(c, &r, &a);
	if (code == CLI_OK && c->key.n && a.status != 204 && a.status != 401)
		code = api_refused(c, &r, &a);
	api_answer_done(&a);
	if (code != CLI_OK)
		cmd_say(c, "the tokens are forgotten here; the session may go on at the server until it ends by "
			   "itself");
	enum cli_exit forgot = login_forget(c);
	return code == CLI_DENIED || code == CLI_OK ? forgot : code;
}

#define SESSION_COLUMNS "id,login,kind,method,address,seenAt,expiresAt,revokedAt"
#define SESSION_ARG                                 \
	{                                           \
		.name = "SESSION", .doc = "Its id." \
	}

const struct verb auth_verbs[] = {
	{
		.name = "login",
		.doc = "Logs you in with a password, and a code if one is asked for; the commands that follow need "
		       "no key. Also: "
		       "footplate login.",
		.args = { { .name = "LOGIN", .doc = "Who you are." } },
		.options = login_options,
		.method = "POST",
		.path = "/v1/auth/login",
		.secret = "password",
		.prompt = "Password",
		.flags = VERB_ANYBODY,
		.run = login,
		.example = "footplate login ann --server https://fleet.example",
	},
	{
		.name = "logout",
		.doc = "Ends the session and forgets its tokens. Also: footplate logout.",
		.method = "POST",
		.path = "/v1/auth/logout",
		.flags = VERB_ANYBODY,
		.run = logout,
	},
	{
		.name = "whoami",
		.doc = "Shows who the server takes you for, and what you may do. Also: footplate whoami.",
		.method = "GET",
		.path = "/v1/auth/me",
	},
	{
		.name = "methods",
		.doc = "Lists the ways to log in.",
		.method = "GET",
		.path = "/v1/auth/methods",
		.flags = VERB_ANYBODY,
	},
	{
		.name = "sessions",
		.doc = "Lists where you are logged in, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/auth/sessions",
		.columns = SESSION_COLUMNS ",current",
		.flags = VERB_LIST,
	},
	{
		.name = "revoke",
		.doc = "Ends a session of yours.",
		.args = { SESSION_ARG },
		.method = "POST",
		.path = "/v1/auth/sessions/{}/revoke",
	},
	{
		.name = "revoke-others",
		.doc = "Ends all sessions of yours but this one.",
		.method = "POST",
		.path = "/v1/auth/sessions/revoke-others",
	},
	{ 0 },
};

const struct verb auth_session_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the log-ons of the tenant's people, newest first.",
		.options = list_all_options,
		.method = "GET",
		.path = "/v1/auth-sessions",
		.columns = SESSION_COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "revoke",
		.doc = "Ends a session.",
		.args = { SESSION_ARG },
		.method = "POST",
		.path = "/v1/auth-sessions/{}/revoke",
	},
	{
		.name = "revoke-user",
		.doc = "Ends all sessions of a person.",
		.args = { { .name = "USER", .doc = "Their id (usr_…)." } },
		.method = "POST",
		.path = "/v1/users/{}/revoke-sessions",
	},
	{
		.name = "rotate-key",
		.doc = "Signs access tokens with a new key from now on.",
		.method = "POST",
		.path = "/v1/auth/jwks/rotate",
	},
	{ 0 },
};
