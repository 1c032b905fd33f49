#include "control/downloads/download_create.h"

#include "base/hush.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_view.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"
#include "wire/field_json.h"

#include <stdio.h>

/* What is narrowed to some actions or accounts may have no others used. */
static enum rc check_may(struct call *c)
{
	const struct decide_use use = { .action = "download.run" };
	enum rc rc = decide_use(&c->tx, c->who, SCOPE_DOWNLOADS_WRITE, &use);

	return rc == RC_MISSING ? fault_set(c->tx.fault, RC_DENIED,
					  "what you may do is narrowed to other things than downloads")
				: rc;
}

static enum rc check_base(struct call *c, const struct download_request *in)
{
	static const struct store_query find = {
		.sql = "SELECT created_by FROM artifacts WHERE id = $1 AND tenant_id = $2 AND state = 'ready'"
	};
	auto_rows struct store_rows *r = NULL;

	if (!in->base_artifact)
		return RC_OK;
	enum rc rc = store_one(c->tx.db, &find,
		STORE_ARGS(store_text(in->base_artifact), store_text(tx_tenant(&c->tx))), &r, c->tx.fault);
	if (rc == RC_OK && decide_is_narrowed(c->who, SCOPE_DOWNLOADS_WRITE) &&
		strcmp(store_col_text(r, 0), c->tx.actor) != 0)
		rc = RC_MISSING;
	return rc == RC_MISSING ? field_json_problem(c->reader, "/base/artifactId", "not_one_of",
					  "there is no such artifact to be had")
				: rc;
}

/* With onQuota "reject": is there anything left of the limits? */
static enum rc check_room(struct call *c, const struct download_request *in)
{
	struct download_row d = { .id = "", .tenant_id = tx_tenant(&c->tx), .created_by = c->tx.actor };
	struct download_room room = { .fits = true };
	enum rc rc = in->on_quota == DOWNLOAD_QUOTA_REJECT ? download_bytes_reserve(&c->tx, &d, 0, &room) : RC_OK;

	if (rc != RC_OK || room.fits)
		return rc;
	return fault_set(c->tx.fault, RC_QUOTA,
		"the bytes of %s are used up; the limit begins anew in %lld seconds. With onQuota queue it would "
		"wait",
		room.who, (long long)((room.reset - c->tx.now_ms) / 1000 + 1));
}

static enum rc seal_password(struct tx *tx, const char *id, const char *password)
{
	struct hush value = { 0 };

	if (!password)
		return RC_OK;
	enum rc rc = hush_set(&value, password, strlen(password));
	if (rc == RC_OK)
		rc = vault_put(tx, &(struct vault_at){ "download", id, "branch_password" }, &value, NULL);
	hush_done(&value);
	return rc;
}

static enum rc add(struct tx *tx, const struct download_request *in, const struct action_download_source *s,
	const char **ret_id)
{
	struct download_row d = { .id = tx_id(tx, "dl"),
		.state = DOWNLOAD_QUEUED,
		.reason = download_reason_words[DOWNLOAD_FOR_CONCURRENCY],
		.priority = in->priority,
		.rank = download_rank(in->priority, tx->now_ms),
		.bandwidth_bps = in->limits.bandwidth_bps,
		.labels = labels_json(tx->arena, &in->labels),
		.tenant_id = tx_tenant(tx),
		.created_by = tx->actor,
		.version = 1,
		.created_at = tx->now_ms };

	if (!d.id || !d.labels)
		return RC_NOMEM;
	*ret_id = d.id;
	d.content_key = download_request_key(tx, in, s, in->branch_password ? d.id : NULL);
	enum rc rc = d.content_key ? download_request_put(tx, in, s, &d.request, &d.source) : RC_NOMEM;
	if (rc == RC_OK)
		rc = download_row_add(tx, &d);
	if (rc == RC_OK)
		rc = seal_password(tx, d.id, in->branch_password);
	if (rc == RC_OK)
		rc = download_row_log(tx, d.id, "queued");
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "download.created",
					    .resource = d.id,
					    .tenant_id = d.tenant_id,
					    .payload = arena_fmt(tx->arena,
						    "{\"kind\":\"%s\",\"state\":\"queued\"}", s->kind) });
	return rc == RC_OK ? audit_add(tx, "download.create", d.id) : rc;
}

static void count_use(struct call *c)
{
	char labels[METRIC_LABELS_MAX];

	if (c->who->kind != PRINCIPAL_KEY)
		return;
	snprintf(labels, sizeof(labels), "%s\n%s", c->who->id, c->route->path);
	metric_add(c->tx.control->metrics, METRIC_DOWNLOAD_KEY_USE, labels, 1);
}

static enum rc check_all(struct call *c, const struct download_request *in)
{
	enum rc rc = check_may(c);

