/*
 * title: what a source says of a title, held against what it said before: what kinds of change there are, and which builds are new.
 * Pure. product.md 5.8.2.
 */
#pragma once

#include "base/arena.h"
#include "model/action_titles.h"

enum title_class {
	TITLE_BUILD,  /* another build is on a branch, or a branch with a build appeared */
	TITLE_BRANCH, /* a branch came, went, was locked or set anew, without another build */
	TITLE_DEPOT,  /* what a branch's depots are made of */
	TITLE_METADATA,
	TITLE_STORE_PAGE,
	TITLE_PRICE,
	TITLE_VISIBILITY,
	TITLE_PACKAGE,       /* of a title that is a package */
	TITLE_WORKSHOP_ITEM, /* of an item: what is no build */
	TITLE_CLASSES
};
extern const char *const title_class_words[]; /* ends in NULL */

enum title_store { TITLE_STEAM, TITLE_WORKSHOP, TITLE_EPIC, TITLE_GOG, TITLE_STORES };
extern const char *const title_store_words[]; /* ends in NULL */

/* Whose titles a source ("steam.pics", "steam.workshop", "gog.product_http") knows; TITLE_STORES: it is none. */
enum title_store title_store_of(const char *source);

#define TITLE_REF_MAX 200
/* Can it be an id of the store's? Digits; of epic, up to three parts of letters, digits, - and _, parted by colons. */
bool title_is_ref(enum title_store s, const char *ref);

/* Is it because the title is not for whoever asked (denied, license, login_required)? A missing token is another matter. NULL: no. */
bool title_is_denied(const char *reason);

/* One thing that changed. */
struct title_change {
	enum title_class class;
	const char *branch, *os;                 /* of a build, a branch, depots; NULL: of the title */
	const struct action_title_branch *build; /* TITLE_BUILD: it, in `after` */
	bool rollback;                           /* TITLE_BUILD: to an older one */
};

/*
 * Puts the answer in order, so that equal answers are equal bytes: lists are sorted and have everything once. A workshop item gets its one branch: its build is
 * another one when time and content have both changed. What a source may not see any more (access is token or denied, and was not) is
 * as it was. `before` may be NULL. Lists are in the arena. RC_NOMEM.
 */
must_check enum rc title_settle(
	enum title_store s, const struct action_title *before, struct action_title *after, struct arena *a);

/*
 * Every kind of change between two settled answers of one source, in the order of the classes, each once for a branch. With
 * before == NULL (the first answer) there is none. *ret: of struct title_change, in the arena.
 */
must_check enum rc title_compare(enum title_store s, const struct action_title *before,
	const struct action_title *after, struct arena *a, struct field_list *ret);

/* Is `to` the older of two builds of a branch? By number on Steam, elsewhere by time. */
bool title_is_rollback(
	enum title_store s, const struct action_title_branch *from, const struct action_title_branch *to);
