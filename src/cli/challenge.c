#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"

static const char *const states[] = { "any", "open", "answered", "accepted", "expired", "refused", "moot", NULL };

static const struct verb_option list_options[] = {
	{ .row = { .name = "state", .type = FIELD_ENUM, .words = states, .doc = "Only those in this state." },
		.letter = 's',
		.value = "STATE",
		.place = VERB_QUERY },
	{ .row = { .name = "account", .type = FIELD_STR, .min = 1, .doc = "Only of this account, by login or id." },
		.letter = 't',
		.value = "ACCOUNT",
		.place = VERB_QUERY,
		.names = VERB_ACCOUNT },
	{ .row = { .name = "agent", .type = FIELD_STR, .min = 1, .doc = "Only of this agent, by its id." },
		.value = "AGENT",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option answer_options[] = {
	{ .row = { .name = "approve",
		  .type = FIELD_BOOL,
		  .doc = "It was approved on the phone: look at once. No code is asked for." },
		.place = VERB_BODY },
	SECRET_OPTIONS,
	{ 0 },
};

static enum cli_exit answer(struct cmd *c) { return cmd_has(c, "approve") ? run_verb(c) : secret_run(c); }

#define CHALLENGE_ARG                                 \
	{                                             \
		.name = "CHALLENGE", .doc = "Its id." \
	}

const struct verb challenge_verbs[] = {
	{
		.name = "list",
		.doc = "Lists what Steam, Epic and GOG want from people, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/challenges",
		.columns = "id,accountId:ACCOUNT,agentId:AGENT,kind,store,state,hint,url,expiresAt,createdAt",
		.flags = VERB_LIST,
		.example = "footplate challenge list --state open",
	},
	{
		.name = "get",
		.doc = "Shows a challenge; of a QR code, what the code says; of a store, the page to open.",
		.args = { CHALLENGE_ARG },
		.method = "GET",
		.path = "/v1/challenges/{}",
	},
	{
		.name = "answer",
		.doc = "Answers a challenge, once, with the code or PIN that is read as a secret.",
		.args = { CHALLENGE_ARG },
		.options = answer_options,
		.method = "POST",
		.path = "/v1/challenges/{}/answer",
		.secret = "code",
		.prompt = "Code",
		.run = answer,
		.example = "footplate challenge answer chg_… <code.txt",
	},
	{ 0 },
};
