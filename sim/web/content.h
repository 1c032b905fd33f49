/*
 * content: the content servers (sim/cdn) over HTTP, and the faults of their answers. One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* Appends the list of content servers. */
void content_server_list(struct sim *s, bool vdf, struct buf *to);

/* False: not a path of content servers. */
bool content_answer(struct ask *q, const char *query, struct answer *a);
