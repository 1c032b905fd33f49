#include "control/schedules/schedule_check.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "control/schedules/schedule_row.h"
#include "wire/field_json.h"

static enum rc check_template(struct call *c, const struct submit_job *in)
{
	const struct action *a = action_find(in->action);

	if (in->not_before)
		return field_json_problem(c->reader, "/notBefore", "out_of_range",
			"the schedule says when; delaySeconds may put each job off");
	if (in->rules.deadline)
		return field_json_problem(
			c->reader, "/deadline", "out_of_range", "each job would have the same; leave it out");
	if (sealed_has(a))
		return field_json_problem(c->reader, "/action", "not_one_of",
			"its payload has secrets, which a schedule does not keep; submit such jobs when they are "
			"wanted");
	enum rc rc = submit_check(c, in);
	return rc == RC_OK && a ? submit_check_held(c, in) : rc;
}

enum rc schedule_check_job(struct call *c, const char *job)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = c->tx.arena };
	struct submit_job *in = arena_take(c->tx.arena, sizeof(*in));
	struct call as = *c;
	struct fault f = { 0 }; /* names members without what stands before them here */

	if (!job)
		return field_json_problem(c->reader, "/job", "required", "say which job");
	as.reader = &r;
	enum rc rc = in ? json_read(job, strlen(job), &j, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(submit_fields, j, &r, in, &f);
	if (rc == RC_OK)
		rc = check_template(&as, in);
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "/job%s", r.problems[i].pointer);
		field_json_problem(c->reader, pointer ? pointer : "/job", r.problems[i].code, r.problems[i].detail);
	}
	return rc;
}

enum rc schedule_check_clock(struct call *c, const char *cron, const char *timezone, struct schedule_clock *ret)
{
	struct cron fields;
	struct fault f = { 0 };
	enum rc rc = cron_parse(cron, &fields, &f);

	if (rc == RC_INVALID)
		return field_json_problem(c->reader, "/cron", "malformed", arena_str(c->tx.arena, f.text));
	if (rc == RC_OK)
		rc = schedule_row_clock(&c->tx, cron, timezone, ret);
	if (rc == RC_INVALID)
		return field_json_problem(
			c->reader, "/timezone", "not_one_of", arena_str(c->tx.arena, c->tx.fault->text));
	return rc;
}
