/*
 * act: a verb that is one action on one account: a job is submitted, waited for, and the result of its one task is printed.
 * The verb's row names the action; the first argument is the account; what would be the body is the action's payload.
 */
#pragma once

#include "cli/cmd.h"

#define ACT_OPTIONS                                                                                       \
	{ .row = { .name = "wait",                                                                        \
		  .type = FIELD_U32,                                                                      \
		  .min = 1,                                                                               \
		  .max = 86400,                                                                           \
		  .doc = "Wait for so many seconds. Default: until it is over." },                        \
		.letter = 'w',                                                                            \
		.value = "SECONDS",                                                                       \
		.optional = true },                                                                       \
	{                                                                                                 \
		.row = { .name = "idempotency-key",                                                       \
			.type = FIELD_STR,                                                                \
			.min = 1,                                                                         \
			.max = 255,                                                                       \
			.doc = "Repeat an earlier request without doing it twice. Default: a new one." }, \
		.value = "KEY", .place = VERB_KEY                                                         \
	}

struct json_t;

enum cli_exit act_run(struct cmd *c);

/* An action on the account that is the first argument. */
struct act {
	const char *action;
	const struct json_t *payload; /* NULL: none */
	bool dry;
	const char *key; /* Idempotency-Key; NULL: a new one */
};

/* Submits it and waits for its end, as long as --wait says. *ret_result is yours: its result, or NULL. What went wrong is said. */
enum cli_exit act_ask(struct cmd *c, const struct act *a, struct json_t **ret_result);

/* The same of a job that was made: `made` is the answer that has it. */
enum cli_exit act_await(struct cmd *c, const struct json_t *made, struct json_t **ret_result);

/* Prints a result as the verb's row says; nothing when there is none. */
void act_show(struct cmd *c, const struct json_t *result);
