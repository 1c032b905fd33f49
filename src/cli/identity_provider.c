#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"

#define COLUMNS "id,name,kind,title,tenantId:TENANT,enabled,clientSecretSet:SECRET,privateKeySet:KEY"
#define IDP_ARG                                 \
	{                                       \
		.name = "IDP", .doc = "Its id." \
	}

#define CONF_OPTIONS                                                                                           \
	{ .row = { .name = "title", .type = FIELD_STR, .max = 100, .doc = "What people read on the button." }, \
		.value = "TEXT",                                                                               \
		.place = VERB_BODY },                                                                          \
		{ .row = { .name = "people",                                                                   \
			  .type = FIELD_JSON,                                                                  \
			  .doc = "How its people are read: {createUsers, linkByEmail, groupMap, …}." },        \
			.value = "JSON",                                                                       \
			.place = VERB_BODY },                                                                  \
		{ .row = { .name = "oidc",                                                                     \
			  .type = FIELD_JSON,                                                                  \
			  .doc = "How to speak with an OpenID provider: {issuer, clientId, …}." },             \
			.value = "JSON",                                                                       \
			.place = VERB_BODY },                                                                  \
	{                                                                                                      \
		.row = { .name = "saml",                                                                       \
			.type = FIELD_JSON,                                                                    \
			.doc = "How to speak with a SAML identity provider: {metadata, …}." },                 \
		.value = "JSON", .place = VERB_BODY                                                            \
	}

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option create_options[] = {
	{ .row = { .name = "base-url",
		  .type = FIELD_STR,
		  .flags = FIELD_REQUIRED,
		  .min = 8,
		  .max = 256,
		  .doc = "Where people's browsers reach us, such as https://footplate.example.org." },
		.value = "URL",
		.member = "baseUrl",
		.place = VERB_BODY },
	{ .row = { .name = "tenant",
		  .type = FIELD_STR,
		  .min = 5,
		  .max = 63,
		  .doc = "Whose users its people become. Default: your own." },
		.value = "TENANT",
		.member = "tenantId",
		.place = VERB_BODY },
	CONF_OPTIONS,
	RUN_KEY_OPTION,
	{ 0 },
};
static const struct verb_option edit_options[] = {
	{ .row = { .name = "enable", .type = FIELD_BOOL, .doc = "People can log on by it." },
		.member = "enabled",
		.place = VERB_BODY },
	{ .row = { .name = "disable", .type = FIELD_BOOL, .doc = "Nobody can log on by it." },
		.member = "enabled",
		.json = "false",
		.place = VERB_BODY },
	CONF_OPTIONS,
	RUN_MATCH_OPTION,
	{ 0 },
};
static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option secret_options[] = { SECRET_OPTIONS, { 0 } };
static const struct verb_option test_options[] = {
	{ .row = { .name = "claims",
		  .type = FIELD_JSON,
		  .flags = FIELD_REQUIRED,
		  .doc = "What the provider would say of them, an object." },
		.value = "JSON",
		.place = VERB_BODY },
	{ .row = { .name = "subject",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 255,
		  .doc = "Who they are at the provider. Default: somebody who was never here." },
		.value = "TEXT",
		.place = VERB_BODY },
	{ 0 },
};

const struct verb identity_provider_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the identity providers.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/identity-providers",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an identity provider.",
		.args = { IDP_ARG },
		.method = "GET",
		.path = "/v1/identity-providers/{}",
	},
	{
		.name = "create",
		.doc = "Makes an identity provider. Set its secrets before people log on by it.",
		.args = { { .name = "KIND", .member = "kind", .doc = "oidc or saml." },
			{ .name = "NAME",
				.member = "name",
				.doc = "Unique, such as corp; it stands in the paths." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/identity-providers",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate identity-provider create oidc corp --base-url https://footplate.example.org "
			   "--oidc "
			   "'{\"issuer\":\"https://login.example.org\",\"clientId\":\"footplate\"}'",
	},
	{
		.name = "edit",
		.doc = "Edits an identity provider; what is not said stays.",
		.args = { IDP_ARG },
		.options = edit_options,
		.method = "PATCH",
		.path = "/v1/identity-providers/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "delete",
		.doc = "Deletes an identity provider; who came by it is logged off.",
		.args = { IDP_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/identity-providers/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "test",
		.doc = "Tells what would become of somebody who comes with these claims.",
		.args = { IDP_ARG },
		.options = test_options,
		.method = "POST",
		.path = "/v1/identity-providers/{}/test-mapping",
	},
	{
		.name = "secret-set",
		.doc = "Sets client_secret or private_key. It cannot be read again.",
		.args = { IDP_ARG, { .name = "NAME", .doc = "client_secret or private_key." } },
		.options = secret_options,
		.method = "PUT",
		.path = "/v1/identity-providers/{}/secrets/{}",
		.secret = "value",
		.prompt = "Secret",
		.run = secret_run,
	},
	{
		.name = "secret-delete",
		.doc = "Forgets client_secret or private_key.",
		.args = { IDP_ARG, { .name = "NAME", .doc = "client_secret or private_key." } },
		.method = "DELETE",
		.path = "/v1/identity-providers/{}/secrets/{}",
	},
	{ 0 },
};
