#include "control/people/sessions_sweep.h"
#include "control/people/lockout.h"
#include "control/people/session.h"
#include "control/people/tokens.h"

#define SWEEP_MAX 500          /* sessions that one sweep forgets */
#define FORGET_MS 2592000000LL /* a session that is over is shown for 30 days */

enum rc people_sessions_sweep(struct tx *tx)
{
	static const struct store_query tokens = {
		.sql = "DELETE FROM auth_refresh_tokens WHERE session_id IN (SELECT id FROM auth_sessions WHERE "
		       "expires_at <= $1 ORDER BY expires_at LIMIT $2)"
	};
	static const struct store_query old = { .sql = "DELETE FROM auth_sessions WHERE id IN (SELECT id FROM "
						       "auth_sessions WHERE expires_at <= $1 ORDER BY "
						       "expires_at LIMIT $2)" };
	static const struct store_query challenges = {
		.sql = "DELETE FROM auth_challenges WHERE expires_at <= $1"
	};

	enum rc rc = store_do(tx->db, &challenges, STORE_ARGS(store_int(tx->now_ms)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &tokens, STORE_ARGS(store_int(tx->now_ms - FORGET_MS), store_int(SWEEP_MAX)),
			tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &old, STORE_ARGS(store_int(tx->now_ms - FORGET_MS), store_int(SWEEP_MAX)),
			tx->fault);
	if (rc == RC_OK)
		rc = lockout_sweep(tx);
	return rc == RC_OK ? tokens_sweep(tx) : rc;
}
