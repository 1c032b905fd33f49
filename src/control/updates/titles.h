/*
 * titles: what stores say of titles, folded into what is known: rows, changes, builds, events and polls, in one transaction. Which
 * titles are to be asked for next: control/updates/titles_due.h. On the writer's thread. product.md 5.8.
 *
 * Facts are kept apart by the source that told them: so an answer is only ever held against what the same source said before, and the
 * first of a source is a baseline, in which nothing changed. Builds are the store's, whoever tells them: see control/updates/builds.h.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

struct action_title;

/* The account of this scope is asked for it, and has not answered. */
struct titles_left {
	const char *scope, *ref;
};

/* Answers of a source. Titles that nobody ever watched are skipped. What is said to everybody is folded into each row of the title. */
struct titles_seen {
	const char *source; /* steam.pics … */
	const char *scope;  /* whose account was asked: nobody else hears of it; NULL: it is said to everybody */
	const struct action_title *at;
	size_t n;
	bool metadata_only; /* change numbers and hashes alone were asked for: a title that has moved is wanted whole (TITLES_WANTED) */
	bool fallback; /* the source stands in for another: watches are degraded */
	bool shadow;   /* nothing is written: the counts are what they would be */
	bool more; /* others are asked for the same: an unknown is no answer to a poll yet, and says nothing of the title */
	struct field_list left; /* of struct titles_left: the same of these, in their scopes */
	/* How many of them were which, as everybody (or the scope) has it; a title that nobody watches counts as nothing. */
	uint32_t ret_changed, ret_unchanged, ret_unknown;
};
must_check enum rc titles_fold(struct tx *tx, struct titles_seen *s);

/* A change was announced, with this number: the title is wanted whole, if somebody watches it. store: "steam". */
must_check enum rc titles_touch(struct tx *tx, const char *store, const char *ref, int64_t change_number);
