/*
 * title_facts: titles.facts: what each source said of a title last, as one JSON object, {"steam.pics":{…},…}. Pure.
 */
#pragma once

#include "base/arena.h"
#include "model/action_titles.h"
#include "wire/json.h"

#define TITLE_FACTS_DIFF_MAX (64u << 10)
#define TITLE_FACTS_MAX      (4u << 20) /* of one source */

/* The facts of one source: a struct action_title without its ref, status and reason. */
extern const struct field title_facts_fields[];
extern const struct field title_facts_depot_fields[]; /* struct action_title_depot: a build has them, too */

/* What this source said; RC_MISSING: nothing yet. Texts are in the arena. all: as stored; NULL: nothing. */
must_check enum rc title_facts_get(
	const char *all, const char *source, struct arena *a, struct action_title *ret, struct fault *f);

/* Has it said just this? Cheap: most answers are as the one before. */
must_check enum rc title_facts_same(
	const char *all, const char *source, const struct action_title *now, bool *ret_same);

struct title_facts_set {
	const char *text;  /* all of it anew, to be stored */
	const char *patch; /* of this source's part; NULL: it had none, or nothing changed */
	bool same, cut;
};
/* Puts this source's facts in. Texts are in the arena. RC_OVERLOADED: more than TITLE_FACTS_MAX. */
must_check enum rc title_facts_set(const char *all, const char *source, const struct action_title *now,
	struct arena *a, struct title_facts_set *ret, struct fault *f);
