/*
 * states: the one door through which an account changes its state, or what is wanted of it: row, history and event in one
 * transaction (product.md 5.6, A5). On the writer. What the agent has to know of it is told after the commit (hub/bots).
 */
#pragma once

#include "control/fleet/account_row.h"

/* An account as its life needs it. Texts are in the arena. */
struct states_account {
	const char *id, *agent_id; /* agent_id: who holds it, or held it last */
	bool enabled, held, moving;
	bool quarantined; /* by an operator: off until that is cleared */
	int state, mode;  /* enum account_state, enum account_mode */
	int64_t epoch, generation, want_until;
	const char *reason;
};

/* RC_MISSING: there is no such account. */
must_check enum rc states_load(struct tx *tx, const char *id, struct states_account *ret);

/* Why a state follows. */
struct states_why {
	const char *reason; /* a code; NULL: none */
	uint32_t eresult;   /* Steam's; 0: none */
	int64_t until;      /* of cooling_down */
};

/* Into another state, or the same one for another reason. One that is quarantined rests there and not in offline. */
must_check enum rc states_move(
	struct tx *tx, struct states_account *a, enum account_state to, const struct states_why *why);

/* By the table of model/account, for what people do. RC_CONFLICT: not lawful now; `what` names the deed. */
must_check enum rc states_do(struct tx *tx, struct states_account *a, enum account_event event, const char *what);

/* 17, by an operator: its session is logged off, and none begins until states_clear. RC_CONFLICT: it is already so. */
must_check enum rc states_quarantine(struct tx *tx, const char *id);
/* 22. RC_CONFLICT: neither an operator nor Steam's word has quarantined it. */
must_check enum rc states_clear(struct tx *tx, const char *id);

/* What is wanted from now on. *ret_generation (may be NULL) is its number. */
must_check enum rc states_want(
	struct tx *tx, const char *id, const struct account_desired *want, int64_t *ret_generation);

/* By a session.login or session.logout: the mode alone, and only when the account is not there already. */
must_check enum rc states_want_online(struct tx *tx, const char *id, bool online);

/* Its agent has to be told anew what it is; nothing when no agent holds it. */
must_check enum rc states_tell(struct tx *tx, const char *id);

/* `enabled` of its row has changed: 1 and 24. */
must_check enum rc states_enabled(struct tx *tx, const char *id);

/* Has an agent a session of it that must be logged off before another may have it? */
bool states_is_live(const struct states_account *a);

/* Out of failed (23); without effect in another state. */
must_check enum rc states_secret_changed(struct tx *tx, const char *id);

/* Forgets history and the rest that belongs to an account. */
must_check enum rc states_forget(struct tx *tx, const char *id);

/* Old rows of the history. */
must_check enum rc states_sweep(struct tx *tx);
