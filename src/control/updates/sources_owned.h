/*
 * sources_owned: titles that Steam tells of only to those who own them. What the anonymous session gets no token for is asked once more with
 * the account of each watch that has one; what it sees goes into its tenant's own row of the title (control/updates/title_rows), and
 * nowhere else. product.md 5.8.8. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

struct action_title;

/*
 * Of these answers to `a`: those that want a token or a licence are asked of accounts, where there are such. *ret_left (of struct
 * titles_left) grows by those whose account cannot be asked yet, for others are: they are asked for anew.
 */
must_check enum rc sources_owned_ask(struct tx *tx, const struct source_ask *a, const struct action_title *at,
	size_t n, struct field_list *ret_left);

/* Which accounts were asked the same source for titles, and have not answered: struct titles_left, added to *ret. */
must_check enum rc sources_owned_left(
	struct tx *tx, const struct source_ask *a, const struct field_list *asks, struct field_list *ret);

/* Accounts that were asked and are not heard: for them the titles are what the anonymous session said. Those that are gone are no watch's. */
must_check enum rc sources_owned_scan(struct tx *tx, const struct field_list *asks);
/* The account could not ask. Its row is gone already. */
must_check enum rc sources_owned_failed(struct tx *tx, const struct source_ask *a);
