#include "model/action_pics.h"

#include "model/action_rows.h"

/* clang-format off */
static const struct field changes[] = {
	ACTION_ROW(action_changes, "since", since, FIELD_U32, "The change number that is known.", ACTION_NEEDED),
	{ 0 },
};

static const struct field change[] = {
	ACTION_ROW(action_change, "id", id, FIELD_U32, "Id of the app or package."),
	ACTION_ROW(action_change, "changeNumber", change_number, FIELD_U32, "Its latest change."),
	ACTION_ROW(action_change, "needsToken", needs_token, FIELD_BOOL, "Its info needs an access token."),
	{ 0 },
};

static const struct field changes_result[] = {
	ACTION_ROW(action_changes_result, "current", current, FIELD_U32, "The latest change number of all."),
	ACTION_ROW(action_changes_result, "since", since, FIELD_U32, "The number that was asked for."),
	ACTION_ROW(action_changes_result, "gap", gap, FIELD_BOOL, "Steam no longer knows what changed since then."),
	ACTION_ROWS(action_changes_result, "apps", apps, change, action_change, "Apps that changed."),
	ACTION_ROWS(action_changes_result, "packages", packages, change, action_change, "Packages that changed."),
	{ 0 },
};

static const struct field product_info[] = {
	ACTION_LIST(action_product_info, "apps", apps, FIELD_U32, "Ids of apps.", .max = ACTION_PRODUCTS_MAX),
	ACTION_LIST(action_product_info, "packages", packages, FIELD_U32, "Ids of packages.", .max = ACTION_PRODUCTS_MAX),
	ACTION_ROW(action_product_info, "metadataOnly", metadata_only, FIELD_BOOL, "Change numbers and hashes alone."),
	{ 0 },
};

static const struct field product[] = {
	ACTION_ROW(action_product, "id", id, FIELD_U32, "Id of the app or package."),
	ACTION_ROW(action_product, "changeNumber", change_number, FIELD_U32, "Its latest change."),
	ACTION_ROW(action_product, "missingToken", missing_token, FIELD_BOOL, "Only the public part: an access token is missing."),
	ACTION_ROW(action_product, "sha1", sha1, FIELD_STR, "SHA-1 of the data as Steam sent it."),
	ACTION_ROW(action_product, "size", size, FIELD_U32, "Bytes of the data as Steam sent it."),
	ACTION_ROW(action_product, "name", name, FIELD_STR, "Its name, when the data has one.", ACTION_MAYBE),
	ACTION_ROW(action_product, "data", data, FIELD_JSON, "The data as JSON.", ACTION_MAYBE),
	{ 0 },
};

static const struct field product_info_result[] = {
	ACTION_ROWS(action_product_info_result, "apps", apps, product, action_product, "The apps that Steam knows."),
	ACTION_ROWS(action_product_info_result, "packages", packages, product, action_product, "The packages that Steam knows."),
	ACTION_LIST(action_product_info_result, "unknownApps", unknown_apps, FIELD_U32, "Ids that Steam does not know."),
	ACTION_LIST(action_product_info_result, "unknownPackages", unknown_packages, FIELD_U32, "Ids that Steam does not know."),
	{ 0 },
};

static const struct field workshop[] = {
	ACTION_LIST(action_workshop, "ids", ids, FIELD_STR, "Ids of items or collections.", .min = 1, .max = ACTION_WORKSHOP_MAX,
		.chars = "0123456789", ACTION_NEEDED),
	{ 0 },
};

static const struct field workshop_item[] = {
	ACTION_ROW(action_workshop_item, "id", id, FIELD_ID64, "Id of the item."),
	ACTION_ROW(action_workshop_item, "status", status, FIELD_STR, "ok, not_found, private or error."),
	ACTION_ROW(action_workshop_item, "eresult", eresult, FIELD_U32, "Steam's own result for the item, when it is not ok.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "app", app, FIELD_U32, "The app whose workshop it is in.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "title", title, FIELD_STR, "Its title.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "timeUpdated", updated_ms, FIELD_TIME, "When it was changed last.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "size", size, FIELD_ID64, "Bytes of its files.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "manifest", manifest, FIELD_ID64, "The manifest of its files, when it has one.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "fileUrl", file_url, FIELD_STR, "Where its one file is, when it has no manifest.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "filename", filename, FIELD_STR, "What that file is called.", ACTION_MAYBE),
	ACTION_ROW(action_workshop_item, "visibility", visibility, FIELD_STR, "public, friends, private or unlisted.", ACTION_MAYBE),
	ACTION_LIST(action_workshop_item, "children", children, FIELD_STR, "The items of a collection.", ACTION_MAYBE),
	{ 0 },
};

static const struct field workshop_result[] = {
	ACTION_ROWS(action_workshop_result, "items", items, workshop_item, action_workshop_item, "The items, in the order asked for."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_changes[] = { "pics.changes", NULL };
static const char *const lanes_info[] = { "pics.info", NULL };
static const char *const lanes_job[] = { "cm.job", NULL };

const struct action action_pics_changes = {
	.name = "pics.changes",
	.class = TASK_READ,
	.scope = SCOPE_WATCHES_READ,
	.timeout_s = 30,
	ACTION_SHAPES(changes, action_changes, changes_result, action_changes_result),
	.lanes = lanes_changes,
	.doc = "Asks Steam which apps and packages changed since a change number.",
};

const struct action action_pics_product_info = {
	.name = "pics.product_info",
	.class = TASK_READ,
	.scope = SCOPE_WATCHES_READ,
	.timeout_s = 60,
	ACTION_SHAPES(product_info, action_product_info, product_info_result, action_product_info_result),
	.lanes = lanes_info,
	.doc = "Reads what Steam says of apps and packages: names, branches, depots, contents.",
};

const struct action action_pics_workshop_details = {
	.name = "workshop.details",
	.class = TASK_READ,
	.scope = SCOPE_DOWNLOADS_READ,
	.timeout_s = 30,
	ACTION_SHAPES(workshop, action_workshop, workshop_result, action_workshop_result),
	.lanes = lanes_job,
	.doc = "Reads what Steam says of workshop items: title, size, manifest, the items of a collection.",
};
