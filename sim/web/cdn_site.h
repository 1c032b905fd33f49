/*
 * cdn_site: the content servers over HTTP: what sim/cdn answers, and the faults of it. One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* False: not a path of content servers. */
bool cdn_site_answer(struct ask *q, const char *query, struct answer *a);
