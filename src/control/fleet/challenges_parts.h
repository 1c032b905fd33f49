/* challenges_parts: what challenges and shop_challenges share: the row, and how it ends. On the writer. */
#pragma once

#include "base/field.h"
#include "control/tx.h"

enum challenges_state {
	CHALLENGES_OPEN,
	CHALLENGES_ANSWERED,
	CHALLENGES_ACCEPTED,
	CHALLENGES_EXPIRED,
	CHALLENGES_REFUSED,
	CHALLENGES_MOOT
};
extern const char *const challenges_state_words[];
enum challenges_kind {
	CHALLENGES_GUARD_EMAIL,
	CHALLENGES_GUARD_TOTP,
	CHALLENGES_DEVICE_APPROVAL,
	CHALLENGES_QR,
	CHALLENGES_PARENTAL_PIN,
	CHALLENGES_SHOP_LOGIN /* an agent's: the others are accounts' */
};

extern const char *const challenges_kind_words[];

struct challenge {
	const char *id, *account_id, *agent_id, *store; /* account_id, or agent_id and store */
	int kind, state;                                /* enum challenges_kind, challenges_state */
	const char *hint, *qr_url, *url, *job_id;
	uint32_t answers;
	const char *answered_by;
	int64_t answered_at;
	bool delivered;
	int64_t expires_at, created_at, updated_at;
};

extern const struct field challenges_fields[];
#define CHALLENGES_COLUMNS                                                                                \
	"id, account_id, agent_id, store, url, job_id, kind, state, hint, qr_url, answers, answered_by, " \
	"answered_at, delivered, expires_at, "                                                            \
	"created_at, updated_at"

must_check enum rc challenges_load(struct tx *tx, const char *id, struct challenge *ret);
/* An event of it; `more`: members of its payload, each after a comma. */
must_check enum rc challenges_told(struct tx *tx, const char *type, const struct challenge *v, const char *more);
must_check enum rc challenges_tell_opened(struct tx *tx, const struct challenge *v);
/* It is over: an answer that is still here is not wanted any more. */
must_check enum rc challenges_end(struct tx *tx, const struct challenge *v, enum challenges_state state);
