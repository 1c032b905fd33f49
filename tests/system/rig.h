/*
 * rig: the real programs, started by a test on free ports of 127.0.0.1 in a folder of the test's own, and stopped with it.
 * A failure prints what and ends the test; no process outlives it (PR_SET_PDEATHSIG).
 */
#pragma once

#include "io/http_call.h"
#include "tests/system/pg.h"
#include "tests/system/warp.h"
#include "tests/unit/check.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RIG_ARGS_MAX   64
#define RIG_AGENTS_MAX 8

struct rig {
	char dir[64];  /* temporary; removed by rig_done */
	char url[128]; /* of the control plane, once it is up */
	char key[64];  /* the first administrator's */
	pid_t server, agent, sim;
	char sim_url[128], sim_ca[128];
	const char *ca;      /* PEM file to trust at https:// of the server, or NULL */
	const char *preload; /* a library for the server, or NULL */
	pid_t agents[RIG_AGENTS_MAX];
	struct warp_time *warp; /* mapped; NULL: time is the machine's */
	struct pg pg;        /* the database of its programs, when FOOTPLATE_STORE is "postgres"; else SQLite is */
	char agent_url[128]; /* where agents find the control plane; "": at url */
};

void rig_init(struct rig *r);
void rig_done(struct rig *r); /* stops what runs; the server must end well (exit code 0: no leak, no error) */

/* Starts `footplate serve --data DIR/data …` and waits until it is ready. `more` ends in NULL. A second start takes the same port. */
void rig_serve(struct rig *r, const char *const *more);
void rig_stop(pid_t *pid, int sig); /* sends, and waits for the end; 0 is no process */

/* Starts a program; its standard error goes to DIR/NAME.log. */
pid_t rig_spawn(struct rig *r, const char *name, const char *const *argv);

/* Starts steamsim with this world (text), and tells the programs started after it where it is (environment). */
void rig_sim(struct rig *r, const char *world, const char *const *more);
json_t *rig_sim_get(
	const struct rig *r, const char *path); /* one of the simulator's controls; the caller decrefs */
void rig_sim_clear(const struct rig *r); /* forgets all rules of faults */
void rig_sim_post(const struct rig *r, const char *path);
void rig_sim_say(
	const struct rig *r, const char *path, const char *body); /* with a body: of /sim/faults, /sim/lines */

/* Agent number i (its folder stays for a later start); the first time it is enrolled in the region, else NULL will do. */
void rig_agent(struct rig *r, unsigned i, const char *region_id, const char *const *more);
/* Waits until so many agents are connected. */
void rig_await_agents(const struct rig *r, unsigned n);

/*
 * Programs that the rig starts after the first call live `scale` times faster (see warp_shim.c), all on one clock; each further call
 * changes that for all of them.
 */
void rig_warp(struct rig *r, unsigned scale);
/* Sets the wall clock of them all, while they run; after rig_warp. */
void rig_set_clock(struct rig *r, int by_s);

/* Reads a small file of DIR, waiting for it to appear (at most a minute). The caller frees. */
char *rig_await_file(struct rig *r, const char *name, pid_t writer);

struct rig_answer {
	int status;
	json_t *body; /* NULL: not JSON */
	char *text;
	struct http_answer raw; /* for its headers */
};

/* One request as the administrator; `body` may be NULL. `headers`: "Name: value" lines, or NULL. */
struct rig_answer rig_call(
	const struct rig *r, const char *method, const char *path, const char *headers, const char *body);
void rig_answer_done(struct rig_answer *a);
const char *rig_header(const struct rig_answer *a, const char *name); /* name in lower case; "" when absent */

/* The same, and the answer must have this status. The caller decrefs. */
json_t *rig_expect(const struct rig *r, int status, const char *method, const char *path, const char *body);

/* A POST with an Idempotency-Key of its own. */
json_t *rig_post_job(const struct rig *r, const char *body);

/* Runs a statement in the control plane's database; the first line of its answer. "" when there is none. */
const char *rig_sql(const struct rig *r, const char *sql);

/* A connected TCP socket to the server. */
int rig_connect(const struct rig *r);

uint32_t rig_random(uint32_t below); /* of a generator that RIG_SEED starts; the seed is printed at rig_init */
void rig_sleep_ms(unsigned ms);

/* Every event in the log keeps to the JSON Schema of its type (GET /v1/event-types), and has no member that it does not name. */
void rig_check_events(const struct rig *r);

/* The audit trail is whole (footplate audit verify). rig_audit: with more words; the exit code, and what it printed. */
void rig_check_audit(const struct rig *r);
int rig_audit(const struct rig *r, const char *const *more, char *ret_text, size_t n);

const char *json_str(const json_t *j, const char *path); /* "a.b": the text there, or "" */
int64_t json_int(const json_t *j, const char *path);
