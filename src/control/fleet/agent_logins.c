#include "control/fleet/agent_logins.h"
#include "control/fleet/roster.h"
#include "model/placement.h"

#include <string.h>

enum rc agent_logins_hold(struct tx *tx, const char *agent_id, const char *store)
{
	static const struct store_query add = {
		.sql = "INSERT INTO agent_logins (agent_id, store, since) VALUES ($1, $2, "
		       "$3) ON CONFLICT (agent_id, store) DO NOTHING"
	};
	return store_do(tx->db, &add, STORE_ARGS(store_text(agent_id), store_text(store), store_int(tx->now_ms)),
		tx->fault);
}

enum rc agent_logins_lose(struct tx *tx, const char *agent_id, const char *store)
{
	static const struct store_query drop = {
		.sql = "DELETE FROM agent_logins WHERE agent_id = $1 AND ($2 = '' OR store = $2)"
	};
	return store_do(tx->db, &drop, STORE_ARGS(store_text(agent_id), store_text(store ? store : "")), tx->fault);
}

static bool has(const struct field_list *ids, const char *id)
{
	const char *const *at = ids->at;

	for (size_t i = 0; i < ids->n; i++)
		if (!strcmp(at[i], id))
			return true;
	return false;
}

enum rc agent_logins_place(struct tx *tx, const char *store, struct placement_task *to)
{
	static const struct store_query all = { .sql = "SELECT g.id, CASE WHEN l.agent_id IS NULL THEN 0 ELSE 1 "
						       "END, g.cordoned FROM agents g LEFT JOIN "
						       "agent_logins l ON l.agent_id = g.id AND l.store = $1 WHERE "
						       "g.state = 'connected' AND ($2 = '' OR "
						       "g.region_id = $2) ORDER BY g.id LIMIT $3" };
	const char **avoid = arena_take(tx->arena, (to->avoid.n + ROSTER_MAX) * sizeof(*avoid));
	auto_rows struct store_rows *r = NULL;
	size_t n = to->avoid.n;
	bool row = false, any = false;
	enum rc rc = avoid ? store_run(tx->db, &all,
				     STORE_ARGS(store_text(store), store_text(to->region_id ? to->region_id : ""),
					     store_int(ROSTER_MAX)),
				     &r, tx->fault)
			   : RC_NOMEM;

	if (rc == RC_OK && n)
		memcpy(avoid, to->avoid.at, n * sizeof(*avoid));
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		const char *id = arena_str(tx->arena, store_col_text(r, 0));
		if (!id)
			return RC_NOMEM;
		if (!store_col_int(r, 1))
			avoid[n++] = id;
		else
			any |= !store_col_int(r, 2) && !has(&to->avoid, id);
	}
	if (rc == RC_OK && any)
		to->avoid = (struct field_list){ avoid, n };
	return rc;
}

/* The query answers the store, or NULL. */
static enum rc place_as(struct tx *tx, const struct store_query *q, const char *id, struct placement_task *to)
{
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, q, STORE_ARGS(store_text(id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	const char *store = store_col_text(r, 0) ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	store_close(take(r));
	return store ? agent_logins_place(tx, store, to) : RC_OK;
}

enum rc agent_logins_place_ask(struct tx *tx, const char *ask_id, struct placement_task *to)
{
	/* GOG answers such questions without a login. */
	static const struct store_query find = {
		.sql = "SELECT CASE WHEN source LIKE 'epic.%' THEN 'epic' END FROM source_asks WHERE id = $1"
	};
	return to->only ? RC_OK : place_as(tx, &find, ask_id, to);
}

enum rc agent_logins_place_download(struct tx *tx, const char *download_id, struct placement_task *to)
{
	/* Quotes within a text are escaped: only the member itself looks like this. */
	static const struct store_query find = {
		.sql = "SELECT CASE WHEN source LIKE '%\"kind\":\"epic\"%' THEN 'epic' WHEN source LIKE "
		       "'%\"kind\":\"gog\"%' THEN 'gog' END FROM downloads WHERE id = $1"
	};
	return place_as(tx, &find, download_id, to);
}
