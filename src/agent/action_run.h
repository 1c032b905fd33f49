/*
 * action_run: the row type of an action's function. An action is declared in model/action (name, class, shapes); its row here
 * says how it is run. The function is straight code on a worker: what it needs of Steam it asks by sessions_do and waits.
 *
 * `in` and `out` are structs of the declaration's shapes; `out` is zeroed, and what it points to lives in the task's arena.
 *
 * An action of class guarded or once calls task_effect just before the bytes that have the effect go out, and tells
 * `unknown` when it cannot know whether they had it. A guarded one has a probe: it is run instead when an attempt before may
 * have had the effect, and says in *ret_done whether it had; then `out` is the result. When it had not, run follows.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "model/lane.h"

#include <stdint.h>

struct action_plan;
struct agent_shops;
struct call_scope;
struct cdn;
struct http_caller;
struct lanes;
struct long_result;
struct pace;
struct sessions;
struct steam_content;
struct work;
struct fetch_env;
struct fetching;

/* Where to. As the agent is configured; lives as long as it. */
struct publish_conf {
	const char *store;    /* the store's folder, on a disk that both share; NULL: it has to be brought */
	const char *work_dir; /* for packages that are to be brought */
	const char *server_url, *ca_file, *http_proxy;
};

struct action_task {
	struct sessions *sessions;
	struct lanes *lanes;
	struct steam_content *content; /* what Steam said of depots; the agent's */
	struct cdn *cdn;               /* its client of content servers */
	struct pace *pace;             /* how fast its downloads may be */
	const struct fetch_env *env;   /* what else its downloads share */
	struct call_scope *scope;      /* for every call that it makes */
	struct arena *arena;
	const char *account_id;             /* NULL: the action needs none */
	bool reads;                         /* it is of class read: a quarantined account may do nothing else */
	uint64_t deadline_ms;               /* of loop_now_ms */
	struct work *work;                  /* for task_effect */
	const struct publish_conf *publish; /* for agent/content/publish */
	const struct agent_shops *shops;    /* of agent.h: Epic and GOG, as the agent is configured */
	bool after_unknown; /* `probe` said that it was not done, or could not tell; an attempt before may still have been it */
	int64_t intent_ms; /* with a probe: when the attempt before declared its effect (Unix time); 0: not known */
	const char *
		intent; /* with a probe: what task_effect said in the first whose end is not known; NULL: not known */
	struct long_result *
		result; /* begun by the action, it takes the place of `out`, of which only what is after the first member counts */
	struct http_caller *http; /* agent_web's connections of this task; freed at its end. NULL: none yet */
	/* More exact than the rc that the function returns; for the result. */
	const char *code; /* NULL: the rc's own */
	int32_t eresult;  /* Steam's; 0: none */
	uint32_t
		again_ms; /* with an rc that is not RC_OK: the other side asked to be left alone so long; 0: it did not */
	bool unknown; /* with an rc that is not RC_OK: the effect may have happened */
};

/* Gives the task what its downloads need (agent/fetching). */
void fetching_lend(const struct fetching *x, struct action_task *t);

struct action_run {
	const char *name; /* of model/action */
	enum rc (*run)(struct action_task *t, const void *in, void *out, struct fault *f);
	enum rc (*probe)(
		struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f); /* NULL: none */
	/* The dry run: fills plan->would, and changes nothing at Steam. NULL: `run` is run, the action has no effect. */
	enum rc (*plan)(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f);
};

/* Asks the control plane whether this attempt still counts, and has the intent kept. RC_OK: go on. Anything else: return it. */
must_check enum rc task_effect(struct action_task *t, const char *effect, struct fault *f);
/*
 * Tells how far the task is: a JSON object of at most some KiB. At most twice a second; one may be lost, so each says all. RC_OK: go on;
 * RC_CANCELED: the task is to end.
 */
must_check enum rc task_progress(struct action_task *t, const char *data, struct fault *f);
/*
 * A ticket for this attempt to bring what it fetched over HTTP, in hexadecimal; wipe it. RC_CONFLICT: the attempt is another's by now.
 */
#define TASK_TICKET 65
must_check enum rc task_ticket(struct action_task *t, char ret[static TASK_TICKET], struct fault *f);
/* A download's bits a second, when they were set since its task was made (pace_tune with t->work tells of later ones). */
bool task_tune_bps(const struct action_task *t, uint64_t *ret_bps);
/* Takes the lanes for this task's account and egress: the keys are filled in. */
must_check enum rc task_lanes(struct action_task *t, const enum lane *lanes, unsigned n, struct fault *f);
/* Steam throttled the task: the pause is durable when it comes back. */
void task_pause(struct action_task *t, enum lane lane, const char *reason);
/* The same, for as long as the other side says; 0: by the lane's rule. */
void task_pause_for(struct action_task *t, enum lane lane, uint32_t for_ms, const char *reason);
