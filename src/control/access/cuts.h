/*
 * cuts: ends what stays open (streams, WebSockets, tunnels) when whoever opened it may no longer: their key was revoked or edited,
 * their session ended, they were disabled, lost a role; or their credential expires. It follows the event log, as every control plane
 * does (events/feed shows it each event), so a revocation cuts on all of them; expiry is watched by a timer. Loop thread.
 *
 * Cuts of late are remembered: who was let in just before the event, and comes to cuts_enter just after it, is refused.
 */
#pragma once

#include "base/fault.h"
#include "base/id.h"
#include "base/list.h"
#include "base/own.h"

#define CUTS_IDS     3 /* of one: the key or user, the user whose key it is, the session; the agent, its certificate */
#define CUTS_TICK_MS 250  /* between two looks for what has expired */
#define CUTS_KEPT    1024 /* cuts that are remembered */

struct control;

/* Embedded in what can be cut; linked to itself or in cuts.all. */
struct cuts_mark {
	struct list all;
	char ids[CUTS_IDS][ID_MAX]; /* "": none */
	char tenant_id
		[64]; /* of people: what they may can change with roles and groups of their tenant. "": no person */
	int64_t until_ms; /* 0: for ever; since 1970 */
	void *ctx;
	void (*cut)(void *ctx, const char *why); /* leaves, or has left by the next turn */
};

struct cuts;
must_check enum rc cuts_new(struct control *c, struct cuts **ret, struct fault *f);
void cuts_free(struct cuts *c);
OWN_DEFINE(cuts)

/* False: who is let in was cut since asked_ms (loop_now_ms), when their credential was not looked at yet. */
must_check bool cuts_enter(struct cuts *c, struct cuts_mark *m, uint64_t asked_ms);
void cuts_leave(struct cuts_mark *m);

/* An event of the log, in the order of the log. `data`: its JSON without the head (events/slice). */
void cuts_event(struct cuts *c, const char *type, const char *tenant_id, const char *data);
