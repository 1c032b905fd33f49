/*
 * shop_tell: the control plane is told what becomes of the agent's logins at Epic and GOG: that one is wanted, with the page on which a person logs in, or
 * that one holds (agent/shop_login). Each connection begins with what is known of them. What is told holds no secret.
 */
#pragma once

#include "agent/errand.h"
#include "io/loop.h"

struct agent_shops;
struct pool;
struct reports;

/* Embedded in the agent; filled in before its loop runs. */
struct shop_tell {
	struct loop *loop;
	struct pool *errands;
	struct reports *reports;
	const struct agent_shops *shops;
	struct errand errand;
	struct loop_job back;
	bool looks; /* the errand is under way */
};

/* For shop_login_conf.tell. Any thread. */
void shop_tell_said(void *tell, const char *store, int state, const char *why);

/* The connection is up: looks at the logins that there are. On the loop. */
void shop_tell_up(struct shop_tell *t);
