#include "model/action.h"

#include <string.h>

const struct field action_plan_fields[] = {
	{ .name = "dryRun",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_plan, dry_run),
		.doc = "True: nothing was done." },
	{ .name = "would",
		.type = FIELD_LIST,
		FIELD_AT(struct action_plan, would),
		.item = FIELD_STR,
		.doc = "What would be done, in order." },
	{ .name = "lanes",
		.type = FIELD_LIST,
		FIELD_AT(struct action_plan, lanes),
		.item = FIELD_STR,
		.doc = "The rate lanes that it would draw on." },
	{ 0 },
};

static const struct field empty_fields[] = { { 0 } };

static const struct field session_fields[] = {
	{ .name = "state",
		.type = FIELD_STR,
		FIELD_AT(struct action_session_result, state),
		.doc = "online or offline." },
	{ .name = "steamId",
		.type = FIELD_ID64,
		FIELD_AT(struct action_session_result, steam_id),
		.flags = FIELD_OMIT,
		.doc = "The SteamID of the session." },
	{ .name = "cellId",
		.type = FIELD_U32,
		FIELD_AT(struct action_session_result, cell_id),
		.flags = FIELD_OMIT,
		.doc = "Steam's region of the session." },
	{ 0 },
};

static const struct field ping_fields[] = {
	{ .name = "rttMs",
		.type = FIELD_U32,
		FIELD_AT(struct action_ping_result, rtt_ms),
		.doc = "From request to answer." },
	{ .name = "endpoint",
		.type = FIELD_STR,
		FIELD_AT(struct action_ping_result, endpoint),
		.doc = "The connection manager that answered." },
	{ 0 },
};

static const struct field changes_fields[] = {
	{ .name = "since",
		.type = FIELD_U32,
		FIELD_AT(struct action_changes, since),
		.flags = FIELD_REQUIRED,
		.doc = "The change number that is known." },
	{ 0 },
};

static const struct field change_fields[] = {
	{ .name = "id", .type = FIELD_U32, FIELD_AT(struct action_change, id), .doc = "Id of the app or package." },
	{ .name = "changeNumber",
		.type = FIELD_U32,
		FIELD_AT(struct action_change, change_number),
		.doc = "Its latest change." },
	{ .name = "needsToken",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_change, needs_token),
		.doc = "Its info needs an access token." },
	{ 0 },
};

static const struct field changes_result_fields[] = {
	{ .name = "current",
		.type = FIELD_U32,
		FIELD_AT(struct action_changes_result, current),
		.doc = "The latest change number of all." },
	{ .name = "since",
		.type = FIELD_U32,
		FIELD_AT(struct action_changes_result, since),
		.doc = "The number that was asked for." },
	{ .name = "gap",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_changes_result, gap),
		.doc = "Steam no longer knows what changed since then." },
	{ .name = "apps",
		.type = FIELD_LIST,
		FIELD_AT(struct action_changes_result, apps),
		.item = FIELD_OBJ,
		.sub = change_fields,
		.sub_size = sizeof(struct action_change),
		.doc = "Apps that changed." },
	{ .name = "packages",
		.type = FIELD_LIST,
		FIELD_AT(struct action_changes_result, packages),
		.item = FIELD_OBJ,
		.sub = change_fields,
		.sub_size = sizeof(struct action_change),
		.doc = "Packages that changed." },
	{ 0 },
};

static const struct field product_info_fields[] = {
	{ .name = "apps",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info, apps),
		.item = FIELD_U32,
		.max = ACTION_PRODUCTS_MAX,
		.doc = "Ids of apps." },
	{ .name = "packages",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info, packages),
		.item = FIELD_U32,
		.max = ACTION_PRODUCTS_MAX,
		.doc = "Ids of packages." },
	{ .name = "metadataOnly",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_product_info, metadata_only),
		.doc = "Change numbers and hashes alone." },
	{ 0 },
};

