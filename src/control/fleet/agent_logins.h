/*
 * agent_logins: which agents are logged in at Epic and GOG (fleet/shop_challenges hears of it), so that what wants such a login goes to one of them
 * while there is one that may have it. When there is none, it goes to any: that answers login_required, and says what is to be done. On the
 * writer.
 */
#pragma once

#include "control/tx.h"

struct placement_task;

must_check enum rc agent_logins_hold(struct tx *tx, const char *agent_id, const char *store);
must_check enum rc agent_logins_lose(
	struct tx *tx, const char *agent_id, const char *store); /* NULL: of any store */

/* The task wants a login at the store: adds the agents that have none to those that it avoids, if one that it does not avoid has one. */
must_check enum rc agent_logins_place(struct tx *tx, const char *store, struct placement_task *to);

/* For control/owners: the store that a question to a source, or a download, is about. */
must_check enum rc agent_logins_place_ask(struct tx *tx, const char *ask_id, struct placement_task *to);
must_check enum rc agent_logins_place_download(struct tx *tx, const char *download_id, struct placement_task *to);
