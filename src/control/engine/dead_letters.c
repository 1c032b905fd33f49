#include "control/engine/jobs.h"
#include "control/engine/submit.h"
#include "control/http/page.h"
#include "control/rows.h"
#include "model/job.h"
#include "wire/field_json.h"

struct dead_letter {
	const char *id, *job_id, *action, *account_id, *code, *reason;
	uint32_t attempts;
	const char *error;
	int64_t died_at;
};

static const struct field dead_letter_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct dead_letter, id), .doc = "Of the task that failed." },
	{ .name = "jobId", .type = FIELD_STR, FIELD_AT(struct dead_letter, job_id), .doc = "The task's job." },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct dead_letter, action), .doc = "What it was to do." },
	{ .name = "targetAccountId",
		.type = FIELD_STR,
		FIELD_AT(struct dead_letter, account_id),
		.doc = "The account it was to act on; null: none." },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct dead_letter, code),
		.doc = "Of the error of its last attempt." },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct dead_letter, reason),
		.doc = "attempts_used_up; not_retryable: it would fail again; not_done: a person said that it was "
		       "not done." },
	{ .name = "attempts",
		.type = FIELD_U32,
		FIELD_AT(struct dead_letter, attempts),
		.doc = "How often it was tried." },
	{ .name = "error", .type = FIELD_JSON, FIELD_AT(struct dead_letter, error), .doc = "Of its last attempt." },
	{ .name = "diedAt", .type = FIELD_TIME, FIELD_AT(struct dead_letter, died_at), .doc = "When it failed." },
	{ 0 },
};
#define DEAD_COLUMNS "task_id, job_id, action, account_id, code, reason, attempts, error, died_at"
#define DEAD_WHERE                                                                                                \
	" FROM dead_letters WHERE redriven_job_id IS NULL AND task_id < $1 AND ($3 = '' OR action = $3) "         \
	"AND ($4 = '' OR account_id = $4) AND ($5 = '' OR code = $5) AND ($6 = '' OR reason = $6) AND tenant_id " \
	"= $7"

/* Which of them. Texts may be NULL: any. */
struct dead_filter {
	const char *action, *account_id, *code, *reason;
};

struct dead_query {
	struct page_query page;
	struct dead_filter filter;
};

#define DEAD_FILTER(of, member)                                                                     \
	{ .name = "action",                                                                         \
		.type = FIELD_STR,                                                                  \
		FIELD_AT(struct of, member action),                                                 \
		.max = 64,                                                                          \
		.doc = "Only of this action." },                                                    \
		{ .name = "account",                                                                \
			.type = FIELD_STR,                                                          \
			FIELD_AT(struct of, member account_id),                                     \
			.max = 64,                                                                  \
			.doc = "Only of the account with this id." },                               \
		{ .name = "code",                                                                   \
			.type = FIELD_STR,                                                          \
			FIELD_AT(struct of, member code),                                           \
			.max = 64,                                                                  \
			.doc = "Only with this code of the last error." },                          \
	{                                                                                           \
		.name = "reason", .type = FIELD_STR, FIELD_AT(struct of, member reason), .max = 32, \
		.doc = "Only for this reason."                                                      \
	}

static const struct field dead_query_fields[] = {
	PAGE_QUERY_FIELDS(struct dead_query),
	DEAD_FILTER(dead_query, filter.),
	{ 0 },
};

static struct store_value any(const char *s) { return store_text(s ? s : ""); }

static enum rc find(
	struct call *c, const struct dead_filter *f, const char *before, size_t max, struct store_rows **ret)
{
	static const struct store_query some = { .sql = "SELECT " DEAD_COLUMNS DEAD_WHERE
							" ORDER BY task_id DESC LIMIT $2" };
	return store_run(c->tx.db, &some,
		STORE_ARGS(store_text(before), store_int((int64_t)max), any(f->action), any(f->account_id),
			any(f->code), any(f->reason), store_text(tx_tenant(&c->tx))),
		ret, c->tx.fault);
}

static enum rc list(struct call *c, void *ret_out)
{
	const struct dead_query *q = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = find(c, &q->filter, before, q->page.limit + 1, &r);
	return rc == RC_OK ? page_read(c, &q->page, r, ret_out) : rc;
}

struct redrive {
	struct field_list task_ids;
	struct dead_filter filter;
	uint32_t max;
};
#define REDRIVE_MAX 1000 /* of one call */

static const struct field redrive_filter_fields[] = { DEAD_FILTER(dead_filter, ), { 0 } };
static const struct field redrive_fields[] = {
	{ .name = "taskIds",
		.type = FIELD_LIST,
		FIELD_AT(struct redrive, task_ids),
		.item = FIELD_STR,
		.max = REDRIVE_MAX,
		.doc = "These, by their ids; all of them or none." },
	{ .name = "filter",
		.type = FIELD_OBJ,
		FIELD_AT(struct redrive, filter),
		.sub = redrive_filter_fields,
		.doc = "Those that fit, newest first." },
	{ .name = "max",
		.type = FIELD_U32,
		FIELD_AT(struct redrive, max),
		.min = 1,
		.max = REDRIVE_MAX,
		.def = 100,
		.doc = "At most so many." },
	{ 0 },
};

