/*
 * sources_owned: titles that Steam tells of only to those who own them. What the anonymous session gets no token for is asked once more with
 * the account of a watch that has one, in an installation of one tenant. product.md 5.8.8. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

struct action_title;

/* Of these answers to `a`: those that want a token or a licence are asked of accounts, where there are such. */
must_check enum rc sources_owned_ask(
	struct tx *tx, const struct source_ask *a, const struct action_title *at, size_t n);

/* Of an account's answers nothing is left when there is more than one tenant by now: what it may see is not for the others. */
must_check enum rc sources_owned_hide(struct tx *tx, const struct source_ask *a, struct action_title *at, size_t n);

/* Is an account asked for it, and has not answered? */
bool sources_owned_has(const struct source_ask *a, const struct field_list *asks, const char *ref);

/* Accounts that were asked and are not heard: their titles are what the anonymous session said. */
must_check enum rc sources_owned_scan(struct tx *tx, const struct field_list *asks);
/* The account could not ask. Its row is gone already. */
must_check enum rc sources_owned_failed(struct tx *tx, const struct source_ask *a);
