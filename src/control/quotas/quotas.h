/*
 * quotas: how much somebody may have at once. A quota is a row: a subject (a key, a user, a group, a tenant), a resource, and the most
 * of it that the subject may have. What is made reserves of every quota that its maker falls under, or of none; what ends gives back
 * exactly what it held, once. Any number of quotas may fit; so the least counts. A maker's subjects are: itself, for a key its
 * user, that user's groups, and the tenant of what is made. What a schedule or a batch of keys makes is its maker's.
 *
 * The truth is in the database: quotas.used is the sum of quota_reservations.n, and those are what lives. On the writer's thread, of
 * which there is one at a time over all control planes. A tenant without quotas costs one look at an index, and a job without
 * reservations costs nothing more.
 */
#pragma once

#include "control/tx.h"

#define QUOTA_API_KEYS    "api_keys" /* not revoked */
#define QUOTA_DOWNLOADS   "downloads.active" /* transfers that have a slot: others wait */
#define QUOTA_JOBS_ACTIVE "jobs.active"
#define QUOTA_SCHEDULES   "schedules"
#define QUOTA_TASKS_OPEN  "tasks.open"
#define QUOTA_WATCHES     "watches"
#define QUOTA_WEBHOOKS    "webhooks"

#define QUOTAS_MAX      1000 /* of a tenant */
#define QUOTAS_MOST_MAX 1000000000000000

/* Not counted here: bytes of a day and a month, and bits a second, of downloads; see downloads/download_bytes. */
#define QUOTA_BYTES_DAY   "download.bytes_day"
#define QUOTA_BYTES_MONTH "download.bytes_month"
#define QUOTA_BANDWIDTH   "download.bandwidth"

struct quotas_want {
	const char *resource;
	int64_t n; /* 0: none */
};
struct quotas_ask {
	const char *tenant_id; /* of what is made */
	const char *maker;     /* "key:apk_…", "user:usr_…", "schedule:sch_…", "batch:kb_…" */
	const char *owner_id;  /* what holds it: its end settles it. It has no reservations yet */
	const struct quotas_want *wants;
	size_t n;
};

/*
 * All of it, or RC_QUOTA and nothing was written; tx->violated then names the quota ("user:usr_… jobs.active"). To be called before
 * what is made is written. *ret_held: there is something to settle; may be NULL.
 */
must_check enum rc quotas_reserve(struct tx *tx, const struct quotas_ask *a, bool *ret_held);

/* One of a resource for who acts. */
must_check enum rc quotas_reserve_one(
	struct tx *tx, const char *resource, const char *tenant_id, const char *owner_id);

/* Gives back what it holds. Nothing when it holds nothing, or did so before. */
must_check enum rc quotas_settle(struct tx *tx, const char *owner_id);

/* One task of this job is over. */
must_check enum rc quotas_task_over(struct tx *tx, const char *job_id);

/* A new quota: what its subject has already counts, even if it is more than the most. (quotas_adopt.c) */
must_check enum rc quotas_adopt(struct tx *tx, const char *quota_id);
