/* provider_close: an identity provider's word counts no more: who came by it is logged off. */
#pragma once

#include "control/tx.h"

/* Ends every session that came by it, with events and audit rows. On the writer. */
must_check enum rc provider_close(struct tx *tx, const char *idp_id, const char *why);

/* Forgets its secrets, and what was fetched from it. */
must_check enum rc provider_close_secrets(struct tx *tx, const char *idp_id);

/* Forgets who its people are, and the groups that it gave. */
must_check enum rc provider_close_people(struct tx *tx, const char *idp_id);
