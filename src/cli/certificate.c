#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };
static const struct verb_option issued_options[] = {
	{ .row = { .name = "subject",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 255,
		  .doc = "Only those of this agent or server." },
		.value = "ID",
		.place = VERB_QUERY },
	RUN_LIST_OPTIONS,
	RUN_CURSOR_OPTION,
	{ 0 },
};
static const struct verb_option none[] = { { 0 } };

const struct verb certificate_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the certificates that our authorities have signed.",
		.options = issued_options,
		.method = "GET",
		.path = "/v1/certificates",
		.columns = "id,kind,subject,createdAt,expiresAt,revokedAt",
		.flags = VERB_LIST,
	},
	{
		.name = "revoke",
		.doc = "Refuses a certificate from now on; the agent that uses it is cut off, and may ask for "
		       "another.",
		.args = { { .name = "SERIAL", .doc = "Its serial number." } },
		.options = none,
		.method = "POST",
		.path = "/v1/certificates/{}/revoke",
	},
	{ 0 },
};

const struct verb authority_verbs[] = {
	{
		.name = "list",
		.doc = "Lists our own certificate authorities, newest first. --output json shows their "
		       "certificates.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/certificate-authorities",
		.columns = "id,state,createdAt,expiresAt,retiredAt",
		.flags = VERB_LIST,
	},
	{
		.name = "rotate",
		.doc = "Makes a new authority that signs from now on; those before it are trusted until they are "
		       "retired.",
		.options = none,
		.method = "POST",
		.path = "/v1/certificate-authorities/rotate",
	},
	{
		.name = "retire",
		.doc = "Trusts an authority no more: agents with its certificates have to get others.",
		.args = { { .name = "AUTHORITY", .doc = "Its id." } },
		.options = none,
		.method = "POST",
		.path = "/v1/certificate-authorities/{}/retire",
	},
	{ 0 },
};
