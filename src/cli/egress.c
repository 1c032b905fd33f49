#include "cli/act.h"
#include "cli/nouns.h"
#include "cli/run.h"
#include "cli/secret.h"

#define COLUMNS "id,name,kind,address,regionId:REGION,accounts,softCap:SOFT,hardCap:HARD,crowded,secretSet:LOGIN"

static const char *const kinds[] = { "direct", "bind_address", "http_proxy", "socks5", NULL };

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

static const struct verb_option create_options[] = {
	{ .row = { .name = "kind",
		  .type = FIELD_ENUM,
		  .flags = FIELD_REQUIRED,
		  .words = kinds,
		  .doc = "How it goes out." },
		.value = "KIND",
		.place = VERB_BODY },
	{ .row = { .name = "address",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 253,
		  .doc = "The address to bind, or HOST:PORT of the proxy. Its login is set by footplate egress "
			 "secret-set." },
		.value = "ADDRESS",
		.place = VERB_BODY },
	{ .row = { .name = "region",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "Only agents of this region have it, by name or id. Default: all." },
		.value = "REGION",
		.member = "regionId",
		.place = VERB_BODY,
		.names = VERB_REGION },
	{ .row = { .name = "soft-cap", .type = FIELD_U32, .min = 1, .doc = "Accounts that are no risk yet." },
		.value = "N",
		.member = "softCap",
		.place = VERB_BODY },
	{ .row = { .name = "hard-cap", .type = FIELD_U32, .min = 1, .doc = "Accounts that it may have at most." },
		.value = "N",
		.member = "hardCap",
		.place = VERB_BODY },
	RUN_KEY_OPTION,
	{ 0 },
};

static const struct verb_option delete_options[] = { RUN_MATCH_OPTION, { 0 } };
static const struct verb_option secret_options[] = { SECRET_OPTIONS, { 0 } };

static const struct verb_option probe_options[] = {
	{ .row = { .name = "target",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 4,
		  .doc = "What to reach: cm, community, store or api; again for more. Default: all." },
		.value = "TARGET",
		.member = "targets",
		.place = VERB_BODY },
	ACT_OPTIONS,
	{ 0 },
};

#define EGRESS_ARG                                                               \
	{                                                                        \
		.name = "EGRESS", .doc = "Its name or id.", .names = VERB_EGRESS \
	}

const struct verb egress_verbs[] = {
	{
		.name = "list",
		.doc = "Lists the egresses, newest first.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/egresses",
		.columns = COLUMNS,
		.flags = VERB_LIST,
	},
	{
		.name = "get",
		.doc = "Shows an egress.",
		.args = { EGRESS_ARG },
		.method = "GET",
		.path = "/v1/egresses/{}",
	},
	{
		.name = "create",
		.doc = "Makes an egress; footplate account edit --egress gives it to an account.",
		.args = { { .name = "NAME", .member = "name", .doc = "Unique, such as proxy-3." } },
		.options = create_options,
		.method = "POST",
		.path = "/v1/egresses",
		.flags = VERB_IDEMPOTENT,
		.example = "footplate egress create proxy-3 --kind socks5 --address 10.0.0.3:1080",
	},
	{
		.name = "delete",
		.doc = "Deletes an egress that no account has.",
		.args = { EGRESS_ARG },
		.options = delete_options,
		.method = "DELETE",
		.path = "/v1/egresses/{}",
		.flags = VERB_EDITED,
	},
	{
		.name = "secret-set",
		.doc = "Sets the login of a proxy, USER:PASSWORD. It cannot be read again.",
		.args = { EGRESS_ARG },
		.options = secret_options,
		.method = "PUT",
		.path = "/v1/egresses/{}/secret",
		.secret = "value",
		.prompt = "USER:PASSWORD",
		.run = secret_run,
	},
	{
		.name = "secret-delete",
		.doc = "Forgets the login of a proxy.",
		.args = { EGRESS_ARG },
		.method = "DELETE",
		.path = "/v1/egresses/{}/secret",
	},
	{
		.name = "probe",
		.doc = "Tries whether Steam can be reached by the egress of an account, and how fast.",
		.args = { { .name = "ACCOUNT",
			.doc = "An account that has the egress, by login or id.",
			.names = VERB_ACCOUNT } },
		.options = probe_options,
		.method = "POST",
		.path = "/v1/jobs",
		.action = "egress.probe",
		.columns = "target,reached,latencyMs:MS,detail",
		.items = "targets",
		.id = "target",
		.flags = VERB_IDEMPOTENT,
		.run = act_run,
	},
	{ 0 },
};
