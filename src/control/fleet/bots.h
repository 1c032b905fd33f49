/*
 * bots: which agent holds which account. An account has a lease: held by one agent, for as long as that agent is heard
 * (agents.lease_until, renewed by its HEARTBEAT), under an epoch that grows with every lease. On the writer.
 *
 * An account that is wanted online is given to the agent that model/placement chooses. It is given up when the agent has been silent for a lease and BOTS_GRACE_MS (by then
 * the agent has logged it off by itself), when it must move (the agent is first told to log it off), or when nothing was
 * wanted of it for BOTS_IDLE_MS. So at most one agent has a session of it (product.md 5.6, A1). What the agents are told
 * goes out after the commit, see hub/push.
 */
#pragma once

#include "control/tx.h"

struct states_account;

#define BOTS_GRACE_MS 5000
#define BOTS_IDLE_MS  60000
#define BOTS_AT_ONCE  256 /* accounts that one scan gives away */

/* A task goes to this agent: the account is its own from now on. RC_CONFLICT: another holds it. */
must_check enum rc bots_hold(struct tx *tx, const char *account_id, const char *agent_id);

/* Nobody holds it any more; who did is told to forget it. Nothing when nobody did. */
must_check enum rc bots_release(struct tx *tx, const char *account_id, const char *reason);

/*
 * The session is logged off, and on again: first its agent is told to log it off; when it says that it has (bots_restarted, by what it
 * says under the new generation), it is told what is wanted. Retries one that failed. RC_CONFLICT: nothing is wanted of it.
 */
must_check enum rc bots_restart(struct tx *tx, const char *account_id);
must_check enum rc bots_restarted(struct tx *tx, const struct states_account *a, int64_t seen_generation);

/* Its agent begins with it anew, without a session: the agent was started again. What it was doing before has ended. */
must_check enum rc bots_begun(struct tx *tx, struct states_account *a, int64_t seen_generation);

/* Region or egress of an account has changed: if its agent does not fit any more, it has to move. */
must_check enum rc bots_place(struct tx *tx, const char *account_id);

/* An agent came (back): it is told of all it holds. */
must_check enum rc bots_welcome(struct tx *tx, const char *agent_id);

/* After the start of the only control plane: agents get a whole lease to come back. */
must_check enum rc bots_revive(struct tx *tx);

/* What time and silence bring: lapsed leases, moments that have come, accounts to give away and to give up. */
must_check enum rc bots_scan(struct tx *tx);

/* What an account is wanted to do at this moment: nothing while it is disabled, quarantined, failed, moves, or its time is over. */
enum account_mode bots_mode(const struct states_account *a, int64_t now_ms);