static const struct field product_fields[] = {
	{ .name = "id",
		.type = FIELD_U32,
		FIELD_AT(struct action_product, id),
		.doc = "Id of the app or package." },
	{ .name = "changeNumber",
		.type = FIELD_U32,
		FIELD_AT(struct action_product, change_number),
		.doc = "Its latest change." },
	{ .name = "missingToken",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_product, missing_token),
		.doc = "Only the public part: an access token is missing." },
	{ .name = "sha1",
		.type = FIELD_STR,
		FIELD_AT(struct action_product, sha1),
		.doc = "SHA-1 of the data as Steam sent it." },
	{ .name = "size",
		.type = FIELD_U32,
		FIELD_AT(struct action_product, size),
		.doc = "Bytes of the data as Steam sent it." },
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct action_product, name),
		.flags = FIELD_OMIT,
		.doc = "Its name, when the data has one." },
	{ .name = "data",
		.type = FIELD_JSON,
		FIELD_AT(struct action_product, data),
		.flags = FIELD_OMIT,
		.doc = "The data as JSON." },
	{ 0 },
};

static const struct field product_info_result_fields[] = {
	{ .name = "apps",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info_result, apps),
		.item = FIELD_OBJ,
		.sub = product_fields,
		.sub_size = sizeof(struct action_product),
		.doc = "The apps that Steam knows." },
	{ .name = "packages",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info_result, packages),
		.item = FIELD_OBJ,
		.sub = product_fields,
		.sub_size = sizeof(struct action_product),
		.doc = "The packages that Steam knows." },
	{ .name = "unknownApps",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info_result, unknown_apps),
		.item = FIELD_U32,
		.doc = "Ids that Steam does not know." },
	{ .name = "unknownPackages",
		.type = FIELD_LIST,
		FIELD_AT(struct action_product_info_result, unknown_packages),
		.item = FIELD_U32,
		.doc = "Ids that Steam does not know." },
	{ 0 },
};

static const char *const lanes_login[] = { "cm.connect", "cm.login", NULL };
static const char *const lanes_job[] = { "cm.job", NULL };
static const char *const lanes_changes[] = { "pics.changes", NULL };
static const char *const lanes_info[] = { "pics.info", NULL };
static const char *const lanes_none[] = { NULL };

static const struct action pics_changes = {
	.name = "pics.changes",
	.class = TASK_READ,
	.scope = SCOPE_WATCHES_READ,
	.timeout_s = 30,
	.payload = changes_fields,
	.payload_size = sizeof(struct action_changes),
	.result = changes_result_fields,
	.result_size = sizeof(struct action_changes_result),
	.lanes = lanes_changes,
	.doc = "Asks Steam which apps and packages changed since a change number.",
};

static const struct action pics_product_info = {
	.name = "pics.product_info",
	.class = TASK_READ,
	.scope = SCOPE_WATCHES_READ,
	.timeout_s = 60,
	.payload = product_info_fields,
	.payload_size = sizeof(struct action_product_info),
	.result = product_info_result_fields,
	.result_size = sizeof(struct action_product_info_result),
	.lanes = lanes_info,
	.doc = "Reads what Steam says of apps and packages: names, branches, depots, contents.",
};

static const struct action session_login = {
	.name = "session.login",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 90,
	.payload = empty_fields,
	.payload_size = sizeof(struct action_empty),
	.result = session_fields,
	.result_size = sizeof(struct action_session_result),
	.lanes = lanes_login,
	.mutates = true,
	.doc = "Logs the account's session on to Steam, and keeps it on.",
};

static const struct action session_logout = {
	.name = "session.logout",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 15,
	.payload = empty_fields,
	.payload_size = sizeof(struct action_empty),
	.result = session_fields,
	.result_size = sizeof(struct action_session_result),
	.lanes = lanes_none,
	.mutates = true,
	.doc = "Logs the account's session off.",
};

static const struct action session_ping = {
	.name = "session.ping",
	.class = TASK_READ,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	.payload = empty_fields,
	.payload_size = sizeof(struct action_empty),
	.result = ping_fields,
	.result_size = sizeof(struct action_ping_result),
	.lanes = lanes_job,
	.doc = "Measures how long Steam takes to answer the account's session.",
};

const struct action *const action_all[] = { &pics_changes, &pics_product_info, &session_login, &session_logout,
	&session_ping, NULL };

const struct action *action_find(const char *name)
{
	for (size_t i = 0; action_all[i]; i++)
		if (!strcmp(action_all[i]->name, name))
			return action_all[i];
	return NULL;
}
