/*
 * deal: hands out work: offers of the connected agents go to the writer, what it leased goes to the agents. Loop thread, but
 * for the two that wake.
 */
#pragma once

#define DEAL_TRACE 56 /* of a traceparent, with its NUL */

struct control;
struct dispatch_grant;
struct hub;

void deal_init(struct hub *h);
void deal_wake(struct hub *h);         /* any thread: work was queued */
void deal_wake_cancels(struct hub *h); /* any thread: tasks that agents hold are to be stopped */

void deal_tasks(struct hub *h);     /* leases and dispatches */
void deal_cancels(struct hub *h);   /* asks agents to stop what is to be canceled */
void deal_reconcile(struct hub *h); /* tells each agent what it is believed to hold */

/* The span of what a task waited until this agent got it; its context goes with the task. Any thread. */
void deal_trace(struct control *c, const struct dispatch_grant *g, char ret[static DEAL_TRACE]);
