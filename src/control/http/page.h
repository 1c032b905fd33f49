/*
 * page: cursors of lists. A cursor is the id after which the next page begins, with a MAC over it and the list it belongs
 * to: nobody can make one up, and one route's does not fit another's. Lists are ordered by id, newest first.
 */
#pragma once

#include "control/http/route.h"

/* The id in the query's cursor; *ret is "~" (behind every id) without one. RC_INVALID: not a cursor of this list. */
must_check enum rc page_begin(struct call *c, const struct page_query *q, const char **ret_before);

/* Reads the rows (one more than the limit was asked for) after the route's `out`, and makes the cursor of the next page. */
must_check enum rc page_read(struct call *c, const struct page_query *q, struct store_rows *r, struct page *page);
