#include "model/task.h"

#include <stddef.h>
#include <string.h>

const char *const task_words[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention", "succeeded",
	"failed", "canceled", "expired", NULL };
const char *const task_shown_words[] = { "queued", "leased", "running", "outcome_unknown", "needs_attention",
	"succeeded", "failed", "canceled", "expired", "reconciling", NULL };
const char *const task_class_words[] = { "read", "idempotent", "guarded", "once", NULL };

#define TO(status) (1u << TASK_##status)

/* A result may come before the agent's acceptance was seen: so LEASED may end at once. What a restored database has queued may have
 * been done in the time that was lost. */
static const unsigned lawful[TASK_STATUSES] = {
	[TASK_QUEUED] = TO(LEASED) | TO(UNKNOWN) | TO(FAILED) | TO(CANCELED) | TO(EXPIRED),
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

enum task_trouble task_trouble_of(const char *code)
{
	static const struct {
		const char *code;
		enum task_trouble trouble;
	} known[] = { { "agent_restarted", TASK_LOST }, { "agent_stopped", TASK_LOST },
		{ "lease_expired", TASK_LOST }, { "lost_by_agent", TASK_LOST },
		{ "quota_exceeded", TASK_THROTTLED }, { "rate_limited", TASK_THROTTLED }, { "rejected", TASK_LOST },
		{ "session_offline", TASK_AWAY }, { "web_session_lost", TASK_AWAY } };

	for (size_t i = 0; code && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].code, code))
			return known[i].trouble;
	return TASK_OTHER;
}

static uint32_t first_said(uint32_t job, uint32_t action, uint32_t class)
{
	return job ? job : action ? action : class;
}

struct task_policy task_policy_of(
	enum task_class class, const struct task_policy *action, const struct task_policy *job)
{
	static const struct task_policy nothing;
	const struct task_policy *a = action ? action : &nothing, *j = job ? job : &nothing;
	bool repeats = task_may_repeat(class);
	uint32_t most = repeats ? TASK_ATTEMPTS_MAX : TASK_ATTEMPTS_EFFECT;
	struct task_policy p = {
		.max_attempts = first_said(
			j->max_attempts, a->max_attempts, repeats ? TASK_ATTEMPTS_DEFAULT : TASK_ATTEMPTS_EFFECT),
		.backoff_ms = first_said(j->backoff_ms, a->backoff_ms, TASK_BACKOFF_MS),
		.backoff_max_ms = first_said(j->backoff_max_ms, a->backoff_max_ms, TASK_BACKOFF_MAX_MS),
		.never = a->never,
	};
	if (p.max_attempts > most)
		p.max_attempts = most;
	if (p.backoff_max_ms > TASK_BACKOFF_LIMIT_MS)
		p.backoff_max_ms = TASK_BACKOFF_LIMIT_MS;
	if (p.backoff_ms > p.backoff_max_ms)
		p.backoff_ms = p.backoff_max_ms;
	return p;
}

bool task_may_retry(const struct task_policy *p, const char *code, bool retryable)
{
	return retryable && !(p->never & 1u << task_trouble_of(code));
}

int64_t task_wait_ms(const struct task_policy *p, uint32_t attempt, uint32_t random, int64_t retry_after_ms)
{
	int64_t most = p->backoff_ms;

	for (uint32_t i = 1; i < attempt && most < p->backoff_max_ms; i++)
		most *= 2;
	if (most > p->backoff_max_ms)
		most = p->backoff_max_ms;
	if (retry_after_ms > TASK_RETRY_AFTER_MAX_MS)
		retry_after_ms = TASK_RETRY_AFTER_MAX_MS;
	return (retry_after_ms > 0 ? retry_after_ms : 0) + random % (most + 1);
}

static enum task_status after(const struct task *t, enum task_class class, struct task_failure how)
{
	bool left = t->attempt < t->max_attempts;

	if (!how.effect || task_may_repeat(class))
		return how.retryable && left ? TASK_QUEUED : TASK_FAILED;
	return class == TASK_GUARDED && left ? TASK_QUEUED : TASK_UNKNOWN;
}

enum rc task_retry(struct task *t, enum task_class class, struct task_failure how, int64_t wait_ms, int64_t now_ms)
{
	enum task_status to = after(t, class, how);
	enum rc rc = task_move(t, to, now_ms);
	if (rc == RC_OK && to == TASK_QUEUED) {
		t->not_before_ms = now_ms + wait_ms;
		t->probe |= how.effect && !task_may_repeat(class);
	}
	return rc;
}
