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

enum cli_exit act_run(struct cmd *c);
