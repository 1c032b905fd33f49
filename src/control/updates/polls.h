/*
 * polls: somebody wants to know now. A poll is a set of titles and, for each, the answer that came first: changed, unchanged or
 * unknown. Answers come from control/updates/titles; what is still open is found by titles_due. On the writer's thread.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

#define POLLS_OPEN_MAX 100                    /* that run at once, of all tenants */
#define POLLS_LAST_MS  (2 * (int64_t)3600000) /* what was not answered after so long is unknown */
#define POLLS_KEEP_MS  (7 * (int64_t)86400000)

enum polls_answer { POLLS_CHANGED, POLLS_UNCHANGED, POLLS_UNKNOWN };
extern const char *const polls_answer_words[];

/* The polls that run, and what this fold has answered of them. */
struct polls_count {
	const char *id, *mode, *tenant_id;
	int64_t total, n[3];
};
struct polls_open {
	struct field_list at; /* of struct polls_count */
};
must_check enum rc polls_look(struct tx *tx, struct polls_open *ret);
/* whole: more than its number is known. A poll for whole titles hears of nothing less. */
must_check enum rc polls_answered(
	struct tx *tx, struct polls_open *p, const char *title_id, enum polls_answer answer, bool whole);
/* Their rows and events: poll.progress, poll.finished. */
must_check enum rc polls_told(struct tx *tx, struct polls_open *p);

/* Somebody does not want to know any more. RC_MISSING: there is none; RC_CONFLICT: it is over. Event poll.canceled. */
must_check enum rc polls_cancel(struct tx *tx, const char *id);

/* Ends polls that ran for too long, and forgets old ones. */
must_check enum rc polls_scan(struct tx *tx);
