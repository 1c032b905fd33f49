#include "control/access/decide.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_create.h"
#include "control/downloads/download_request.h"
#include "wire/field_json.h"

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

enum rc download_create_check_all(struct call *c, const struct download_request *in)
{
	enum rc rc = check_may(c);

	if (rc == RC_OK)
		rc = check_base(c, in);
	return rc == RC_OK ? check_room(c, in) : rc;
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
	enum rc rc = download_request_parse(&c->tx, &r, request, in, &f);
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
