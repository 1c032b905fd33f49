/*
 * ask: how the actions ask Steam over the account's session (or the agent's own when the task has no account): a message goes,
 * another comes. On a worker.
 */
#pragma once

#include "agent/action_run.h"
#include "wire/steam/emsg.h"
#include "wire/steam/pb.h"

struct sessions_self;

struct ask {
	const char *method; /* "Player.GetOwnedGames#1"; NULL: by emsg */
	enum emsg emsg;
	const ProtobufCMessage *in;            /* packed, and wiped when it has gone */
	const ProtobufCMessageDescriptor *out; /* NULL: nothing is answered */
	/* The answer. */
	ProtobufCMessage *got; /* in the task's arena */
	bool sent;             /* with a failure: it may have had its effect */
};

/* Takes the lane cm.job, asks and waits. t->eresult is Steam's when it refuses; t->code is session_offline when the account has no
 * session. */
must_check enum rc ask_steam(struct action_task *t, struct ask *q, struct fault *f);

/* After ask_steam of something that has an effect: nobody knows whether it had it. */
bool ask_is_lost(const struct action_task *t, const struct ask *q, enum rc rc);

/* What Steam told of the account. */
must_check enum rc ask_self(struct action_task *t, struct sessions_self *ret, struct fault *f);
/* The same, but not before it has told the licences: just after a logon it has not. */
must_check enum rc ask_self_licensed(struct action_task *t, struct sessions_self *ret, struct fault *f);

/* Appends a line to plan->would. */
must_check enum rc ask_plan(struct action_task *t, struct action_plan *plan, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
