/*
 * titles_due: which titles are to be asked for next, and which were asked for already. On the writer's thread. product.md 5.8.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

enum titles_due_kind {
	TITLES_WANTED,    /* a change is known that was not read: in the order of its number */
	TITLES_POLL,      /* an open poll of either mode waits for them */
	TITLES_POLL_FULL, /* an open poll waits for them whole */
	TITLES_POLL_META, /* an open poll waits for them for which metadata will do */
	TITLES_OLDEST,    /* not known for longer than their interval: by age times priority */
	TITLES_ALL_AFTER, /* all that are watched, by ref: for sweeps */
	TITLES_ANY,       /* those that are known best: for probes */
};
struct titles_ask {
	const char *source; /* its store's titles */
	enum titles_due_kind kind;
	uint32_t limit;
	const char *after; /* TITLES_ALL_AFTER: the last ref of the page before; NULL: from the beginning */
};

/*
 * Refs (const char *, in the arena) that are to be asked for now. They count as asked: but for the last two kinds none is given again for
 * TITLES_ASK_MS, unless it was answered meanwhile.
 */
#define TITLES_ASK_MS 45000
must_check enum rc titles_due(struct tx *tx, const struct titles_ask *ask, struct field_list *ret_refs);

/* What was asked will not be answered: it may be given again at once. refs: of const char *. */
must_check enum rc titles_unask(struct tx *tx, const char *source, const struct field_list *refs);
/* They are asked for after all. whole: not for metadata alone. */
must_check enum rc titles_reask(struct tx *tx, const char *source, const struct field_list *refs, bool whole);
