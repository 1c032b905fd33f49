/*
 * runs: the tasks of this agent: takes them, runs each on a worker, keeps its result in the journal before it is told, tells it
 * until the control plane has it, and answers what the control plane believes. Loop thread only.
 *
 *      DISPATCH ─> ACCEPT ─> worker ─> result into the journal (synced) ─> RESULT ─> RESULT_ACK ─> forgotten
 *
 * An attempt that is known is never run again; an account has one running task at a time. A task that was running when the
 * agent died is not in the next HELLO, by which the control plane knows that the attempt is lost.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_TASKS_MAX  256  /* at once */
#define RUNS_TASKS_LEAD 1000 /* results that the control plane has not taken: past it, no new tasks are asked for */

struct arena;
struct fetching;
struct field_list;
struct keeper;
struct lanes;
struct log;
struct loop;
struct pool;
struct pool_job;
struct agent_shops;
struct runs;
struct sessions;
struct tracer;
struct tunnel_msg;
struct tunnel_msg_welcome;
struct uplink_run;

struct runs_conf {
	struct loop *loop;
	const struct log *log;
	struct pool *workers; /* with runs_run as its run function */
	struct keeper *keeper;
	struct sessions *sessions;
	const struct fetching *fetching; /* of the agent; outlives the runs */
	struct lanes *lanes;
	const struct agent_shops *shops; /* the same */
	struct tracer *tracer;           /* NULL: nobody keeps spans */
	struct uplink_run *uplink;       /* set by runs_attach, before anything comes */
	uint32_t tasks;                  /* at once */
};

must_check enum rc runs_new(const struct runs_conf *conf, struct runs **ret_runs, struct fault *f);
void runs_free(struct runs *rs); /* when loop and workers have ended */
void runs_attach(struct runs *rs, struct uplink_run *u);

/* The workers' run function (struct pool_conf). */
void runs_run(void *worker, struct pool_job **jobs, size_t n);

/* A record that the journal had at the start. */
void runs_remember(struct runs *rs, uint8_t kind, const char *key);

/* The in-flight list for HELLO. */
void runs_list(struct runs *rs, struct field_list *ret, struct arena *a);

void runs_up(struct runs *rs, const struct tunnel_msg_welcome *m);
bool runs_message(struct runs *rs, const struct tunnel_msg *m); /* false: not a message about tasks */
void runs_drain(struct runs *rs);
void runs_down(struct runs *rs);

void runs_stop(struct runs *rs);           /* takes no more, cancels all */
size_t runs_busy(const struct runs *rs);   /* tasks that have not ended */
size_t runs_untold(const struct runs *rs); /* results that have not been sent on this connection */
