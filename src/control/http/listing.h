/*
 * listing: the page that most lists are: the rows after a cursor that belong to one owner, newest first.
 */
#pragma once

#include "control/http/route.h"

struct store_query;

/*
 * `q` is given the id before which the page begins as $1, one row more than the page has as $2, and `owner` as $3; its columns are the route's
 * `out`. The route's query begins with a struct page_query.
 */
must_check enum rc listing(struct call *c, const struct store_query *q, const char *owner, struct page *ret);
