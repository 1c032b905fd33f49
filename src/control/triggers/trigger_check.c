#include "control/triggers/trigger_check.h"

#include "control/access/decide.h"
#include "control/downloads/download_create.h"
#include "control/schedules/schedule_check.h"
#include "control/triggers/trigger_match.h"
#include "control/triggers/trigger_row.h"
#include "wire/field_json.h"

#include <string.h>

static const char *const types[] = { "title.build_available", "title.build_announced", "title.changed",
	"title.visibility_changed", NULL };
static const char *const stores[] = { "steam", "workshop", "epic", "gog", NULL };

static bool is_one_of(const char *s, const char *const *words)
{
	while (*words && strcmp(s, *words) != 0)
		words++;
	return *words;
}

/* Decodes one of the members; its problems stand under the member. */
static enum rc read_member(struct call *c, const char *name, const struct field *t, const char *json, void *ret)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = c->tx.arena };
	struct fault f = { 0 };

	enum rc rc = json_read(json, strlen(json), &j, c->tx.fault);
	if (rc == RC_OK)
		rc = field_json_decode(t, j, &r, ret, &f);
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "/%s%s", name, r.problems[i].pointer);
		field_json_problem(c->reader, pointer ? pointer : "/", r.problems[i].code, r.problems[i].detail);
	}
	return rc;
}

static enum rc check_on(struct call *c, const char *json)
{
	struct trigger_on on = { 0 };
	enum rc rc = read_member(c, "on", trigger_on_fields, json, &on);

	if (rc == RC_OK && on.type && !is_one_of(on.type, types))
		return field_json_problem(c->reader, "/on/type", "not_one_of",
			"title.build_available, title.build_announced, title.changed or title.visibility_changed");
	if (rc == RC_OK && on.store && !is_one_of(on.store, stores))
		return field_json_problem(c->reader, "/on/store", "not_one_of", "steam, workshop, epic or gog");
	return rc;
}

/* With every placeholder filled by what an event may hold. */
static enum rc check_filled(struct call *c, const struct trigger_action *act)
{
	static const char sample[] =
		"{\"store\":\"steam\",\"titleId\":\"1\",\"branch\":\"public\",\"os\":\"\",\"buildId\":\"1\","
		"\"build\":\"bld_1\",\"class\":\"build\",\"direction\":\"forward\",\"watchId\":\"wat_1\","
		"\"version\":\"1\",\"source\":\"steam.pics\",\"changeNumber\":1,\"change\":1}";
	const char *filled;

	enum rc rc = trigger_match_fill(&c->tx, act->job ? act->job : act->download, sample, &filled);
	if (rc != RC_OK)
		return rc;
	return act->job ? schedule_check_job(c, filled) : download_create_check(c, filled, "/download");
}

static enum rc check_action(struct call *c, const char *json)
{
	struct trigger_action act = { 0 };
	enum rc rc = read_member(c, "action", trigger_action_fields, json, &act);

	if (rc != RC_OK)
		return rc;
	if ((act.job != NULL) + (act.webhook_id != NULL) + (act.download != NULL) != 1)
		return field_json_problem(
			c->reader, "/action", "required", "say one of job, download and webhookId");
	if (!act.webhook_id)
		return check_filled(c, &act);
	rc = decide_object(c, OBJECT_WEBHOOK, act.webhook_id);
	return rc == RC_MISSING ? field_json_problem(
					  c->reader, "/action/webhookId", "not_one_of", "there is no such webhook")
				: rc;
}

static enum rc check_quiet(struct call *c, const char *json)
{
	struct trigger_quiet said = { 0 };
	struct quiet quiet;
	enum rc rc = json ? read_member(c, "quietHours", trigger_quiet_fields, json, &said) : RC_OK;

	if (rc == RC_OK)
		rc = trigger_row_quiet(&c->tx, json, &quiet);
	else
		return rc;
	if (rc == RC_INVALID || rc == RC_MISSING)
		return field_json_problem(
			c->reader, "/quietHours", "malformed", arena_str(c->tx.arena, c->tx.fault->text));
	return rc;
}

enum rc trigger_check(struct call *c, const struct trigger *t)
{
	enum rc on = check_on(c, t->on), act = check_action(c, t->action), quiet = check_quiet(c, t->quiet);

	return on != RC_OK ? on : act != RC_OK ? act : quiet;
}
