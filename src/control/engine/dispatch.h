/*
 * dispatch: which agent gets which task, decided and leased in one transaction. On the writer's thread.
 *
 * A task goes to the agent that model/placement chooses among all that are connected, here or at another control plane: to the one that
 * holds the account, or may hold it from now on (see fleet/bots). If that one has no room, the task waits for it PARK_AGAIN_MS; then who
 * has no room stands behind. An account's tasks go one at a time; while nobody knows what became of one, no other with the same action goes, so
 * that what is found at Steam is that one's.
 *
 * In which order tasks get their turn is engine/turns; what cannot be handed out is parked (engine/park), so that a look at the
 * queue does not pass it again and again.
 */
#pragma once

#include "base/field.h"
#include "control/engine/offer.h"
#include "control/tx.h"

struct action;

#define DISPATCH_AT_ONCE 64  /* tasks that one agent gets in one transaction */
#define DISPATCH_LOOKS   256 /* tasks that one transaction looks at: each is handed out, or parked */

/* A task that was leased, with what the agent must know. In the arena. */
struct dispatch_grant {
	size_t offer; /* whose */
	const char *task_id, *job_id, *nonce, *action, *account_id, *login, *payload, *trace_id;
	const char *traceparent; /* of the span that made the job; "": none */
	int64_t due_ms;          /* since when it could have been taken */
	const char *sealed;      /* NULL: none */
	uint32_t attempt;
	bool probe, dry_run;
	int64_t intent_ms;  /* with probe */
	const char *intent; /* the same */
	const struct action *decl;
};

/* Leases what can be; *ret_more: an agent got as many as it may at once, there may be more. */
must_check enum rc dispatch_lease(struct tx *tx, const struct dispatch_offer *offers, size_t n,
	struct field_list *ret_grants, bool *ret_more);
