#include "cli/resolve.h"
#include "base/id.h"
#include "cli/api.h"
#include "cli/request.h"

#include <jansson.h>
#include <string.h>

#define PAGES_MAX 20 /* of regions or egresses: 10,000 */

/* The id of the item whose `member` is `name`. */
static const char *find(const json_t *items, const char *member, const char *name)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		const char *s = json_string_value(json_object_get(item, member));
		if (s && !strcmp(s, name))
			return json_string_value(json_object_get(item, "id"));
	}
	return NULL;
}

static enum cli_exit none(struct cmd *c, const char *what, const char *name)
{
	cmd_say(c, "not_found: there is no %s called %.100s", what, name);
	return CLI_MISSING;
}

static enum cli_exit account(struct cmd *c, const char *login, const char **ret_id)
{
	struct buf path = { 0 };
	struct api_answer a = { 0 };

	buf_str(&path, "/v1/accounts");
	request_query(&path, "login", login);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	buf_done(&path);
	if (code != CLI_OK)
		return code;
	const char *id = arena_str(&c->arena, find(json_object_get(a.json, "items"), "login", login));
	api_answer_done(&a);
	if (!id)
		return none(c, "account", login);
	*ret_id = id;
	return CLI_OK;
}

/* Things that have a name and cannot be asked for by it: the list is read until it comes. */
static enum cli_exit named(struct cmd *c, const char *what, const char *list, const char *name, const char **ret_id)
{
	struct buf path = { 0 };
	const char *id = NULL;
	bool more = true;
	enum cli_exit code = CLI_OK;

	buf_fmt(&path, "%s?limit=500", list);
	for (int page = 0; code == CLI_OK && more && !id && page < PAGES_MAX; page++) {
		struct api_answer a = { 0 };
		code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
		if (code == CLI_OK)
			id = arena_str(&c->arena, find(json_object_get(a.json, "items"), "name", name));
		const char *next = json_string_value(json_object_get(a.json, "nextCursor"));
		path.n = 0;
		buf_fmt(&path, "%s?limit=500", list);
		more = next != NULL;
		if (more)
			request_query(&path, "cursor", next);
		api_answer_done(&a);
	}
	buf_done(&path);
	if (code == CLI_OK && !id)
		return none(c, what, name);
	if (code == CLI_OK)
		*ret_id = id;
	return code;
}

/* What has the form of an id is one. */
static enum cli_exit one(struct cmd *c, enum verb_names names, const char *text, const char **ret_id)
{
	*ret_id = text;
	if (names == VERB_ACCOUNT)
		return id_is(text, "acc") ? CLI_OK : account(c, text, ret_id);
	if (names == VERB_REGION)
		return id_is(text, "rgn") ? CLI_OK : named(c, "region", "/v1/regions", text, ret_id);
	if (names == VERB_EGRESS)
		return id_is(text, "egr") ? CLI_OK : named(c, "egress", "/v1/egresses", text, ret_id);
	return CLI_OK;
}

static enum cli_exit option(struct cmd *c, const struct verb_option *o)
{
	json_t *v = json_object_get(c->given, o->row.name);
	const char *id = NULL;

	if (json_is_string(v)) {
		enum cli_exit code = one(c, o->names, json_string_value(v), &id);
		return code == CLI_OK && json_object_set_new(c->given, o->row.name, json_string(id)) != 0
			       ? CLI_FAILED
			       : code;
	}
	for (size_t i = 0; i < json_array_size(v); i++) {
		enum cli_exit code = one(c, o->names, json_string_value(json_array_get(v, i)), &id);
		if (code != CLI_OK)
			return code;
		if (json_array_set_new(v, i, json_string(id)) != 0)
			return CLI_FAILED;
	}
	return CLI_OK;
}

enum cli_exit resolve_all(struct cmd *c)
{
	enum cli_exit code = CLI_OK;

	for (int i = 0; code == CLI_OK && i < VERB_ARGS_MAX; i++)
		if (c->arg[i])
			code = one(c, c->verb->args[i].names, c->arg[i], &c->arg[i]);
	for (const struct verb_option *o = c->verb->options; code == CLI_OK && o && o->row.name; o++)
		if (o->names != VERB_AS_IT_IS)
			code = option(c, o);
	return code;
}
