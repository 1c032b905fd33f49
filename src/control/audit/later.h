/*
 * later: a record of what was no write: a read that is audited, a call that was refused. It is noted where the call was worked on, with
 * all that is known of it, and written in a transaction of its own.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

struct audit_new;
struct call;
struct control;
struct later;

/* NULL without memory. The caller's until it is pushed. Any thread. */
struct later *later_new(const struct call *c, const struct audit_new *n);
void later_free(struct later *l);

/* Told on the loop, after the commit or when there was none. */
struct later_on {
	void (*done)(void *ctx, enum rc rc, const char *why);
	void *ctx;
};

/* Writes it, and frees it. on: NULL: nobody has to know. RC_OVERLOADED: it is still the caller's. On the loop. */
must_check enum rc later_push(struct control *c, struct later *l, const struct later_on *on);

/*
 * A call that was refused: written, or only counted when there are many (audit/refusals). Takes l. On the loop.
 */
void later_refused(struct control *c, struct later *l);
