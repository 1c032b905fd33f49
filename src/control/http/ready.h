/*
 * ready: is this control plane ready for work, and if not, why? Each check is a name, whether it is well, and a number that says how
 * well. A reader asks. What is slow, or missing but not needed to take work, is degraded: that is still ready.
 */
#pragma once

#include "base/buf.h"
#include "control/http/route.h"

enum ready_name {
	READY_DATABASE, /* it answers, and took the last write */
	READY_DISK,     /* the data folder has room and can be written to */
	READY_WRITER,   /* not too many writes wait */
	READY_QUEUE,    /* the broker is there; without it the scan finds work */
	READY_CLOCK,    /* the database's clock is ours */
	READY_KEYS,     /* there is a key that someone can use */
	READY_AGENTS,   /* one is connected, if any is enrolled */
	READY_DRAINING, /* it is not about to stop */
	READY_CHECKS
};

struct ready_check {
	const char *name, *unit;
	bool ok;
	bool slow;       /* it is well, but not as it should be */
	bool thousandth; /* the value is of that part of the unit */
	int64_t value;
	const char *why; /* NULL: nothing to add */
};

void ready_look(struct call *c, struct ready_check ret[static READY_CHECKS]);

/* Writes them as JSON. `exclude`: names that do not count, parted by commas; NULL: none. Is it ready? */
bool ready_write(const struct ready_check all[static READY_CHECKS], const char *exclude, struct buf *to);
