/*
 * client: accounts of a simulated Steam, under a real server and a real agent, told what to do by a script in C: a table of steps. What a
 * step expects is JSON (with ' for ") that the answer must hold: its members, and no other elements in its lists. A list that begins
 * with '...' must hold the others somewhere, one that begins with '!' nowhere. Everywhere, @NAME stands for what is known by that name: the SteamID of an account of the
 * world, the id that the API gave it as @NAME.id, what KEEP kept. A failure prints the step and ends the test.
 */
#pragma once

#include "tests/system/rig.h"

enum step_kind {
	STEP_ACCOUNT,
	STEP_SECRET,
	STEP_WANT,
	STEP_STATE,
	STEP_CHALLENGE,
	STEP_DO,
	STEP_UNTIL,
	STEP_FAIL,
	STEP_DRY,
	STEP_SIM,
	STEP_SIM_DO,
	STEP_KEEP,
};

struct step {
	enum step_kind kind;
	const char *who; /* NULL: no account, the agent's own session */
	const char *what, *in, *out;
};

#define STEP(kind_, who_, what_, in_, out_)                                                      \
	{                                                                                        \
		.kind = STEP_##kind_, .who = (who_), .what = (what_), .in = (in_), .out = (out_) \
	}
/* Makes an account; `body` instead of its login alone, or NULL. */
#define ACCOUNT(who, body)       STEP(ACCOUNT, who, NULL, body, NULL)
#define SECRET(who, name, value) STEP(SECRET, who, name, value, NULL)
#define WANT(who, mode)          STEP(WANT, who, mode, NULL, NULL)
/* Waits until its session is in this state, and like this (or NULL). */
#define STATE(who, state, like) STEP(STATE, who, state, NULL, like)
/* Waits for its open challenge of this kind, and answers it so (or NULL). */
#define CHALLENGE(who, kind, answer, like) STEP(CHALLENGE, who, kind, answer, like)
/* The action succeeds; with UNTIL again and again until its result fits, because Steam tells of it later. */
#define DO(who, action, payload, result)    STEP(DO, who, action, payload, result)
#define UNTIL(who, action, payload, result) STEP(UNTIL, who, action, payload, result)
#define FAIL(who, action, payload, code)    STEP(FAIL, who, action, payload, code)
/* Its dry run succeeds, and would do this list. */
#define DRY(who, action, payload, would) STEP(DRY, who, action, payload, would)
/* Waits until steamsim says this. */
#define SIM(path, like) STEP(SIM, NULL, path, NULL, like)
#define SIM_DO(path)    STEP(SIM_DO, NULL, path, NULL, NULL)
/* Of the last answer, the text at `path` ("offers.0.offerId") is known by this name. */
#define KEEP(name, path) STEP(KEEP, NULL, name, path, NULL)

struct client {
	struct rig rig;
	json_t *names;   /* what @NAME stands for */
	json_t *actions; /* those that have succeeded, and those whose dry run has ("dry NAME") */
	json_t *last;    /* the last answer */
};

/* `world`: a file. `transport`: websocket or tcp, as the setting says it; @cmtype is the directory's word for it. No lane has a limit.
 * `warp`: how many times faster the programs live. */
void client_start(struct client *c, const char *world, const char *transport, unsigned warp);
void client_play(struct client *c, const struct step *steps, size_t n);
void client_keep(struct client *c, const char *name, const char *text);
const char *client_known(const struct client *c, const char *name);
/* Adds what was run to *all, which lives over several clients; ends the programs. */
void client_stop(struct client *c, json_t *all);
