#include "control/audit/trail.h"
#include "control/control.h"
#include "control/migrate.h"
#include "io/failpoint.h"

static enum rc adopt_some(struct control *c, struct store_conn *db, bool *ret_more, struct fault *f)
{
	struct arena arena = { 0 };
	struct tx tx = { .control = c, .db = db, .arena = &arena, .fault = f, .now_ms = c->started_ms };

	enum rc rc = store_begin(db, f);
	if (rc != RC_OK)
		return rc;
	rc = trail_adopt(&tx, ret_more);
	if (rc == RC_OK)
		rc = store_commit(db, f);
	else
		store_rollback(db);
	arena_done(&arena);
	return rc;
}

enum rc adopt_records(struct control *c, struct store_conn *db, struct fault *f)
{
	enum rc rc = RC_OK;

	for (bool more = true; rc == RC_OK && more;) {
		FAILPOINT("audit.before_adopt");
		rc = adopt_some(c, db, &more, f);
	}
	return rc;
}
