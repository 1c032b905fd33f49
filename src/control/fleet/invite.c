#include "control/fleet/invite.h"
#include "control/control.h"
#include "control/fleet/enrolments.h"
#include "control/fleet/regions.h"
#include "io/clock.h"

enum rc invite_agent(struct control *c, const char *region, struct hush *ret_token, struct fault *f)
{
	__attribute__((cleanup(own_store_conn_p))) struct store_conn *db = NULL;
	struct arena arena = { 0 };
	const char *id = NULL, *token = NULL;
	int64_t expires = 0;

	enum rc rc = store_connect(c->store, STORE_WRITE, &db, f);
	struct tx tx = { .control = c,
		.db = db,
		.arena = &arena,
		.fault = f,
		.now_ms = clock_wall_ms(),
		.actor = "system",
		.peer = "",
		.trace_id = "" };
	if (rc == RC_OK)
		rc = store_begin(db, f);
	if (rc == RC_OK) {
		rc = regions_first(&tx, region, &id);
		if (rc == RC_OK)
			rc = enrolments_token(&tx, id, &token, &expires);
		if (rc == RC_OK)
			rc = store_commit(db, f);
		else
			store_rollback(db);
	}
	if (rc == RC_OK)
		rc = hush_set(ret_token, token, strlen(token));
	arena_done(&arena);
	return rc;
}
