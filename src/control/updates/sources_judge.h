/*
 * sources_judge: what an answer, or none, says of the source and of the egress by which it was asked: their breaker, and the counts of the
 * last hour. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

struct action_title;

/* What an answer's titles say of the source. */
struct sources_tally {
	int64_t asked, good;
	bool timeout, parse, any;
};
struct sources_tally sources_tally(const struct action_title *at, size_t n);

/* alive: the store answered, whatever it said. */
must_check enum rc sources_judge(
	struct tx *tx, const struct source_ask *a, const struct sources_tally *y, bool alive);
/* It was not answered, for this reason. */
must_check enum rc sources_judge_failed(
	struct tx *tx, const struct source_ask *a, enum breaker_failure how, const char *why);
