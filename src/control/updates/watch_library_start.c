#include "control/access/decide.h"
#include "control/engine/submit.h"
#include "control/fleet/labels.h"
#include "control/updates/watch_library.h"
#include "model/action_library.h"

enum rc watch_library_start(
	struct call *c, const char *account_id, const struct field_list *labels, const char **ret_id)
{
	static const struct store_query add = {
		.sql = "INSERT INTO watch_imports (id, labels, tenant_id, created_by, "
		       "created_at) VALUES ($1, $2, $3, $4, $5)"
	};
	const struct decide_use use = { .account_id = account_id, .action = action_library_list.name };
	const char *id = tx_id(&c->tx, "wim"), *text = labels_json(c->tx.arena, labels), *task = NULL;

	if (!id || !text)
		return RC_NOMEM;
	enum rc rc = decide_use(&c->tx, c->who, SCOPE_LIBRARY_READ, &use);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &add,
			STORE_ARGS(store_text(id), store_text(text), store_text(tx_tenant(&c->tx)),
				store_text(c->tx.actor), store_int(c->tx.now_ms)),
			c->tx.fault);
	if (rc == RC_OK)
		rc = submit_own(&c->tx,
			&(struct submit_try){ .action = &action_library_list,
				.account_id = account_id,
				.owner = id,
				.payload = "{}",
				.created_by = c->tx.actor,
				.priority = 5 },
			&task);
	*ret_id = id;
	return rc;
}
