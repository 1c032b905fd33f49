/*
 * perform: what a reader or the writer does with a request: authenticate, authorize, decode, run the handler, encode.
 */
#pragma once

#include "control/http/exchange.h"

/* Fills in the answer; its rc tells the writer whether to keep what was done. */
enum rc perform_request(struct exchange *x, struct tx *tx);

/*
 * What comes before a write (route.before): on a slow reader, whose arena is not used. x->rc is RC_OK when the write may follow;
 * else the answer is there.
 */
void perform_before(struct exchange *x, struct tx *tx);

/* Fills in the answer as a problem. */
void perform_problem(struct exchange *x, enum rc rc, const char *detail, const struct field_reader *r);
