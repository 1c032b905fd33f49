/*
 * sweep: forgets what is kept for a time only: answers to idempotency keys, histories, events, deliveries of webhooks. One control plane
 * at a time does it. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct sweep;

must_check enum rc sweep_new(struct control *c, struct sweep **ret, struct fault *f);
void sweep_free(struct sweep *s); /* when the writer has ended */
OWN_DEFINE(sweep)

/* Quotas: reservations whose owner is gone or over are dropped, and what is used is counted anew (quotas/quotas_sweep). */
struct tx;
must_check enum rc quotas_sweep(struct tx *tx);

/* Jobs that areas make by themselves, many of them (submit_try.quiet), are forgotten an hour after their end (engine/quiet). */
must_check enum rc quiet_sweep(struct tx *tx);

/* Jobs of people that ended longer ago than control_conf.jobs_keep_ms, with their tasks; some at a time (engine/old_jobs). */
must_check enum rc old_jobs_sweep(struct tx *tx, bool *ret_more);

/* What ends artifacts, and takes contents away that nobody uses (artifacts/cleaner). */
struct cleaner;
must_check enum rc cleaner_new(struct control *c, struct cleaner **ret, struct fault *f);
void cleaner_stop(struct cleaner *k); /* ends its thread; before the loop's last turns. Takes NULL */
void cleaner_free(struct cleaner *k); /* takes NULL */
OWN_DEFINE(cleaner)

/* What sees to the audit trail by the clock (audit/steward). */
struct steward;
/* RC_INVALID: the configuration is malformed. */
must_check enum rc steward_new(struct control *c, struct steward **ret, struct fault *f);
void steward_stop(struct steward *s); /* a last checkpoint. Before the writer ends. Takes NULL */
void steward_free(struct steward *s); /* after it has ended. Takes NULL */
OWN_DEFINE(steward)
