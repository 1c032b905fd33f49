/*
 * sources_answers: what agents answered, read. Texts are in the transaction's arena. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"
#include "model/action_titles.h"

/* Of titles.poll. RC_INVALID, RC_MALFORMED: it cannot be read. */
must_check enum rc sources_answers_titles(struct tx *tx, const char *text, struct action_titles_result *ret);

/* Of manifests.probe, about the build a->page: it is to be had, or not yet, which is also what no answer means. The ask is over. */
must_check enum rc sources_answers_available(struct tx *tx, const struct source_ask *a, const char *text);
