#include "cli/run.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

enum cli_exit run_prepare(struct cmd *c, struct request *ret)
{
	struct fault f = { 0 };
	enum cli_exit code = resolve_all(c);

	if (code != CLI_OK)
		return code;
	enum rc rc = request_make(c, ret, &f);
	if (rc == RC_OK)
		return CLI_OK;
	return cmd_usage(c, "%s", *f.text ? f.text : rc_title(rc));
}

enum cli_exit run_read(struct cmd *c, struct request *r, json_t **ret_now)
{
	struct api_answer now = { 0 };
	const struct api_request get = { .method = "GET", .path = (const char *)r->path.p };

	if (r->if_match && *r->if_match != '"' && *r->if_match != '*')
		r->if_match = arena_fmt(&c->arena, "\"%s\"", r->if_match);
	if (r->if_match && !ret_now)
		return CLI_OK;
	enum cli_exit code = api_ask(c, &get, &now);
	if (code != CLI_OK)
		return code;
	if (!r->if_match)
		r->if_match = arena_str(&c->arena, now.etag);
	if (ret_now)
		*ret_now = take(now.json);
	api_answer_done(&now);
	return CLI_OK;
}

static enum cli_exit print(struct cmd *c, struct api_answer *a)
{
	if (c->verb->flags & VERB_RAW)
		cmd_write(c, &a->body);
	else if (json_is_array(json_object_get(a->json, "items")))
		output_list(c, json_object_get(a->json, "items"));
	else if (a->json)
		output_object(c, a->json);
	return CLI_OK;
}

/* Where a list goes on, and how much of it is wanted. */
struct pages {
	struct cmd *c;
	const struct request *r;
	json_t *items;
	const char *next; /* in the arena; NULL: at the end */
	size_t wanted;
};

static enum cli_exit read_page(struct pages *p)
{
	struct cmd *c = p->c;
	size_t left = p->wanted - json_array_size(p->items);
	struct buf path = { 0 };
	struct api_answer a = { 0 };
	char limit[24];

	snprintf(limit, sizeof(limit), "%zu", left < RUN_PAGE ? left : (size_t)RUN_PAGE);
	buf_put(&path, p->r->path.p, p->r->path.n);
	request_query(&path, "limit", limit);
	if (p->next)
		request_query(&path, c->verb->page ? c->verb->page : "cursor", p->next);
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	buf_done(&path);
	if (code != CLI_OK)
		return code;
	const json_t *items = json_object_get(a.json, "items");
	const char *next = json_string_value(json_object_get(a.json, "nextCursor"));
	bool bad = !json_is_array(items) || json_array_extend(p->items, (json_t *)items) != 0;
	p->next = next && json_array_size(items) > 0 ? arena_str(&c->arena, next) : NULL;
	api_answer_done(&a);
	if (!bad)
		return CLI_OK;
	cmd_say(c, "the server's answer is no list");
	return CLI_FAILED;
}

static enum cli_exit list(struct cmd *c, const struct request *r)
{
	int64_t limit = cmd_has(c, "limit") ? cmd_number(c, "limit") : RUN_LIMIT_DEFAULT;
	auto_json json_t *items = json_array();
	struct pages p = { .c = c,
		.r = r,
		.items = items,
		.next = cmd_text(c, c->verb->page ? c->verb->page : "cursor"),
		.wanted = cmd_has(c, "all") ? RUN_ITEMS_MAX : (size_t)limit };
	enum cli_exit code = CLI_OK;

	do
		code = read_page(&p);
	while (code == CLI_OK && p.next && json_array_size(items) < p.wanted);
	if (code != CLI_OK)
		return code;
	output_list(c, items);
	if (p.next && !c->quiet && c->format == CMD_TABLE)
		cmd_say(c, "there may be more: --all, or --%s %s", c->verb->page ? c->verb->page : "cursor",
			p.next);
	return CLI_OK;
}

enum cli_exit run_verb(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK && (c->verb->flags & VERB_EDITED))
		code = run_read(c, &r, NULL);
	if (code == CLI_OK && (c->verb->flags & VERB_LIST)) {
		code = list(c, &r);
	} else if (code == CLI_OK) {
		code = request_ask(c, &r, &a);
		code = code == CLI_OK ? print(c, &a) : code;
	}
	api_answer_done(&a);
	request_done(&r);
	return code;
}