	if (rc == RC_OK)
		rc = check_base(c, in);
	return rc == RC_OK ? check_room(c, in) : rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const struct download_request *in = c->in;
	const char *id = NULL;
	enum rc rc = download_request_check(c, in, &in->source, "/source");

	count_use(c);
	if (rc == RC_OK)
		rc = check_all(c, in);
	if (rc == RC_OK)
		rc = add(&c->tx, in, &in->source, &id);
	if (rc == RC_OK)
		rc = download_queue_pump(&c->tx);
	if (rc != RC_OK)
		return rc;
	c->location = arena_fmt(c->tx.arena, "/v1/downloads/%s", id);
	return download_view_one(&c->tx, id, ret_out);
}

struct download_batch {
	struct field_list ids;
};
static const struct field batch_out_fields[] = {
	{ .name = "ids",
		.type = FIELD_LIST,
		FIELD_AT(struct download_batch, ids),
		.item = FIELD_STR,
		.doc = "Of the downloads, in the order of their sources." },
	{ 0 },
};

/* All of them, or none. */
static enum rc create_all(struct call *c, void *ret_out)
{
	const struct download_request *in = c->in;
	const struct action_download_source *s = in->sources.at;
	const char **ids = arena_take(c->tx.arena, sizeof(*ids) * (in->sources.n + 1));
	enum rc rc = ids ? RC_OK : RC_NOMEM;

	count_use(c);
	for (size_t i = 0; i < in->sources.n && (rc == RC_OK || rc == RC_INVALID); i++) {
		enum rc one = download_request_check(c, in, &s[i], arena_fmt(c->tx.arena, "/sources/%zu", i));
		rc = one == RC_OK ? rc : one;
	}
	if (rc == RC_OK)
		rc = check_all(c, in);
	for (size_t i = 0; rc == RC_OK && i < in->sources.n; i++)
		rc = add(&c->tx, in, &s[i], &ids[i]);
	if (rc == RC_OK)
		rc = download_queue_pump(&c->tx);
	((struct download_batch *)ret_out)->ids = (struct field_list){ ids, in->sources.n };
	return rc;
}

static enum rc read_request(
	struct tx *tx, struct field_reader *r, const char *request, struct download_request *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(request, strlen(request), &j, tx->fault);

	return rc == RC_OK ? field_json_decode(download_request_fields, j, r, ret, f) : rc;
}

enum rc download_create_check(struct call *c, const char *request, const char *at)
{
	struct field_reader r = { .arena = c->tx.arena };
	struct download_request *in = arena_take(c->tx.arena, sizeof(*in));
	struct call as = *c;
	struct fault f = { 0 };

	if (!in)
		return RC_NOMEM;
	as.reader = &r;
	enum rc rc = read_request(&c->tx, &r, request, in, &f);
	if (rc == RC_OK && in->branch_password)
		rc = field_json_problem(&r, "/branchPassword", "not_one_of", "a secret is not kept here");
	if (rc == RC_OK)
		rc = download_request_check(&as, in, &in->source, "/source");
	for (size_t i = 0; i < r.problems_n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "%s%s", at, r.problems[i].pointer);
		field_json_problem(c->reader, pointer ? pointer : at, r.problems[i].code, r.problems[i].detail);
	}
	if (rc == RC_OK)
		rc = check_may(c);
	return rc == RC_OK ? check_base(c, in) : rc;
}

enum rc download_create_fired(struct tx *tx, const char *request, const char **ret_id)
{
	struct field_reader r = { .arena = tx->arena };
	struct download_request *in = arena_take(tx->arena, sizeof(*in));

	enum rc rc = in ? read_request(tx, &r, request, in, tx->fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = add(tx, in, &in->source, ret_id);
	return rc == RC_OK ? download_queue_pump(tx) : rc;
}

extern const struct route download_create_routes[];
const struct route download_create_routes[] = {
	{ .name = "createDownload",
		.method = "POST",
		.path = "/v1/downloads",
		.reach = REACH_TENANT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 202,
		.in = download_request_fields,
		.in_size = sizeof(struct download_request),
		.out = download_view_fields,
		.out_size = sizeof(struct download_view),
		.run = create,
		.doc = "Has something fetched. It waits for its turn; its artifact is there when it is ready." },
	{ .name = "createDownloads",
		.method = "POST",
		.path = "/v1/downloads/batch",
		.reach = REACH_TENANT,
		.scope = SCOPE_DOWNLOADS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_IDEMPOTENT,
		.status = 202,
		.in = download_request_batch_fields,
		.in_size = sizeof(struct download_request),
		.out = batch_out_fields,
		.out_size = sizeof(struct download_batch),
		.run = create_all,
		.doc = "Has up to 100 things fetched, all or none." },
	{ 0 },
};
