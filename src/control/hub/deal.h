/*
 * deal: hands out work: offers of the connected agents go to the writer, what it leased goes to the agents.
 */
#pragma once

struct hub;

void deal_tasks(struct hub *h);     /* leases and dispatches */
void deal_scan(struct hub *h);      /* finds lapsed leases */
void deal_cancels(struct hub *h);   /* asks agents to stop what is to be canceled */
void deal_reconcile(struct hub *h); /* tells each agent what it is believed to hold */
