#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"

#define COLUMNS "id,login,name,enabled,secondFactor:MFA,source,lastLoginAt:LAST,createdAt"

#define TENANT_OPTION(place_)                                                                                \
	{                                                                                                    \
		.row = { .name = "tenant",                                                                   \
			.type = FIELD_STR,                                                                   \
			.min = 5,                                                                            \
			.max = 63,                                                                           \
			.doc = "In this tenant, for the installation's administrator. Default: your own." }, \
		.value = "TENANT", .member = "tenantId", .place = (place_)                                   \
	}
#define NAME_OPTIONS                                                                                           \
	{ .row = { .name = "name", .type = FIELD_STR, .min = 1, .max = 200, .doc = "What people call them." }, \
		.value = "NAME",                                                                               \
		.place = VERB_BODY },                                                                          \
	{                                                                                                      \
		.row = { .name = "email",                                                                      \
			.type = FIELD_STR,                                                                     \
			.min = 3,                                                                              \
			.max = 254,                                                                            \
			.doc = "Their e-mail address." },                                                      \
		.value = "ADDRESS", .place = VERB_BODY                                                         \
	}

static const struct verb_option list_options[] = {
	{ .row = { .name = "login", .type = FIELD_STR, .min = 1, .max = 128, .doc = "Only who has this login." },
		.value = "LOGIN",
		.place = VERB_QUERY },
	{ .row = { .name = "group", .type = FIELD_STR, .min = 1, .max = 64, .doc = "Only members of this group." },
		.value = "GROUP",
		.member = "groupId",
		.place = VERB_QUERY },
	TENANT_OPTION(VERB_QUERY),
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option create_options[] = { NAME_OPTIONS, TENANT_OPTION(VERB_BODY), RUN_KEY_OPTION,
	{ 0 } };
static const struct verb_option edit_options[] = {
	{ .row = { .name = "login", .type = FIELD_STR, .min = 1, .max = 128, .doc = "What they log in with." },
		.value = "LOGIN",
		.place = VERB_BODY },
	NAME_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};
static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option password_options[] = { SECRET_OPTIONS, { 0 } };

#define USER_ARG                                           \
	{                                                  \
		.name = "USER", .doc = "Id of the person." \
	}
#define CHANGE(name_, doc_)                                                             \
	{                                                                               \
		.name = (name_), .doc = (doc_), .args = { USER_ARG }, .method = "POST", \
		.path = "/v1/users/{}/" name_                                           \
	}

const struct verb user_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the people who can log in, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/users",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows a person.",
		.args = { USER_ARG },
		.method = "GET",
		.path = "/v1/users/{}",
	},
	{
		.name = "create",
		.doc = "Makes a person. They may nothing until a role is bound to them (footplate binding create), "
		       "and need a "
		       "password or single sign-on.",
		.args = { { .name = "LOGIN", .member = "login", .doc = "What they log in with." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/users",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate user create ann --name 'Ann Example'",
	},
	{
		.name = "edit",
		.doc = "Changes a person's login, name or address.",
		.args = { USER_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/users/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes a person: their sessions and keys end at once.",
		.args = { USER_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/users/{}",
		.flags = VERB_EDITED,
	},
	CHANGE("enable", "Lets a person in again."),
	CHANGE("disable", "Lets a person in no more: their sessions end at once, their keys are refused."),
	CHANGE("unlock", "Ends the lock after too many wrong passwords or codes."),
	{
		.name = "set-password",
		.doc = "Sets a person's password. Their sessions end.",
		.args = { USER_ARG },
		.options = password_options,
		.method = "PUT",
		.path = "/v1/users/{}/password",
		.secret = "password",
		.prompt = "Password",
		.run = secret_run,
	},
	{
		.name = "reset-mfa",
		.doc = "Takes a lost second factor away. Their sessions end.",
		.args = { USER_ARG },
		.method = "POST",
		.path = "/v1/users/{}/mfa/reset",
	},
	{ 0 },
};
