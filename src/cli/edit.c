#include "cli/edit.h"
#include "cli/output.h"
#include "cli/run.h"

#include <jansson.h>

json_t *edit_labels(const json_t *now, const json_t *set, const json_t *away)
{
	json_t *all = json_is_object(now) ? json_deep_copy(now) : json_object();

	for (size_t i = 0; all && i < json_array_size(away); i++) {
		const char *name = json_string_value(json_array_get(away, i));
		if (name && json_object_get(all, name))
			json_object_del(all, name);
	}
	if (all && set && json_object_update(all, (json_t *)set) != 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}

static enum cli_exit merge(struct cmd *c, struct request *r)
{
	json_t *set = json_object_get(r->body, "labels"), *away = json_object_get(c->given, "unlabel");
	json_t *now = NULL;
	bool labels = set || away;
	enum cli_exit code = run_read(c, r, labels ? &now : NULL);

	if (code != CLI_OK || !labels)
		return code;
	json_t *all = edit_labels(json_object_get(now, "labels"), set, away);
	json_decref(now);
	if (all && json_object_set_new(r->body, "labels", all) == 0)
		return CLI_OK;
	cmd_say(c, "out of memory");
	return CLI_FAILED;
}

enum cli_exit edit_run(struct cmd *c)
{
	struct request r = { 0 };
	struct api_answer a = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK && json_object_size(r.body) == 0 && !cmd_has(c, "unlabel"))
		code = cmd_usage(c, "nothing to change: see footplate %s edit --help", c->noun->name);
	if (code == CLI_OK)
		code = merge(c, &r);
	if (code == CLI_OK)
		code = request_ask(c, &r, &a);
	if (code == CLI_OK)
		output_object(c, a.json);
	api_answer_done(&a);
	request_done(&r);
	return code;
}
