#include "model/account.h"
#include "cli/act.h"
#include "cli/edit.h"
#include "cli/import.h"
#include "cli/import_text.h"
#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"

#define COLUMNS                                                                                                   \
	"id,login,enabled,desired.mode:WANTED,state,stateReason:REASON,regionHint:REGION,egressId:EGRESS,labels," \
	"agentId:AGENT"

#define REGION_OPTION                                                                               \
	{                                                                                           \
		.row = { .name = "region",                                                          \
			.type = FIELD_STR,                                                          \
			.min = 1,                                                                   \
			.doc = "Region its tasks run in, by name or id." },                         \
		.value = "REGION", .member = "regionHint", .place = VERB_BODY, .names = VERB_REGION \
	}
#define EGRESS_OPTION                                                                             \
	{                                                                                         \
		.row = { .name = "egress",                                                        \
			.type = FIELD_STR,                                                        \
			.min = 1,                                                                 \
			.doc = "The address it goes out by, by name or id." },                    \
		.value = "EGRESS", .member = "egressId", .place = VERB_BODY, .names = VERB_EGRESS \
	}
#define LABEL_OPTION                                                                                             \
	{                                                                                                        \
		.row = { .name = "label", .type = FIELD_MAP, .doc = "A label; again for more." }, .letter = 'l', \
		.value = "NAME=VALUE", .member = "labels", .place = VERB_BODY                                    \
	}
#define DISABLED_OPTION                                                                              \
	{                                                                                            \
		.row = { .name = "disabled", .type = FIELD_BOOL, .doc = "Its tasks fail at once." }, \
		.member = "enabled", .json = "false", .place = VERB_BODY                             \
	}

#define ANONYMOUS_OPTION                                                                                           \
	{                                                                                                          \
		.row = { .name = "anonymous", .type = FIELD_BOOL, .doc = "Logs on without a name and password." }, \
		.member = "anonymous", .json = "true", .place = VERB_BODY                                          \
	}

static const struct verb_option create_options[] = { REGION_OPTION, EGRESS_OPTION, LABEL_OPTION, DISABLED_OPTION,
	ANONYMOUS_OPTION, RUN_KEY_OPTION, { 0 } };
static const struct verb_option import_options[] = {
	{ .row = { .name = "format",
		  .type = FIELD_ENUM,
		  .words = import_text_words,
		  .doc = "What the file is. Default: as its name ends; a folder is asf." },
		.value = "FORMAT" },
	REGION_OPTION,
	EGRESS_OPTION,
	LABEL_OPTION,
	DISABLED_OPTION,
	ANONYMOUS_OPTION,
	{ 0 },
};

