#include "agent/actions/titles/shop_poll.h"

#include <string.h>

#define CALL_MS 30000u

const char *shop_poll_reason(const struct action_task *t, enum rc rc)
{
	switch ((int)rc) {
	case RC_DENIED:
		return t->code && !strcmp(t->code, TITLES_LOGIN) ? TITLES_LOGIN : TITLES_DENIED;
	case RC_LIMIT:
		return TITLES_RATE_LIMITED;
	case RC_MALFORMED:
	case RC_TOO_LARGE:
		return TITLES_PARSE;
	case RC_MISSING:
		return TITLES_MISSING;
	case RC_TIMEOUT:
		return TITLES_TIMEOUT;
	default:
		return NULL;
	}
}

static enum rc ask(struct titles_poll *p, const struct shop_poll *how, size_t at, const char *variant,
	struct http_answer *ret, struct fault *f)
{
	struct shop_web_ask ask = { .url = how->address(p, at, variant),
		.token = how->token,
		.login = how->login,
		.lane = how->lane,
		.body_max = 16u << 20 };

	if (!ask.url)
		return fault_set(f, RC_INVALID, "refs: %.60s is no title of this store", p->refs[at]);
	if (!titles_until(p, CALL_MS, &ask.deadline_ms))
		return fault_set(f, RC_TIMEOUT, "the time for the task is over");
	p->calls++;
	return shop_web_get(p->task, &ask, ret, f);
}

/* One title in all variants: it is there when one of them is. */
static enum rc poll_one(struct titles_poll *p, const struct shop_poll *how, size_t at, struct fault *f)
{
	struct action_title t = { 0 };
	enum rc rc = RC_MISSING;

	for (unsigned i = 0; i < how->variants_n; i++) {
		struct http_answer a = { 0 };
		enum rc one = ask(p, how, at, how->variants[i], &a, f);
		p->alive = p->alive || one == RC_OK || one == RC_DENIED || one == RC_LIMIT;
		if (one == RC_OK)
			one = how->read(p, at, &a, &t, f);
		http_answer_done(&a);
		if (one != RC_OK &&
			one != RC_MISSING) /* half of a title is not told: it would look as if the rest were gone */
			return one;
		rc = one == RC_OK ? RC_OK : rc;
	}
	if (rc == RC_OK)
		titles_known(p, at, &t);
	return rc;
}

enum rc shop_poll_run(struct titles_poll *p, const struct shop_poll *how, struct fault *f)
{
	for (size_t i = 0; i < p->n; i++) {
		enum rc rc = poll_one(p, how, i, f);
		const char *why = rc == RC_OK ? NULL : shop_poll_reason(p->task, rc);
		if (rc == RC_INVALID)
			return rc;
		if (rc == RC_LIMIT || rc == RC_TIMEOUT) { /* neither have the others time */
			p->rest = why;
			break;
		}
		if (rc != RC_OK && !why) { /* what came before is told, when something did */
			if (!p->alive)
				return rc;
			break;
		}
		if (why)
			titles_unknown(p, i, why, NULL);
		rc = titles_tell(p, f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}
