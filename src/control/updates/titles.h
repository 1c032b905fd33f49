/*
 * titles: what stores say of titles, folded into what is known: rows, changes, builds, events and polls, in one transaction. And which
 * titles are to be asked for next. On the writer's thread. product.md 5.8.
 *
 * Facts are kept apart by the source that told them: so an answer is only ever held against what the same source said before, and the
 * first of a source is a baseline, in which nothing changed. Builds are the store's, whoever tells them: see control/updates/builds.h.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct action_title;

/* Answers of a source. Titles that nobody ever watched are skipped. */
struct titles_seen {
	const char *source; /* steam.pics … */
	const struct action_title *at;
	size_t n;
	bool metadata_only; /* change numbers and hashes alone were asked for: a title that has moved is wanted whole (TITLES_WANTED) */
	bool fallback; /* the source stands in for another: watches are degraded */
	bool shadow;   /* nothing is written: the counts are what they would be */
	bool more; /* others are asked for the same: an unknown is no answer to a poll yet, and says nothing of the title */
	/* How many of them were which; a title that nobody watches counts as nothing. */
	uint32_t ret_changed, ret_unchanged, ret_unknown;
};
must_check enum rc titles_fold(struct tx *tx, struct titles_seen *s);

/* A change was announced, with this number: the title is wanted whole, if somebody watches it. store: "steam". */
must_check enum rc titles_touch(struct tx *tx, const char *store, const char *ref, int64_t change_number);

enum titles_due_kind {
	TITLES_WANTED,    /* a change is known that was not read: in the order of its number */
	TITLES_POLL,      /* an open poll of either mode waits for them */
	TITLES_POLL_FULL, /* an open poll waits for them whole */
	TITLES_POLL_META, /* an open poll waits for them for which metadata will do */
	TITLES_OLDEST,    /* not known for longer than their interval: by age times priority */
	TITLES_ALL_AFTER, /* all that are watched, by ref: for sweeps */
};
struct titles_ask {
	const char *source; /* its store's titles */
	enum titles_due_kind kind;
	uint32_t limit;
	const char *after; /* TITLES_ALL_AFTER: the last ref of the page before; NULL: from the beginning */
};

/*
 * Refs (const char *, in the arena) that are to be asked for now. They count as asked: but for TITLES_ALL_AFTER none is given again for
 * TITLES_ASK_MS, unless it was answered meanwhile.
 */
#define TITLES_ASK_MS 45000
must_check enum rc titles_due(struct tx *tx, const struct titles_ask *ask, struct field_list *ret_refs);

/* What was asked will not be answered: it may be given again at once. refs: of const char *. */
must_check enum rc titles_unask(struct tx *tx, const char *source, const struct field_list *refs);
/* They are asked for after all. whole: not for metadata alone. */
must_check enum rc titles_reask(struct tx *tx, const char *source, const struct field_list *refs, bool whole);
