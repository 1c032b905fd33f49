/*
 * push: tells agents of the accounts they hold: BOT, BOT_GONE, ANSWER. A reader finds what an agent does not know yet,
 * unseals the secrets and seals them to that agent's key; the loop sends; the writer notes what was sent. What was not sent, because
 * the agent was gone, is found again. An agent gets the secrets of accounts that it holds, and of no others.
 */
#pragma once

struct hub;

void push_init(struct hub *h);

/* Any thread: there is something to tell. */
void push_wake(struct hub *h);

/* Loop. */
void push_all(struct hub *h);
