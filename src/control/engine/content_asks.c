/*
 * content_asks: questions about content that somebody waits for: the manifests of a depot, what differs between two of them, Workshop items.
 * Each is a job of one task, as all that is asked of Steam is; with Prefer: wait=N the answer comes when it is over. POST asks, GET shows
 * what the caller's last such question was answered, and asks nobody.
 *
 * Who asks again what is on its way, or was answered just now, gets that job.
 */
#include "control/engine/job_view.h"
#include "control/engine/submit.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

extern const struct route content_asks_routes[];

#define OPEN_MAX 50                      /* questions of a tenant that are on their way */
#define AGAIN_MS 10000                   /* a question that was answered so lately is not asked again */
#define KEEP_MS  (7 * (int64_t)86400000) /* what was asked is known for so long */

struct manifests_query {
	const char *branch, *from, *to;
};

#define BRANCH_FIELD                                                                                      \
	{                                                                                                 \
		.name = "branch", .type = FIELD_STR, FIELD_AT(struct manifests_query, branch), .max = 64, \
		.doc = "The branch; without one public."                                                  \
	}
#define MANIFEST_FIELD(name_, member_, doc_)                                                       \
	{                                                                                          \
		.name = (name_), .type = FIELD_STR, FIELD_AT(struct manifests_query, member_),     \
		.flags = FIELD_REQUIRED, .min = 1, .max = 20, .chars = "0123456789", .doc = (doc_) \
	}

static const struct field list_query[] = { BRANCH_FIELD, { 0 } };
static const struct field diff_query[] = { MANIFEST_FIELD("from", from, "The earlier manifest."),
	MANIFEST_FIELD("to", to, "The later manifest."), BRANCH_FIELD, { 0 } };

/* A number of the path. */
static enum rc number_of(struct call *c, unsigned i, uint64_t max)
{
	const char *s = c->arg[i];
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || s[digits] || digits > 20 || strtoull(s, NULL, 10) > max || strtoull(s, NULL, 10) == 0)
		return fault_set(c->tx.fault, RC_INVALID, "'%.30s' is no id of what is asked for", s);
	return RC_OK;
}

/* ---- what was asked ---- */

/* A question: of whom it is, and what it says. */
struct asked {
	const char *action, *payload, *text;
};

/* The job of the caller's last such question. RC_MISSING: there was none, or the job is forgotten. */
static enum rc read_last(struct call *c, const struct asked *q, struct job_view *ret, int64_t *ret_asked_at)
{
	static const struct store_query find = {
		.sql = "SELECT a.job_id, a.asked_at FROM content_asks a JOIN jobs j "
		       "ON j.id = a.job_id WHERE a.asker = $1 AND a.question = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &find, STORE_ARGS(store_text(c->who->actor), store_text(q->text)), &r, c->tx.fault);

	if (rc != RC_OK)
		return rc;
	const char *id = arena_str(c->tx.arena, store_col_text(r, 0));
	*ret_asked_at = store_col_int(r, 1);
	store_close(take(r));
	return id ? job_view_read(c, id, ret) : RC_NOMEM;
}

static enum rc keep(struct call *c, const struct asked *q, const char *job_id)
{
	static const struct store_query set = {
		.sql = "INSERT INTO content_asks (asker, question, tenant_id, job_id, asked_at) VALUES ($1, $2, "
		       "$3, "
		       "$4, $5) ON CONFLICT (asker, question) DO UPDATE SET job_id = $4, asked_at = $5"
	};
	static const struct store_query drop = { .sql = "DELETE FROM content_asks WHERE asked_at < $1" };
	enum rc rc = store_do(c->tx.db, &set,
		STORE_ARGS(store_text(c->who->actor), store_text(q->text), store_text(tx_tenant(&c->tx)),
			store_text(job_id), store_int(c->tx.now_ms)),
		c->tx.fault);

	return rc == RC_OK ? store_do(c->tx.db, &drop, STORE_ARGS(store_int(c->tx.now_ms - KEEP_MS)), c->tx.fault)
			   : rc;
}

static enum rc check_room(struct call *c)
{
	static const struct store_query count = {
		.sql = "SELECT COUNT(*) FROM content_asks a JOIN jobs j ON j.id = "
		       "a.job_id WHERE a.tenant_id = $1 AND j.finished_at = 0"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(c->tx.db, &count, STORE_ARGS(store_text(tx_tenant(&c->tx))), &r, c->tx.fault);

	if (rc == RC_OK && store_col_int(r, 0) >= OPEN_MAX)
		return fault_set(c->tx.fault, RC_CONCURRENCY,
			"%d questions about content are on their way; wait for one", OPEN_MAX);
	return rc;
}

static enum rc submit(struct call *c, const struct asked *q, struct job_view *ret)
{
	struct submit_job *in = arena_take(c->tx.arena, sizeof(*in));
	const char *id = NULL;

	if (!in)
		return RC_NOMEM;
	field_defaults(submit_fields, in);
	in->action = q->action;
	in->payload = q->payload;
	enum rc rc = submit_new(c, in, &id);
	if (rc == RC_OK)
		rc = keep(c, q, id);
	return rc == RC_OK ? job_view_read(c, id, ret) : rc;
}

/* Asks, or shows what is known: as the route says. `payload` is JSON. */
static enum rc answer(struct call *c, const char *action, const char *payload, void *ret_out)
{
	struct asked q = { action, payload, payload ? arena_fmt(c->tx.arena, "%s %s", action, payload) : NULL };
	struct job_view *v = ret_out;
	int64_t asked_at = 0;

