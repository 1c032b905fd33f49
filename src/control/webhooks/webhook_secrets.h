/* webhook_secrets: what an endpoint's deliveries are signed with. In the vault; it leaves by here, for a delivery or its maker. */
#pragma once

#include "control/tx.h"
#include "wire/webhook_sign.h"

#define WEBHOOK_SECRETS_MAX 2 /* the present ones, and those before the last rotation */

/* Makes new ones; the present ones become the old when `rotated`. *ret_secret and *ret_public are in the arena. On the writer. */
must_check enum rc webhook_secrets_make(
	struct tx *tx, const char *webhook_id, bool rotated, const char **ret_secret, const char **ret_public);

/* The first n pairs; to be wiped by the caller, also after a failure. */
must_check enum rc webhook_secrets_get(struct tx *tx, const char *webhook_id, size_t n,
	uint8_t keys[static WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY],
	uint8_t seeds[static WEBHOOK_SECRETS_MAX][WEBHOOK_SIGN_KEY]);