static const struct verb_option edit_options[] = {
	{ .row = { .name = "login", .type = FIELD_STR, .min = 1, .max = 64, .doc = "New name on Steam." },
		.value = "LOGIN",
		.place = VERB_BODY },
	REGION_OPTION,
	{ .row = { .name = "any-region", .type = FIELD_BOOL, .doc = "Its tasks run anywhere." },
		.member = "regionHint",
		.json = "null",
		.place = VERB_BODY },
	EGRESS_OPTION,
	{ .row = { .name = "no-egress", .type = FIELD_BOOL, .doc = "It goes out by its agent's own address." },
		.member = "egressId",
		.json = "null",
		.place = VERB_BODY },
	EDIT_LABEL_OPTIONS,
	{ .row = { .name = "enable", .type = FIELD_BOOL, .doc = "Its tasks run." },
		.member = "enabled",
		.place = VERB_BODY },
	{ .row = { .name = "disable", .type = FIELD_BOOL, .doc = "Its tasks fail at once." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	RUN_MATCH_OPTION,
	{ 0 },
};

static const struct verb_option list_options[] = {
	{ .row = { .name = "login",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Only the account with this login." },
		.value = "LOGIN",
		.place = VERB_QUERY },
	{ .row = { .name = "state",
		  .type = FIELD_ENUM,
		  .words = account_state_words,
		  .doc = "Only those in this state." },
		.letter = 's',
		.value = "STATE",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};

static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };

#define STAY_OPTIONS                                                                                       \
	{ .row = { .name = "persona",                                                                      \
		  .type = FIELD_U32,                                                                       \
		  .max = 7,                                                                                \
		  .doc = "How it shows itself to others: Steam's EPersonaState. Default: 1, online." },    \
		.value = "N",                                                                              \
		.place = VERB_BODY },                                                                      \
	{                                                                                                  \
		.row = { .name = "until",                                                                  \
			.type = FIELD_TIME,                                                                \
			.doc = "Log it off then: 90d, 12h, or 2030-01-31T12:00:00Z. Default: it stays." }, \
		.value = "TIME", .place = VERB_BODY                                                        \
	}

static const struct verb_option up_options[] = { STAY_OPTIONS, { 0 } };
static const struct verb_option play_options[] = {
	{ .row = { .name = "apps",
		  .type = FIELD_LIST,
		  .item = FIELD_U32,
		  .max = 32,
		  .doc = "Apps to play; again for more." },
		.value = "APPS",
		.place = VERB_BODY },
	{ .row = { .name = "game",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 64,
		  .doc = "Name of a game that is not Steam's." },
		.value = "NAME",
		.place = VERB_BODY },
	STAY_OPTIONS,
	{ 0 },
};
static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };
static const struct verb_option page_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option act_options[] = { ACT_OPTIONS, { 0 } };
static const struct verb_option secret_options[] = { SECRET_OPTIONS, { 0 } };

/* Those that people may set; what agents bring has other names. */
static const char *const secret_names[] = { "password", "shared_secret", "identity_secret", "refresh_token",
	"parental_pin", "email_code_source", NULL };

#define ACCOUNT_ARG                                                                 \
	{                                                                           \
		.name = "ACCOUNT", .doc = "Its login or id.", .names = VERB_ACCOUNT \
	}

#define SECRET_ARG                                                               \
	{                                                                        \
		.name = "SECRET", .doc = "Which of them.", .words = secret_names \
	}
#define WANT(what)  .method = "PUT", .path = "/v1/accounts/{}/desired-state", .body = (what), .id = "state"
#define NUDGE(what) .method = "POST", .path = "/v1/accounts/{}/" what, .id = "state", .flags = VERB_IDEMPOTENT

const struct verb account_verbs[] = {
	{
		.name = "create",
		.doc = "Makes an account.",
		.args = { { .name = "LOGIN", .member = "login", .doc = "The account's name on Steam." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/accounts",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate account create alice --region eu-west --label team=red",
	},
	{
		.name = "list",
		.doc = "Lists the accounts, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/accounts",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an account.",
		.args = { ACCOUNT_ARG },
		.method = "GET",
		.path = "/v1/accounts/{}",
	},
	{
		.name = "edit",
		.doc = "Changes an account.",
		.args = { ACCOUNT_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/accounts/{}",
		.flags = VERB_EDITED,
		.run = edit_run,
		.example = "footplate account edit alice --label team=blue --disable",
	},
	{
		.name = "delete",
		.doc = "Deletes an account that no task works on.",
		.args = { ACCOUNT_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/accounts/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "import",
		.doc = "Takes the accounts of a list with their secrets; those that are there get the secrets that "
		       "are new.",
		.args = { { .name = "FILE",
			.doc = "A list of logins, a CSV, JSON lines, a maFile, or a folder of ASF or of maFiles; - "
			       "is the "
			       "standard input." } },
		.options = import_options,
		.method = "POST",
		.path = "/v1/accounts/import",
		.columns = IMPORT_COLUMNS,
		.run = import_accounts,
		.example = "footplate account import ~/asf/config --format asf",
	},
	{
		.name = "state",
		.doc = "Shows what an account's session does, and what it is to do.",
		.args = { ACCOUNT_ARG },
		.method = "GET",
		.path = "/v1/accounts/{}/session",
		.id = "state",
	},
	{
		.name = "up",
		.doc = "Has an account logged on, from now on.",
		.args = { ACCOUNT_ARG },
		.options = up_options,
		WANT("{\"mode\":\"online\"}"),
	},
	{
		.name = "play",
		.doc = "Has an account logged on and playing, from now on.",
		.args = { ACCOUNT_ARG },
		.options = play_options,
		WANT("{\"mode\":\"playing\"}"),
		.example = "footplate account play alice --apps 440,570",
	},
	{
		.name = "down",
		.doc = "Has an account logged off, from now on.",
		.args = { ACCOUNT_ARG },
		WANT("{\"mode\":\"offline\"}"),
	},
	{
		.name = "restart",
		.doc = "Logs an account off and on again.",
		.args = { ACCOUNT_ARG },
		.options = key_options,
		NUDGE("session/restart"),
	},
	{
		.name = "retry",
		.doc = "Lets an account that has failed try again.",
		.args = { ACCOUNT_ARG },
		.options = key_options,
		NUDGE("retry"),
	},
	{
		.name = "quarantine-set",
		.doc = "Logs an account off and keeps it off, whatever is wanted of it, until that is cleared.",
		.args = { ACCOUNT_ARG },
		.options = key_options,
		NUDGE("quarantine"),
	},
	{
		.name = "quarantine-clear",
		.doc = "Takes an account out of quarantine.",
		.args = { ACCOUNT_ARG },
		.options = key_options,
		NUDGE("quarantine/clear"),
	},
	{
		.name = "history",
		.doc = "Lists the states of an account, newest first.",
		.args = { ACCOUNT_ARG },
		.options = page_options,
		.method = "GET",
		.path = "/v1/accounts/{}/history",
		.columns = "at,was,state,reason,eresult,agentId:AGENT,epoch,actor",
		.flags = VERB_LIST,
	},
	{
		.name = "standing",
		.doc = "Asks Steam how the account stands: bans, limits, level, whether it can trade.",
		.args = { ACCOUNT_ARG },
		.options = act_options,
		.method = "POST",
		.path = "/v1/jobs",
		.action = "account.standing",
		.id = "tradeReady",
		.flags = VERB_IDEMPOTENT,
		.run = act_run,
	},
	{
		.name = "code",
		.doc = "Makes a Steam Guard code of the account's shared secret. At most ten a minute; each is "
		       "audited.",
		.args = { ACCOUNT_ARG },
		.method = "POST",
		.path = "/v1/accounts/{}/authenticator/codes",
		.id = "code",
	},
	{
		.name = "secret-list",
		.doc = "Shows which secrets an account has; never a value.",
		.args = { ACCOUNT_ARG },
		.method = "GET",
		.path = "/v1/accounts/{}/secrets",
		.columns = "name,set,version,fingerprint,updatedAt",
		.id = "name",
	},
	{
		.name = "secret-set",
		.doc = "Sets a secret of an account. It can be replaced and deleted, and never be read.",
		.args = { ACCOUNT_ARG, SECRET_ARG },
		.options = secret_options,
		.method = "PUT",
		.path = "/v1/accounts/{}/secrets/{}",
		.secret = "value",
		.prompt = "Secret",
		.run = secret_run,
		.example = "footplate account secret-set alice password --secret-file alice.password",
	},
	{
		.name = "secret-delete",
		.doc = "Forgets a secret of an account.",
		.args = { ACCOUNT_ARG, SECRET_ARG },
		.method = "DELETE",
		.path = "/v1/accounts/{}/secrets/{}",
	},
	{ 0 },
};