	if (!q.text)
		return RC_NOMEM;
	enum rc rc = read_last(c, &q, v, &asked_at);
	if (!(c->route->flags & ROUTE_WRITE))
		return rc == RC_MISSING ? fault_set(c->tx.fault, rc, "you have not asked for it: POST here asks")
					: rc;
	bool good = v->summary.succeeded == v->summary.total;
	bool known = rc == RC_OK && (!v->finished_at || (good && v->finished_at > c->tx.now_ms - AGAIN_MS));
	if (rc == RC_MISSING || (rc == RC_OK && !known))
		rc = check_room(c);
	if (rc == RC_OK && !known)
		rc = submit(c, &q, v);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/jobs/%s", v->id);
	return c->location ? RC_OK : RC_NOMEM;
}

/* ---- the questions ---- */

/* The members that both questions about manifests have. */
static enum rc begin(struct call *c, struct buf *to)
{
	const struct manifests_query *q = c->query;
	enum rc rc = number_of(c, 0, UINT32_MAX);

	if (rc == RC_OK)
		rc = number_of(c, 1, UINT32_MAX);
	if (rc != RC_OK)
		return rc;
	buf_fmt(to, "{\"app\":%llu,\"depot\":%llu", strtoull(c->arg[0], NULL, 10), strtoull(c->arg[1], NULL, 10));
	if (q->branch) {
		buf_str(to, ",\"branch\":");
		json_put_str(to, q->branch);
	}
	return RC_OK;
}

static const char *end(struct call *c, struct buf *b)
{
	buf_str(b, "}");
	const char *text = b->bad ? NULL : arena_strn(c->tx.arena, (const char *)b->p, b->n);
	buf_done(b);
	return text;
}

static enum rc list(struct call *c, void *ret_out)
{
	struct buf b = { 0 };
	enum rc rc = begin(c, &b);
	const char *payload = end(c, &b);

	return rc == RC_OK ? answer(c, "manifests.list", payload, ret_out) : rc;
}

static enum rc diff(struct call *c, void *ret_out)
{
	const struct manifests_query *q = c->query;
	struct buf b = { 0 };
	enum rc rc = begin(c, &b);

	if (rc == RC_OK)
		buf_fmt(&b, ",\"from\":\"%s\",\"to\":\"%s\"", q->from, q->to);
	const char *payload = end(c, &b);
	return rc == RC_OK ? answer(c, "manifests.diff", payload, ret_out) : rc;
}

static enum rc item(struct call *c, void *ret_out)
{
	enum rc rc = number_of(c, 0, UINT64_MAX);

	if (rc != RC_OK)
		return rc;
	return answer(c, "workshop.details", arena_fmt(c->tx.arena, "{\"ids\":[\"%s\"]}", c->arg[0]), ret_out);
}

/* ---- the routes ---- */

#define ASKS                                                                                                 \
	.method = "POST", .reach = REACH_TENANT, .scope = SCOPE_DOWNLOADS_READ, .status = 202, JOB_VIEW_OUT, \
	.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_WAIT | ROUTE_ACCEPTED
#define SHOWS                                                                                \
	.method = "GET", .reach = REACH_TENANT, .scope = SCOPE_DOWNLOADS_READ, JOB_VIEW_OUT, \
	.flags = ROUTE_NARROWED | ROUTE_WAIT
#define BY(fields) .query = (fields), .query_size = sizeof(struct manifests_query)

const struct route content_asks_routes[] = {
	{ ASKS, BY(list_query), .name = "askManifests", .path = "/v1/manifests/{app}/{depot}", .run = list,
		.doc = "Asks Steam for a depot's manifests on a branch: answers with the job, whose task has them. "
		       "Prefer: wait=N answers when it is over. What is being asked already, or was answered in "
		       "the "
		       "last ten seconds, is not asked again." },
	{ SHOWS, BY(list_query), .name = "listManifests", .path = "/v1/manifests/{app}/{depot}", .run = list,
		.doc = "Shows the job of your last askManifests of the same, kept for a week; asks nobody." },
	{ ASKS, BY(diff_query), .name = "askManifestDiff", .path = "/v1/manifests/{app}/{depot}/diff", .run = diff,
		.doc = "Has two manifests of a depot compared: answers with the job, whose task tells the files "
		       "that differ. As askManifests." },
	{ SHOWS, BY(diff_query), .name = "diffManifests", .path = "/v1/manifests/{app}/{depot}/diff", .run = diff,
		.doc = "Shows the job of your last askManifestDiff of the same; asks nobody." },
	{ ASKS, .name = "askWorkshopItem", .path = "/v1/workshop/items/{id}", .run = item,
		.doc = "Asks Steam for a Workshop item: answers with the job, whose task has it. As "
		       "askManifests." },
	{ SHOWS, .name = "getWorkshopItem", .path = "/v1/workshop/items/{id}", .run = item,
		.doc = "Shows the job of your last askWorkshopItem of the same; asks nobody." },
	{ ASKS, .name = "askWorkshopCollection", .path = "/v1/workshop/collections/{id}", .run = item,
		.doc = "Asks Steam for a collection: answers with the job, whose task names its items. As "
		       "askManifests." },
	{ SHOWS, .name = "getWorkshopCollection", .path = "/v1/workshop/collections/{id}", .run = item,
		.doc = "Shows the job of your last askWorkshopCollection of the same; asks nobody." },
	{ 0 },
};
