/*
 * lanes: the agent's way to the rate lanes (model/lane). Buckets of a session are kept here; all others by the control plane,
 * which is asked through the tunnel. While the control plane is away nothing is granted. Loop thread, but for lanes_take and lanes_pause.
 */
#pragma once

#include "base/list.h"
#include "model/lane.h"

#define LANES_WANTS_MAX   4
#define LANES_KEY_MAX     128  /* bytes of a key, with its NUL */
#define LANES_BUCKETS_MAX 8192 /* of sessions; past it the fullest is forgotten */
#define LANES_PAUSES_MAX  1024 /* that wait to be told */

struct call_scope;
struct lanes;
struct log;
struct loop;
struct tunnel_msg;
struct uplink_run;

struct lane_want {
	const char *key; /* borrowed while it is asked */
	enum lane lane;
	uint32_t n; /* 0 is 1 */
};

/* A question of somebody on the loop. Embedded in its owner, who keeps it until `done` or lanes_drop. */
struct lanes_ask {
	struct lane_want wants[LANES_WANTS_MAX];
	unsigned wants_n;
	enum lane_priority priority;
	uint64_t deadline_ms; /* of loop_now_ms: past it RC_LIMIT */
	/* RC_OK: the call may go out now. RC_LIMIT: not before the deadline; `free_ms` is when at the earliest (loop_now_ms).
	 * RC_AWAY: the control plane is not there. */
	void (*done)(struct lanes_ask *a, enum rc rc, uint64_t free_ms);
	struct list node; /* lanes.asks; the rest is lanes.c's */
	int64_t id;       /* of the question under way; 0: none */
	struct lanes *lanes;
	uint64_t next_ms;    /* when to look again */
	uint64_t granted_ms; /* until when the control plane's yes holds; 0: none */
	uint64_t free_ms;    /* the last that was heard of when it can be */
	enum lane busy;      /* and which lane is short; LANE_COUNT: not heard */
};

must_check enum rc lanes_new(struct loop *l, const struct log *log, struct lanes **ret_lanes, struct fault *f);
void lanes_free(struct lanes *ls);
OWN_DEFINE(lanes)
void lanes_limits(
	struct lanes *ls, const struct lane_kind *kinds); /* others than lane_kinds; before the first question */
void lanes_attach(struct lanes *ls, struct uplink_run *u);
void lanes_up(struct lanes *ls); /* the tunnel is up: what waits is asked again */
void lanes_down(struct lanes *ls);
bool lanes_message(struct lanes *ls, const struct tunnel_msg *m); /* LANE_GRANT, LANE_COOLED; false: not for it */

/* `done` may come before it returns. */
void lanes_ask(struct lanes *ls, struct lanes_ask *a);
void lanes_drop(struct lanes *ls, struct lanes_ask *a); /* `done` will not come */

/*
 * A pause that Steam asks for. `done` comes (RC_OK) when it is durable at the control plane, or RC_AWAY when that is away:
 * it is then told before any lane is asked for again. `done` may come before lanes_pause_ask returns.
 */
struct lanes_pause {
	struct lane_want want;
	uint32_t for_ms; /* 0: by the lane's rule */
	const char *reason;
	void (*done)(struct lanes_pause *p, enum rc rc);
};
void lanes_pause_ask(struct lanes *ls, struct lanes_pause *p);
void lanes_pause_drop(
	struct lanes *ls, struct lanes_pause *p); /* `done` will not come; the pause is told all the same */

/* What a worker's call draws on, all of it or nothing. */
struct lanes_wish {
	const struct lane_want *wants;
	unsigned n; /* 0: nothing is asked */
	enum lane_priority priority;
	uint64_t deadline_ms; /* of loop_now_ms */
	struct call_scope *scope;
};
/* Worker: waits until the call may go out. RC_LIMIT with the words "lane … is busy until" when not before the deadline. */
must_check enum rc lanes_take(struct lanes *ls, const struct lanes_wish *wish, struct fault *f);
/* Worker: makes the pause durable before the caller reports its error. */
enum rc lanes_pause(struct lanes *ls, const struct lane_want *want, uint32_t for_ms, const char *reason,
	uint64_t deadline_ms, struct call_scope *scope);
