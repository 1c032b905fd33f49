#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"
#include "cli/shop_login.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

static const struct verb_option deed_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option drain_options[] = { RUN_DRAIN_OPTION, RUN_KEY_OPTION, { 0 } };

static const char *const stores[] = { "epic", "gog", NULL };
static const struct verb_option login_options[] = {
	{ .row = { .name = "store",
		  .type = FIELD_ENUM,
		  .words = stores,
		  .doc = "At which store. Default: where it wants to be logged in." },
		.value = "STORE" },
	SECRET_OPTIONS,
	{ 0 },
};

#define AGENT_ARG                                 \
	{                                         \
		.name = "AGENT", .doc = "Its id." \
	}

const struct verb agent_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the agents, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/agents",
		.columns = "id,regionId:REGION,state,cordoned,drainUntil:DRAIN,version,sessions,capacity,lastSeen,"
			   "createdAt",
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an agent.",
		.args = { AGENT_ARG },
		.method = "GET",
		.path = "/v1/agents/{}",
	},
	{
		.name = "enroll",
		.doc = "Makes a one-time token with which one agent can enrol. It is shown this once.",
		.args = { { .name = "REGION",
			.member = "regionId",
			.doc = "Region that the agent will work for, by name or id.",
			.names = VERB_REGION } },
		.method = "POST",
		.path = "/v1/agents/enrollments",
		.id = "token",
		.example = "(umask 077; footplate agent enroll eu-west -q >token)",
	},
	{
		.name = "cordon",
		.doc = "Gives an agent no new tasks and accounts; it keeps what it has.",
		.args = { AGENT_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/agents/{}/cordon",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "uncordon",
		.doc = "Gives an agent tasks and accounts again.",
		.args = { AGENT_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/agents/{}/uncordon",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "drain",
		.doc = "Gives an agent nothing new, and its accounts to others.",
		.args = { AGENT_ARG },
		.options = drain_options,
		.method = "POST",
		.path = "/v1/agents/{}/drain",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate agent drain agt_… --deadline-ms 60000",
	},
	{
		.name = "undrain",
		.doc = "Ends the drain of an agent.",
		.args = { AGENT_ARG },
		.options = deed_options,
		.method = "POST",
		.path = "/v1/agents/{}/undrain",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "login",
		.doc = "Logs an agent in at Epic or GOG: shows the page to open, and takes the code that it ends "
		       "with.",
		.args = { AGENT_ARG },
		.options = login_options,
		.method = "POST",
		.path = "/v1/challenges/{}/answer",
		.secret = "code",
		.prompt = "Code",
		.run = shop_login_run,
		.example = "footplate agent login agt_… --store epic",
	},
	{
		.name = "revoke",
		.doc = "Cuts an agent off for good.",
		.args = { AGENT_ARG },
		.method = "POST",
		.path = "/v1/agents/{}/revoke",
	},
	{ 0 },
};
