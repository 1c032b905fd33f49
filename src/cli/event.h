/*
 * event: following the server's event log, over connections that come and go.
 */
#pragma once

#include "cli/cmd.h"
#include "cli/sse.h"

#define EVENT_COLUMNS "ts:TIME,type,jobId:JOB,taskId:TASK,accountId:ACCOUNT,resource,payload"

#define EVENT_PAUSE_MS     1000 /* before a lost connection is made again, when the server names no other time */
#define EVENT_PAUSE_MAX_MS 30000

/* Of which things: in the query, or in the body of what is made. */
#define EVENT_OF_OPTIONS(at)                                                                            \
	{ .row = { .name = "job", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Only of this job." }, \
		.value = "JOB",                                                                         \
		.member = "jobId",                                                                      \
		.place = (at) },                                                                        \
		{ .row = { .name = "account",                                                           \
			  .type = FIELD_STR,                                                            \
			  .min = 1,                                                                     \
			  .doc = "Only of this account, by login or id." },                             \
			.value = "ACCOUNT",                                                             \
			.member = "accountId",                                                          \
			.place = (at),                                                                  \
			.names = VERB_ACCOUNT },                                                        \
	{                                                                                               \
		.row = { .name = "region",                                                              \
			.type = FIELD_STR,                                                              \
			.min = 1,                                                                       \
			.doc = "Only of this region, by name or id." },                                 \
		.value = "REGION", .member = "regionId", .place = (at), .names = VERB_REGION            \
	}

/* What of the log is asked for. */
#define EVENT_FILTER_OPTIONS                                                                       \
	{ .row = { .name = "type",                                                                 \
		  .type = FIELD_LIST,                                                              \
		  .item = FIELD_STR,                                                               \
		  .max = 32,                                                                       \
		  .doc = "Only events of this type or pattern, such as task.*; again for more." }, \
		.letter = 't',                                                                     \
		.value = "TYPE",                                                                   \
		.place = VERB_QUERY },                                                             \
		EVENT_OF_OPTIONS(VERB_QUERY)

/* Of the verbs that follow it. */
#define EVENT_TAIL_OPTIONS                                                                    \
	{ .row = { .name = "after",                                                           \
		  .type = FIELD_STR,                                                          \
		  .min = 1,                                                                   \
		  .max = 64,                                                                  \
		  .doc = "Begin after this event; 0 begins with the oldest. Default: now." }, \
		.value = "CURSOR",                                                            \
		.place = VERB_QUERY },                                                        \
	{                                                                                     \
		.row = { .name = "limit",                                                     \
			.type = FIELD_U32,                                                    \
			.min = 1,                                                             \
			.doc = "End after so many. Default: never." },                        \
		.letter = 'n', .value = "N"                                                   \
	}

struct event_tail {
	struct cmd *c;
	const char *path;                  /* with its query; borrowed as long as the tail */
	bool (*is_last)(const char *type); /* NULL: no type is */
	uint64_t limit;                    /* events to print; 0: no end */
	bool ends_at_gap;                  /* a gap in the log ends the connection */
	bool silent;                       /* events are not printed */
	/* What is done with an event instead of printing it; NULL: nothing is. `text` is it as it came. */
	void (*each)(struct event_tail *t, const char *text, const struct json_t *event);
	void *ctx; /* of `each` */
	/* Its own: */
	struct sse sse;
	uint64_t printed;
	uint32_t losses; /* connections in a row that brought nothing */
	bool at_gap;     /* the log does not have all that was asked for; of the last connection */
	bool opened;     /* some connection was */
	bool ended;      /* the last event was seen, or the limit reached */
};

/* One connection, printed as it comes. CLI_OK: it is over; go on with the next unless tail->ended. Pauses after a loss. */
enum cli_exit event_follow(struct event_tail *t);
void event_tail_done(struct event_tail *t);
