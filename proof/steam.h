/*
 * steam: the simulated Steam, and its ledger: what was really done. An account has one session: a log-on ends the one before,
 * and what that one still had under way is not done any more (unless Steam is late on purpose). Within a session questions are
 * taken in order. It answers late, loses answers, throttles, is away.
 */
#pragma once

#include "model/task.h"

#include <stdbool.h>
#include <stdint.h>

#define STEAM_ACCOUNTS 16

struct machine;

enum steam_word { STEAM_LOGON, STEAM_ONLINE, STEAM_ASK, STEAM_PROBE, STEAM_PING, STEAM_ANSWER };
enum steam_verdict { STEAM_DONE, STEAM_NOT_DONE, STEAM_REFUSED, STEAM_THROTTLED };

/* What travels between an agent and Steam. */
struct steam_msg {
	enum steam_word word;
	enum task_class class;
	enum steam_verdict verdict;
	uint64_t id;
	int64_t epoch;
	char account[64];
	char task[64]; /* the effect's key: a task has one effect */
};

/* What Steam does wrong; zeroes: nothing. Per mille. */
struct steam_mood {
	bool away;
	unsigned loses, throttles, refuses, late;
	uint64_t most_us; /* an answer takes */
};
extern struct steam_mood steam_mood;
extern struct machine steam_machine;
extern uint64_t steam_effects, steam_asks;

void steam_init(void);
/* An agent is about to speak for the account: it has to be its own. */
void steam_will_act(const struct machine *agent, const struct steam_msg *m);
bool steam_was_late(const char *task);  /* it was done after its session had ended */
unsigned steam_count(const char *task); /* effects of this task in the ledger */
