#include "control/updates/sources_judge.h"
#include "control/updates/sources_egresses.h"
#include "model/action_titles.h"
#include "model/title.h"

#include <string.h>

static bool is(const char *a, const char *b) { return a && !strcmp(a, b); }

/* A store that says that a title is not there, or not for us, has answered well. */
struct sources_tally sources_tally(const struct action_title *at, size_t n)
{
	struct sources_tally y = { .any = n > 0 };

	for (size_t i = 0; i < n; i++) {
		bool known = is(at[i].status, "known");
		bool said = is(at[i].reason, "missing") || title_is_denied(at[i].reason) ||
			    is(at[i].reason, "missing_token");
		y.good += known;
		y.asked += known || !said;
		y.timeout |= !known && is(at[i].reason, "timeout");
		y.parse |= !known && is(at[i].reason, "parse");
	}
	return y;
}

/* An answer of which nothing can be read has failed as a whole; one bad record among good ones counts with the share of them. */
enum rc sources_judge(struct tx *tx, const struct source_ask *a, const struct sources_tally *y, bool alive)
{
	const struct source_kind *k = sources_kind(a->source);
	struct sources_egress e = { 0 };
	struct source s = { 0 };
	const char *why = NULL;
	bool hears = false;

	enum rc rc = sources_mark(tx, a->source, &(struct source_marks){ .asked = y->asked, .good = y->good });
	if (rc == RC_OK)
		rc = sources_load(tx, a->source, &s);
	if (rc == RC_OK)
		rc = sources_egress_of(tx, a, &s, &e, &hears);
	if (rc != RC_OK || !hears)
		return rc;
	int was = e.breaker.state;
	if (y->timeout && !k->stands_in && breaker_fail(&e.breaker, BREAKER_SLOW, tx->now_ms))
		why = "no answer within 30 s";
	else if (y->parse && y->good == 0 && breaker_fail(&e.breaker, BREAKER_BROKEN, tx->now_ms))
		why = "the answer could not be read";
	else if (breaker_count(&e.breaker, y->asked, y->good, tx->now_ms))
		why = "less than 80 of 100 answers said something";
	else if (alive && !y->timeout)
		(void)breaker_succeed(&e.breaker, tx->now_ms);
	return sources_egress_judged(tx, &s, &e, was, why);
}

enum rc sources_judge_failed(struct tx *tx, const struct source_ask *a, enum breaker_failure how, const char *why)
{
	struct sources_egress e = { 0 };
	struct source s = { 0 };
	bool hears = false;

	enum rc rc = sources_load(tx, a->source, &s);
	if (rc == RC_OK)
		rc = sources_egress_of(tx, a, &s, &e, &hears);
	if (rc != RC_OK || !hears)
		return rc;
	int was = e.breaker.state;
	(void)breaker_fail(&e.breaker, how, tx->now_ms);
	return sources_egress_judged(tx, &s, &e, was, why);
}
