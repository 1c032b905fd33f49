/*
 * deal: hands out work: offers of the connected agents go to the writer, what it leased goes to the agents. Loop thread, but
 * for the two that wake.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#define DEAL_TRACE 56 /* of a traceparent, with its NUL */

struct control;
struct dispatch_grant;
struct field_list;
struct hub;
struct tx;

void deal_init(struct hub *h);
void deal_wake(struct hub *h);         /* any thread: work was queued */
void deal_wake_cancels(struct hub *h); /* any thread: tasks that agents hold are to be stopped */

void deal_tasks(struct hub *h);     /* leases and dispatches */
void deal_cancels(struct hub *h);   /* asks agents to stop what is to be canceled */
void deal_reconcile(struct hub *h); /* tells each agent what it is believed to hold */

/* Downloads whose bandwidth was set while agents had them (deal_tunes): read on a reader, told on the loop. */
must_check enum rc deal_tunes_read(struct tx *tx, struct field_list *ret); /* in tx->arena */
void deal_tunes_send(struct hub *h, const struct field_list *tunes);

/* The span of what a task waited until this agent got it; its context goes with the task. Any thread. */
void deal_trace(struct control *c, const struct dispatch_grant *g, char ret[static DEAL_TRACE]);