struct redriven {
	uint32_t tasks, left_out;
	struct field_list jobs; /* of const char * */
};
static const struct field redriven_fields[] = {
	{ .name = "tasks",
		.type = FIELD_U32,
		FIELD_AT(struct redriven, tasks),
		.doc = "How many are tried again." },
	{ .name = "leftOut",
		.type = FIELD_U32,
		FIELD_AT(struct redriven, left_out),
		.doc = "Found by the filter, but not to be tried again: their payload had secrets, which are gone, "
		       "or the "
		       "key lacks the action's scope." },
	{ .name = "jobIds",
		.type = FIELD_LIST,
		FIELD_AT(struct redriven, jobs),
		.item = FIELD_STR,
		.doc = "The new jobs: one for each job whose tasks they try again; it is their parentJobId." },
	{ 0 },
};

/* The dead letters that were named. */
static enum rc find_named(struct call *c, const struct redrive *in, struct field_list *ret)
{
	static const struct store_query one = {
		.sql = "SELECT " DEAD_COLUMNS
		       " FROM dead_letters WHERE task_id = $1 AND redriven_job_id IS NULL AND tenant_id = $2"
	};
	struct dead_letter *all = arena_take(c->tx.arena, (in->task_ids.n + 1) * sizeof(*all));
	const char *const *id = in->task_ids.at;
	enum rc rc = all ? RC_OK : RC_NOMEM;
	bool unknown = false;

	for (size_t i = 0; rc == RC_OK && i < in->task_ids.n; i++) {
		rc = rows_one(c->tx.db, &one, STORE_ARGS(store_text(id[i]), store_text(tx_tenant(&c->tx))),
			(struct rows_into){ dead_letter_fields, c->tx.arena, &all[i] }, c->tx.fault);
		if (rc != RC_MISSING)
			continue;
		const char *pointer = arena_fmt(c->tx.arena, "/taskIds/%zu", i);
		field_json_problem(c->reader, pointer ? pointer : "/taskIds", "not_one_of",
			"not a dead letter: it did not fail, is tried again already, or its outcome is in doubt "
			"and has to "
			"be resolved first");
		unknown = true;
		rc = RC_OK;
	}
	*ret = (struct field_list){ all, in->task_ids.n };
	return rc == RC_OK && unknown ? RC_INVALID : rc;
}

static enum rc find_fitting(struct call *c, const struct redrive *in, struct field_list *ret)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = find(c, &in->filter, "~", in->max, &r);
	if (rc != RC_OK)
		return rc;
	return rows_list(r, &(struct rows_into){ dead_letter_fields, c->tx.arena, NULL },
		sizeof(struct dead_letter), in->max, ret, c->tx.fault);
}

/* All of one job, as one new job. What they are is taken out of the list. */
static enum rc drive(struct call *c, struct dead_letter *all, size_t n, struct redriven *out)
{
	const char **ids = arena_take(c->tx.arena, n * sizeof(*ids));
	const char *job_id = all[0].job_id, *id = NULL;
	struct submit_retry which = { .only = SUBMIT_FAILED, .task_ids = { ids, 0 } };

	if (!ids)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (all[i].job_id && !strcmp(all[i].job_id, job_id)) {
			ids[which.task_ids.n++] = all[i].id;
			if (i)
				all[i].job_id = NULL;
		}
	enum rc rc = submit_again(c, job_id, &which, &id);
	if ((rc == RC_CONFLICT || rc == RC_DENIED) && !((const struct redrive *)c->in)->task_ids.n) {
		out->left_out += (uint32_t)which.task_ids.n;
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	((const char **)out->jobs.at)[out->jobs.n++] = id;
	out->tasks += (uint32_t)which.task_ids.n;
	return RC_OK;
}

static enum rc redrive(struct call *c, void *ret_out)
{
	const struct redrive *in = c->in;
	struct redriven *out = ret_out;
	struct field_list found = { 0 };

	enum rc rc = in->task_ids.n ? find_named(c, in, &found) : find_fitting(c, in, &found);
	out->jobs.at = arena_take(c->tx.arena, (found.n + 1) * sizeof(const char *));
	if (rc == RC_OK && !out->jobs.at)
		rc = RC_NOMEM;
	struct dead_letter *all = found.at;
	for (size_t i = 0; rc == RC_OK && i < found.n; i++)
		if (all[i].job_id)
			rc = drive(c, &all[i], found.n - i, out);
	return rc;
}

const struct route dead_letter_routes[] = {
	{
		.name = "listDeadLetters",
		.method = "GET",
		.path = "/v1/dead-letters",
		.reach = REACH_TENANT,
		.lists = OBJECT_TASK,
		.scope = SCOPE_JOBS_READ,
		.flags = ROUTE_LIST,
		.query = dead_query_fields,
		.query_size = sizeof(struct dead_query),
		.out = dead_letter_fields,
		.out_size = sizeof(struct dead_letter),
		.run = list,
		.doc = "Lists the tasks that failed after all their attempts and were not tried again in another "
		       "job, "
		       "newest first.",
	},
	{
		.name = "redriveDeadLetters",
		.method = "POST",
		.path = "/v1/dead-letters/redrive",
		.reach = REACH_TENANT,
		.scope = SCOPE_JOBS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.in = redrive_fields,
		.in_size = sizeof(struct redrive),
		.out = redriven_fields,
		.out_size = sizeof(struct redriven),
		.run = redrive,
		.doc = "Tries dead letters again, in new jobs. Never a task whose outcome is in doubt.",
	},
	{ 0 },
};
