#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option key_options[] = { RUN_KEY_OPTION, { 0 } };

static const struct verb_option retire_options[] = {
	{ .row = { .name = "below",
		  .type = FIELD_U32,
		  .flags = FIELD_REQUIRED,
		  .min = 2,
		  .doc = "Keys with a lower number are retired." },
		.value = "N",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

const struct verb keyring_verbs[] = {
	{
		.name = "status",
		.doc = "Shows the vault's keys, and how far secrets are under the current one.",
		.method = "GET",
		.path = "/v1/keyring",
	},
	{
		.name = "rotate",
		.doc = "Asks for a new key under a new version of the key-encryption key.",
		.options = key_options,
		.method = "POST",
		.path = "/v1/keyring/rotate",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "rewrap",
		.doc = "Looks at all secrets anew, and puts them under the current key.",
		.options = key_options,
		.method = "POST",
		.path = "/v1/keyring/rewrap",
		.flags = VERB_IDEMPOTENT,
	},
	{
		.name = "retire",
		.doc = "Retires old keys that nothing is under.",
		.options = retire_options,
		.method = "POST",
		.path = "/v1/keyring/retire",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate keyring retire --below 3",
	},
	{ 0 },
};
