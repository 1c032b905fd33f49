/*
 * download_account: whose session a download uses, and which accounts have no licence for what. product.md 5.9.3. On the writer.
 */
#pragma once

#include "control/downloads/download_request.h"

enum download_choice {
	DOWNLOAD_CHOICE_MADE,  /* *ret_id; NULL: an agent's own session, which is nobody's */
	DOWNLOAD_CHOICE_LATER, /* there is one that could have it, and it has no session now */
	DOWNLOAD_CHOICE_NONE,  /* nobody is left that could have it */
};

/*
 * Of the accounts of its tenant that its request lets through, and that are not known to have no licence: the one with a session that had
 * a download longest ago. Downloads of one account run one after another over the same session.
 */
must_check enum rc download_account_choose(struct tx *tx, const struct download_row *d,
	const struct download_request *in, enum download_choice *ret, const char **ret_id);

/* It had a download now. */
must_check enum rc download_account_used(struct tx *tx, const char *account_id);

#define DOWNLOAD_ACCOUNT_DENIALS   3 /* so often no licence, and it is not asked again for */
#define DOWNLOAD_ACCOUNT_DENIED_MS 86400000
must_check enum rc download_account_denied(struct tx *tx, const char *account_id, uint32_t app_id);
must_check enum rc download_account_licensed(struct tx *tx, const char *account_id, uint32_t app_id);
