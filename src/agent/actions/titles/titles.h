/*
 * titles: what the sources of titles.poll share. A source is a row of the table in poll.c: it asks one store in one way. It answers
 * each ref by titles_known or titles_unknown, in any order, and calls titles_tell after each answer of the store, so that what is known
 * early is used early. What it leaves unanswered is unknown for `rest`. On the task's worker.
 */
#pragma once

#include "agent/action_run.h"
#include "model/action_titles.h"

#include <stdbool.h>

/* Why nothing is known of a title. */
#define TITLES_MISSING       "missing" /* the store says that there is no such title */
#define TITLES_TIMEOUT       "timeout"
#define TITLES_EMPTY         "empty" /* it answered, and left the title out or said nothing of it */
#define TITLES_MISSING_TOKEN "missing_token"
#define TITLES_DENIED        "denied"
#define TITLES_LOGIN         "login_required" /* the agent is not logged in at the store */
#define TITLES_LICENSE       "license"        /* it is, and its login does not have the title */
#define TITLES_RATE_LIMITED  "rate_limited"
#define TITLES_PARSE         "parse" /* what came cannot be read */

struct titles_poll {
	struct action_task *task;
	const struct action_titles *want;
	const char *const *refs;     /* want->refs */
	struct action_title *titles; /* one for each ref; status NULL: not answered yet */
	size_t n;
	uint32_t calls;   /* counted by the source */
	bool alive;       /* set by the source: some answer came */
	const char *rest; /* the reason of what is left; TITLES_TIMEOUT unless the source says otherwise */
	size_t *waiting;  /* indices that were answered and not told; the rest is poll.c's */
	size_t waiting_n;
	uint64_t told_ms;
};

struct titles_source {
	const char *name; /* "steam.pics" */
	/* A failure is the task's, and loses what was answered: only for "the store was not reached at all". */
	enum rc (*run)(struct titles_poll *p, struct fault *f);
	size_t refs_max, refs_max_metadata; /* of one task */
};

/* `t` is copied, what it points to lives in the task's arena; ref and status are filled in. A ref is answered once: later answers do
 * not count. */
void titles_known(struct titles_poll *p, size_t at, const struct action_title *t);
/* `t` NULL: nothing else is known of it. */
void titles_unknown(struct titles_poll *p, size_t at, const char *reason, const struct action_title *t);
/* All that are not answered yet. */
void titles_unknown_rest(struct titles_poll *p, const char *reason);
/* Tells what was answered since the last time, at most twice a second. RC_CANCELED: the source ends. */
must_check enum rc titles_tell(struct titles_poll *p, struct fault *f);
/* Until when one call may take: `ms` from now, and never so long that the task could not tell what it has. False: no time is left. */
must_check bool titles_until(const struct titles_poll *p, uint32_t ms, uint64_t *ret_deadline_ms);
