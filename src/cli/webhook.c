#include "cli/event.h"
#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/webhook_listen.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option limit_options[] = { RUN_LIST_OPTIONS, { 0 } };
static const struct verb_option match_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };

#define TYPE_OPTION                                                                                 \
	{                                                                                           \
		.row = { .name = "type",                                                            \
			.type = FIELD_LIST,                                                         \
			.item = FIELD_STR,                                                          \
			.max = 16,                                                                  \
			.doc = "Events of this type or pattern, such as task.*; again for more." }, \
		.letter = 't', .value = "TYPE", .member = "types", .place = VERB_BODY               \
	}
#define THIN_OPTION                                                                                    \
	{                                                                                              \
		.row = { .name = "thin", .type = FIELD_BOOL, .doc = "Events without their payload." }, \
		.place = VERB_BODY                                                                     \
	}

#define FORMAT_OPTIONS                                                                                 \
	{ .row = { .name = "cloudevents",                                                              \
		  .type = FIELD_BOOL,                                                                  \
		  .doc = "Events in the envelope of CloudEvents 1.0." },                               \
		.member = "format",                                                                    \
		.json = "\"cloudevents\"",                                                             \
		.place = VERB_BODY },                                                                  \
	{                                                                                              \
		.row = { .name = "native", .type = FIELD_BOOL, .doc = "Events as the log has them." }, \
		.member = "format", .json = "\"native\"", .place = VERB_BODY                           \
	}

static const struct verb_option create_options[] = { TYPE_OPTION, EVENT_OF_OPTIONS(VERB_BODY), THIN_OPTION,
	FORMAT_OPTIONS, { 0 } };

static const struct verb_option edit_options[] = {
	{ .row = { .name = "url", .type = FIELD_STR, .min = 8, .max = 2048, .doc = "Where events are sent." },
		.value = "URL",
		.place = VERB_BODY },
	TYPE_OPTION,
	EVENT_OF_OPTIONS(VERB_BODY),
	THIN_OPTION,
	FORMAT_OPTIONS,
	{ .row = { .name = "enable", .type = FIELD_BOOL, .doc = "Send again, from where it stopped." },
		.member = "enabled",
		.place = VERB_BODY },
	{ .row = { .name = "disable", .type = FIELD_BOOL, .doc = "Send nothing." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_MATCH_OPTION,
	{ 0 },
};

static const char *const statuses[] = { "behind", "due", "sending", "delivered", "dead", NULL };
static const struct verb_option deliveries_options[] = {
	{ .row = { .name = "status", .type = FIELD_ENUM, .words = statuses, .doc = "Only these." },
		.value = "STATUS",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option replay_options[] = {
	{ .row = { .name = "from", .type = FIELD_I64, .min = 1, .max = INT64_MAX, .doc = "The first position." },
		.value = "POSITION",
		.place = VERB_BODY },
	{ .row = { .name = "to",
		  .type = FIELD_I64,
		  .min = 1,
		  .max = INT64_MAX,
		  .doc = "The last position. Default: where the webhook is." },
		.value = "POSITION",
		.place = VERB_BODY },
	{ .row = { .name = "since", .type = FIELD_TIME, .doc = "Instead of --from: 2030-01-31T12:00:00Z." },
		.value = "TIME",
		.place = VERB_BODY },
	{ .row = { .name = "until", .type = FIELD_TIME, .doc = "Instead of --to." },
		.value = "TIME",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

#define WEBHOOK_ARG                                            \
	{                                                      \
		.name = "WEBHOOK", .doc = "Id of the webhook." \
	}
#define DELIVERY_ARG                                             \
	{                                                        \
		.name = "DELIVERY", .doc = "Id of the delivery." \
	}
#define DELIVERY_COLUMNS "id,type,subject,status,attempts,lastStatus:HTTP,nextAttemptAt:NEXT,createdAt"

const struct verb webhook_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the webhooks, newest first. Never the secrets.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/webhooks",
		.columns =
			"id,url,types,enabled,disabledReason:REASON,pending,failingSince:FAILING,lastStatus:HTTP",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a webhook. Never the secret.",
		.args = { WEBHOOK_ARG },
		.method = "GET",
		.path = "/v1/webhooks/{}",
	},
	{
		.name = "create",
		.doc = "Makes a webhook and shows its secret, this once; with --quiet the secret alone.",
		.args = { { .name = "URL",
			.member = "url",
			.doc = "Where events are sent, such as https://example.com/hook." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/webhooks",
		.id = "secret",
		.example = "(umask 077; footplate webhook create https://example.com/hook -t 'task.*' -q "
			   ">hook.secret)",
	},
	{
		.name = "edit",
		.doc = "Changes a webhook.",
		.args = { WEBHOOK_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/webhooks/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a webhook with its deliveries.",
		.args = { WEBHOOK_ARG },
		.options = match_options,
		.method = "DELETE",
		.path = "/v1/webhooks/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "test",
		.doc = "Sends a webhook.ping, once.",
		.args = { WEBHOOK_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/webhooks/{}/test",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "listen",
		.doc = "Posts events to a receiver of this machine as they come, signed, once each; makes no "
		       "webhook.",
		.options = webhook_listen_options,
		.method = "GET",
		.path = "/v1/events",
		.columns = WEBHOOK_LISTEN_COLUMNS,
		.run = webhook_listen,
		.example = "footplate webhook listen --forward localhost:3000/hook -t 'task.*'",
	},
	{
		.name = "rotate-secret",
		.doc = "Makes a new secret and shows it, this once; the old one is used beside it for a while.",
		.args = { WEBHOOK_ARG },
		.method = "POST",
		.path = "/v1/webhooks/{}/rotate-secret",
		.id = "secret",
	},
	{
		.name = "deliveries",
		.doc = "Lists the deliveries of a webhook, newest first.",
		.args = { WEBHOOK_ARG },
		.options = deliveries_options,
		.method = "GET",
		.path = "/v1/webhooks/{}/deliveries",
		.columns = DELIVERY_COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "attempts",
		.doc = "Lists the attempts of a delivery, the last first, with the beginning of each answer.",
		.args = { WEBHOOK_ARG, DELIVERY_ARG },
		.options = limit_options,
		.method = "GET",
		.path = "/v1/webhooks/{}/deliveries/{}/attempts",
		.columns = "number,at,ms,status:HTTP,error,answer",
		.id = "number",
		.flags = VERB_LIST,
	},
	{
		.name = "redeliver",
		.doc = "Sends a delivery again.",
		.args = { WEBHOOK_ARG, DELIVERY_ARG },
		.options = key_options,
		.method = "POST",
		.path = "/v1/webhooks/{}/deliveries/{}/redeliver",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "replay",
		.doc = "Delivers a range of the log again, and what of it was never delivered.",
		.args = { WEBHOOK_ARG },
		.options = replay_options,
		.method = "POST",
		.path = "/v1/webhooks/{}/replay",
		.id = "deliveries",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate webhook replay whk_01J… --since 2030-01-31T12:00:00Z",
	},
	{ 0 },
};
