/*
 * deal: hands out work: offers of the connected agents go to the writer, what it leased goes to the agents. Loop thread, but
 * for the two that wake.
 */
#pragma once

struct hub;

void deal_init(struct hub *h);
void deal_wake(struct hub *h);         /* any thread: work was queued */
void deal_wake_cancels(struct hub *h); /* any thread: tasks that agents hold are to be stopped */

void deal_tasks(struct hub *h);     /* leases and dispatches */
void deal_cancels(struct hub *h);   /* asks agents to stop what is to be canceled */
void deal_reconcile(struct hub *h); /* tells each agent what it is believed to hold */
