/*
 * run: the generic verb, and pieces of it for verbs that do more.
 */
#pragma once

#include "cli/request.h"

#define RUN_LIMIT_DEFAULT 100
#define RUN_ITEMS_MAX     1000000 /* of one list */
#define RUN_PAGE          500

/* The options of every verb that lists. */
#define RUN_LIST_OPTIONS                                                                             \
	{ .row = { .name = "limit",                                                                  \
		  .type = FIELD_U32,                                                                 \
		  .min = 1,                                                                          \
		  .max = RUN_ITEMS_MAX,                                                              \
		  .doc = "At most so many. Default: 100." },                                         \
		.letter = 'n',                                                                       \
		.value = "N" },                                                                      \
	{                                                                                            \
		.row = { .name = "all", .type = FIELD_BOOL, .doc = "All there are." }, .letter = 'a' \
	}

#define RUN_CURSOR_OPTION                                              \
	{                                                              \
		.row = { .name = "cursor",                             \
			.type = FIELD_STR,                             \
			.min = 1,                                      \
			.doc = "Go on where an earlier list ended." }, \
		.value = "CURSOR"                                      \
	}

#define RUN_KEY_OPTION                                                                                    \
	{                                                                                                 \
		.row = { .name = "idempotency-key",                                                       \
			.type = FIELD_STR,                                                                \
			.min = 1,                                                                         \
			.max = 255,                                                                       \
			.doc = "Repeat an earlier request without doing it twice. Default: a new one." }, \
		.value = "KEY", .place = VERB_KEY                                                         \
	}

#define RUN_MATCH_OPTION                                                                                  \
	{                                                                                                 \
		.row = { .name = "if-match",                                                              \
			.type = FIELD_STR,                                                                \
			.min = 1,                                                                         \
			.max = 64,                                                                        \
			.doc = "Only if it is still at this ETag. Default: as it is read just before." }, \
		.value = "ETAG", .place = VERB_MATCH                                                      \
	}

/* Of the verbs that drain. */
#define RUN_DRAIN_OPTION                                                                               \
	{                                                                                              \
		.row = { .name = "deadline-ms",                                                        \
			.type = FIELD_U32,                                                             \
			.max = 86400000,                                                               \
			.doc = "Accounts that are still busy then are logged off. Default: 600000." }, \
		.value = "N", .member = "deadlineMs", .place = VERB_BODY                               \
	}

/* Whatever the row says: names are looked up, the request is made, sent, and its answer printed. */
enum cli_exit run_verb(struct cmd *c);

/* Looks names up and makes the request; said on stderr when that fails. *ret is yours in any case. */
enum cli_exit run_prepare(struct cmd *c, struct request *ret);

/* Reads what a VERB_EDITED verb is about to change: sets r->if_match unless it was given, and *ret_now (may be NULL). */
enum cli_exit run_read(struct cmd *c, struct request *r, struct json_t **ret_now);
