/*
 * challenges: what Steam wants from a person before an account is logged on: a code, an approval, a QR code read by a phone.
 * The agent that logs the account on opens one, a person answers it once, over the API; the answer is sealed to the agent that
 * holds the account by then (hub/push) and forgotten when it was delivered. A challenge outlives both ends: it is a row. Those of agents
 * themselves, for Epic and GOG: shop_challenges.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct states_account;

/* What an agent tells. The same id again: a QR code has changed, or an answer was wrong and another is wanted. */
struct challenges_opened {
	const char *id, *hint, *qr_url;
	int kind;
	int64_t expires_at;
};
extern const struct field challenges_opened_fields[];

struct challenges_closed {
	const char *id;
	int outcome;
};
extern const struct field challenges_closed_fields[];

/* RC_INVALID: it has no such id. */
must_check enum rc challenges_open(
	struct tx *tx, const struct states_account *a, const struct challenges_opened *said);
must_check enum rc challenges_close(
	struct tx *tx, const struct states_account *a, const struct challenges_closed *said);

/* Those whose time is over. */
must_check enum rc challenges_expire(struct tx *tx);

/* The account begins anew: what was asked for it is not wanted any more. */
must_check enum rc challenges_moot(struct tx *tx, const char *account_id);

/* The account is deleted. */
must_check enum rc challenges_forget(struct tx *tx, const char *account_id);

/* The agent was given the answer: it is forgotten here. */
must_check enum rc challenges_delivered(struct tx *tx, const char *id);
