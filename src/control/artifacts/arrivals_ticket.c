#include "base/hush.h"
#include "control/access/keys_hash.h"
#include "control/engine/effects.h"
#include "control/engine/moves.h"
#include "io/clock.h"
#include "wire/tunnel_auth.h"
#include "wire/tunnel_fleet.h"

enum rc arrivals_ticket(struct tx *tx, const char *agent_id, const struct tunnel_msg_ticket *m, bool *ret_ok,
	char ret[static ARRIVALS_TICKET])
{
	static const struct store_query drop = { .sql = "DELETE FROM arrivals WHERE task_id = $1" };
	static const struct store_query put = { .sql = "INSERT INTO arrivals (id, ticket, agent_id, task_id, "
						       "attempt, expires_at) VALUES ($1, $2, $3, "
						       "$4, $5, $6)" };
	struct moves_task t = { 0 };
	char hash[KEYS_HASH_MAX];
	uint8_t random[32];
	const char *id = tx_id(tx, "arr");

	*ret_ok = false;
	enum rc rc = id ? moves_held(tx, agent_id, m->task_id, m->attempt, &t) : RC_NOMEM;
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	if (t.cancel_asked || t.lease_until <= tx->now_ms)
		return RC_OK;
	clock_random(random, sizeof(random));
	tunnel_auth_hex(random, sizeof(random), ret);
	keys_hash(tx->control, ret, hash);
	hush_wipe(random, sizeof(random));
	rc = store_do(tx->db, &drop, STORE_ARGS(store_text(m->task_id)), tx->fault);
	if (rc == RC_OK)
		rc = store_do(tx->db, &put,
			STORE_ARGS(store_text(id), store_text(hash), store_text(agent_id), store_text(m->task_id),
				store_int(m->attempt), store_int(tx->now_ms + ARRIVALS_TICKET_MS)),
			tx->fault);
	*ret_ok = rc == RC_OK;
	return rc;
}
