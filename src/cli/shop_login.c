#include "cli/shop_login.h"
#include "cli/output.h"
#include "cli/request.h"
#include "cli/secret.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define LOOK_MS 500

static const char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));
	return s ? s : "";
}

static enum cli_exit get(struct cmd *c, const char *what, const char *id, json_t **ret)
{
	struct api_answer a = { 0 };
	struct buf path = { 0 };

	buf_str(&path, what);
	request_escape(&path, id);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	if (code == CLI_OK)
		*ret = take(a.json);
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

/* The open one at the store that was named, or the only one there is. *ret lives as long as the list. */
static enum cli_exit choose(struct cmd *c, const json_t *list, const json_t **ret)
{
	const char *store = cmd_text(c, "store");
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach(
		json_object_get(list, "items"), i, one) if (!strcmp(text_of(one, "kind"), "shop_login") &&
							    (!store || !strcmp(text_of(one, "store"), store)))
	{
		*ret = one;
		n++;
	}
	if (n == 1)
		return CLI_OK;
	if (n)
		return cmd_usage(c, "the agent wants to be logged in at more than one store: say --store");
	cmd_say(c,
		"the agent does not want to be logged in%s%s: it is already, or it is not connected, or it has no "
		"client "
		"(agent.epic_client_id, agent.gog_client_id)",
		store ? " at " : "", store ? store : "");
	return CLI_MISSING;
}

static enum cli_exit answer(struct cmd *c, const char *id)
{
	struct buf code = { 0 }, body = { .wipes = true }, path = { 0 };
	struct api_answer a = { 0 };

	enum cli_exit rc = secret_read(c, &code);
	if (rc == CLI_OK) {
		buf_str(&body, "{\"code\":");
		json_put_strn(&body, (const char *)code.p, code.n);
		buf_u8(&body, '}');
		buf_str(&path, "/v1/challenges/");
		request_escape(&path, id);
		buf_str(&path, "/answer");
		rc = body.bad || path.bad
			     ? CLI_FAILED
			     : api_ask(c,
				       &(struct api_request){
					       .method = "POST", .path = buf_text(&path), .body = buf_text(&body) },
				       &a);
	}
	hush_wipe(code.p, code.room);
	buf_done(&code);
	buf_done(&body);
	buf_done(&path);
	api_answer_done(&a);
	return rc;
}

static enum cli_exit say_end(struct cmd *c, const json_t *challenge)
{
	const char *state = text_of(challenge, "state"), *hint = text_of(challenge, "hint");

	output_object(c, challenge);
	if (!strcmp(state, "accepted") || !strcmp(state, "moot"))
		return CLI_OK;
	cmd_say(c, "not logged in: %s", *hint ? hint : state);
	return CLI_FAILED;
}

static enum cli_exit await(struct cmd *c, const char *id)
{
	for (unsigned ms = 0; ms < SHOP_LOGIN_WAIT_S * 1000; ms += LOOK_MS) {
		json_t *now = NULL;
		enum cli_exit rc = get(c, "/v1/challenges/", id, &now);
		bool over = rc == CLI_OK && strcmp(text_of(now, "state"), "answered") != 0;
		if (over)
			rc = say_end(c, now);
		json_decref(now);
		if (over || rc != CLI_OK)
			return rc;
		clock_sleep_ms(LOOK_MS);
	}
	cmd_say(c, "the agent has not taken the code yet: look at footplate challenge get %s", id);
	return CLI_WAIT_EXPIRED;
}

enum cli_exit shop_login_run(struct cmd *c)
{
	json_t *list = NULL;
	const json_t *one = NULL;
	const char *id = NULL;

	enum cli_exit rc = get(c, "/v1/challenges?state=open&limit=100&agent=", c->arg[0], &list);
	if (rc == CLI_OK)
		rc = choose(c, list, &one);
	if (rc == CLI_OK) {
		id = arena_str(&c->arena, text_of(one, "id"));
		cmd_say(c, "open this page, log in there, and bring the code that it ends with (or all of the "
			   "page's address, or text):");
		fprintf(c->err, "\n    %s\n\n", text_of(one, "url"));
		rc = id ? answer(c, id) : CLI_FAILED;
	}
	json_decref(list);
	return rc == CLI_OK ? await(c, id) : rc;
}
