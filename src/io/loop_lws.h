/*
 * loop_lws: what the other files of io/ need of a loop, and nobody else. Loop thread only.
 *
 * Whatever enters from libwebsockets (a callback, a timer, a posted job) is bracketed by loop_enter and loop_exit. At the
 * outermost exit the late work runs: connections send what the entry left in their queues, so that many small writes of one
 * turn become one system call, and no turn of poll is needed to learn that a socket can be written.
 */
#pragma once

#include "base/list.h"

#include <libwebsockets.h>

struct log;
struct loop;
struct pool;

struct loop_late {
	struct list node; /* loop.late or loop.soon while it waits, else linked to itself */
	void (*run)(struct loop_late *late);
};

/* What a file keeps for all its connections of a loop. Freed with the loop, when they are gone. */
struct loop_keep {
	struct list node; /* loop_lws_keeps */
	const void *kind; /* an address of the file's own */
	void (*free)(struct loop_keep *k);
};

void loop_late_init(struct loop_late *late, void (*run)(struct loop_late *late));
void loop_late_add(struct loop *l, struct loop_late *late); /* once per entry, however often it is called */
/* In the next turn, which begins at once. libwebsockets calls a descriptor writable, and forgets then what was asked of it within
 * that callback; so what may ask for the next one is done here. Work that waits already keeps its moment, here and in
 * loop_late_add. */
void loop_soon_add(struct loop *l, struct loop_late *late);

void loop_enter(struct loop *l);
void loop_exit(struct loop *l);
uint64_t loop_entered_ms(
	const struct loop *l); /* loop_now_ms when the present entry began: a clock that costs nothing */

struct lws_context *loop_lws_context(const struct loop *l);
struct list *loop_lws_keeps(struct loop *l);      /* loop_keep.node */
struct pool **loop_lws_resolvers(struct loop *l); /* resolve's: made at its first use, freed with the loop */
const struct log *loop_lws_log(const struct loop *l);
