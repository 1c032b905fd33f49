#include "model/task.h"

#include <stddef.h>

const char *const task_words[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention", "succeeded",
	"failed", "canceled", "expired", NULL };
const char *const task_shown_words[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention",
	"succeeded", "failed", "canceled", "expired", "reconciling", NULL };
const char *const task_class_words[] = { "read", "idempotent", "guarded", "once", NULL };

#define TO(status) (1u << TASK_##status)

/* A result may come before the agent's acceptance was seen: so LEASED may end at once. */
static const unsigned lawful[TASK_STATUSES] = {
	[TASK_QUEUED] = TO(LEASED) | TO(FAILED) | TO(CANCELED) | TO(EXPIRED),
	[TASK_LEASED] = TO(RUNNING) | TO(QUEUED) | TO(UNKNOWN) | TO(SUCCEEDED) | TO(FAILED) | TO(CANCELED),
	[TASK_RUNNING] = TO(QUEUED) | TO(UNKNOWN) | TO(SUCCEEDED) | TO(FAILED) | TO(CANCELED),
	[TASK_UNKNOWN] = TO(ATTENTION) | TO(SUCCEEDED) | TO(FAILED),
	[TASK_ATTENTION] = TO(SUCCEEDED) | TO(FAILED),
};

enum rc task_move(struct task *t, enum task_status to, int64_t now_ms)
{
	if (!(lawful[t->status] & 1u << to))
		return RC_CONFLICT;
	if (to == TASK_LEASED)
		t->attempt++;
	if (to != TASK_LEASED && to != TASK_RUNNING)
		t->lease_until_ms = 0;
	t->status = to;
	t->since_ms = now_ms;
	return RC_OK;
}

static int64_t backoff_ms(uint32_t attempt, uint32_t random)
{
	int64_t most = TASK_BACKOFF_MS;
	for (uint32_t i = 1; i < attempt && most < TASK_BACKOFF_MAX_MS; i++)
		most *= 2;
	if (most > TASK_BACKOFF_MAX_MS)
		most = TASK_BACKOFF_MAX_MS;
	return random % (most + 1);
}

static enum task_status after(const struct task *t, enum task_class class, struct task_failure how)
{
	bool left = t->attempt < t->max_attempts;

	if (!how.effect || task_may_repeat(class))
		return how.retryable && left ? TASK_QUEUED : TASK_FAILED;
	return class == TASK_GUARDED && left ? TASK_QUEUED : TASK_UNKNOWN;
}

enum rc task_retry(struct task *t, enum task_class class, struct task_failure how, uint32_t random, int64_t now_ms)
{
	enum task_status to = after(t, class, how);
	enum rc rc = task_move(t, to, now_ms);
	if (rc == RC_OK && to == TASK_QUEUED) {
		t->not_before_ms = now_ms + backoff_ms(t->attempt, random);
		t->probe |= how.effect && !task_may_repeat(class);
	}
	return rc;
}
