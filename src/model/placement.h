/*
 * placement: which agent gets a task, or an account, and why the others do not. The same input has the same answer, whatever the
 * order of the agents. Pure. product.md 5.4.3.
 *
 * The first rule whose `when` fits holds: who does not give what it requires, or is forbidden, or is not the one it pins, is out.
 * Of those that are left the first of its preferences decides, then the load (tasks and sessions, each as a part of what the
 * agent bears; the agent that has or had the account counts PLACEMENT_AFFINITY less), then a hash of both ids (rendezvous).
 */
#pragma once

#include "base/field.h"

#define PLACEMENT_RULES_MAX     200  /* of one tenant */
#define PLACEMENT_LOAD_FULL     1000 /* loads are of a thousand */
#define PLACEMENT_AFFINITY      150
#define PLACEMENT_SESSIONS_MOST 2000         /* accounts that one agent holds at most */
#define PLACEMENT_COUNTRY       "country"    /* the label of an account that rules look at */
#define PLACEMENT_COMPLIANCE    "compliance" /* the same; its value may be several words, parted by commas */

/* What can be asked of a place. NULL and empty: anything. */
struct placement_need {
	const char *agent_id, *region_id, *egress_kind, *capability, *country;
	struct field_list labels;     /* of struct field_pair: labels of its region, all of them */
	struct field_list compliance; /* of const char *: its region's, all of them */
};

/* Of the task and its account. NULL and empty: any. */
struct placement_when {
	struct field_list labels; /* of struct field_pair: the account has them all */
	const char *action;       /* the action's name; a `*` stands for anything */
	const char *country, *compliance;
};

struct placement_rule {
	const char *name;
	const char *tenant_id; /* it holds for this tenant's tasks and accounts; NULL: for all */
	struct placement_when when;
	struct placement_need require;
	struct field_list prefer; /* of struct placement_need: the first is the most wanted */
	struct field_list forbid; /* of struct placement_need */
	const char *pin;          /* an agent; NULL: none */
};

struct placement_task {
	const char *key;       /* the account's id, or the task's own */
	const char *tenant_id; /* whose it is; NULL: rules that are somebody's do not hold for it */
	const char *action;    /* NULL: an account is to be placed, and nothing is done with it yet */
	const char *region_id, *egress_region; /* only there; NULL: anywhere */
	const char *egress_kind;               /* of the account; NULL: direct, if it has an account */
	struct field_list labels;              /* of the account */
	const char *agent_id;                  /* who has the account, or had it last; NULL: nobody */
	bool account;                          /* it needs one */
	bool download;                         /* it is one */
	bool bound;                            /* agent_id has its session: nobody else can do it */
	bool waited;             /* it has waited long enough for an agent without room: those stand behind */
	const char *only;        /* no agent but this one; NULL: any */
	struct field_list avoid; /* of const char *: not these agents */
};

enum placement_state { PLACEMENT_UP, PLACEMENT_AWAY, PLACEMENT_CORDONED, PLACEMENT_DRAINING };

struct placement_agent {
	const char *id, *region_id, *country;
	struct field_list labels, compliance; /* of its region */
	const char *capabilities;             /* names of actions, each between two `mark`s */
	char mark;
	const char *egress_kinds; /* ",direct,socks5,": of the egresses of its region */
	enum placement_state state;
	uint32_t tasks, tasks_most;         /* tasks_most 0: not known */
	uint32_t downloads, downloads_most; /* of these; downloads_most 0: as many as tasks */
	uint32_t sessions, sessions_most;   /* accounts */
};

/* Why an agent is not the one. Sorted as they are looked at; the last four had been fit. */
enum placement_code {
	PLACEMENT_CHOSEN,
	PLACEMENT_NOT_CONNECTED,
	PLACEMENT_IS_CORDONED,
	PLACEMENT_IS_DRAINING,
	PLACEMENT_HELD_BY_ANOTHER,
	PLACEMENT_REGION,
	PLACEMENT_EGRESS_REGION,
	PLACEMENT_CAPABILITY,
	PLACEMENT_AVOIDED,
	PLACEMENT_DOWNLOADS_FULL,
	PLACEMENT_SESSIONS_FULL,
	PLACEMENT_RULE_PIN,
	PLACEMENT_RULE_FORBID,
	PLACEMENT_RULE_REGION,
	PLACEMENT_RULE_EGRESS_KIND,
	PLACEMENT_RULE_CAPABILITY,
	PLACEMENT_RULE_COUNTRY,
	PLACEMENT_RULE_COMPLIANCE,
	PLACEMENT_RULE_LABELS,
	PLACEMENT_RULE_AGENT,
	PLACEMENT_NO_ROOM,
	PLACEMENT_LESS_PREFERRED,
	PLACEMENT_MORE_LOADED,
	PLACEMENT_LOST_TIE,
	PLACEMENT_CODES
};
extern const char *const placement_code_words[]; /* "not_connected" …; ends in NULL */
extern const char *const placement_code_doc[];   /* a sentence about each */

struct placement_verdict {
	enum placement_code code;
	uint32_t preference; /* which of the rule's preferences it meets; as many as there are: none */
	int load;            /* of PLACEMENT_LOAD_FULL, less PLACEMENT_AFFINITY */
};

struct placement_rules {
	const struct placement_rule *at;
	size_t n;
};

struct placement {
	size_t chosen;                     /* its index; the number of agents: none fits */
	size_t fit;                        /* agents that could have had it */
	const struct placement_rule *rule; /* that held; NULL: none */
};

/* `verdicts` has as many rows as there are agents. */
void placement_choose(const struct placement_task *t, const struct placement_agent *agents, size_t n,
	struct placement_rules rules, struct placement_verdict *verdicts, struct placement *ret);

/* The first rule whose `when` fits; NULL: none. */
const struct placement_rule *placement_rule_of(const struct placement_task *t, struct placement_rules rules);
