#include "model/action_library.h"

#include "model/action_rows.h"

/* clang-format off */
static const struct field licenses[] = {
	ACTION_ROW(action_licenses, "since", since_ms, FIELD_TIME, "Only those that are as young; absent: all."),
	{ 0 },
};

static const struct field license[] = {
	ACTION_ROW(action_license, "sub", sub, FIELD_U32, "The package."),
	ACTION_ROW(action_license, "createdAt", created_ms, FIELD_TIME, "When the account got it."),
	ACTION_ROW(action_license, "flags", flags, FIELD_U32, "Steam's ELicenseFlags."),
	ACTION_ROW(action_license, "owner", owner, FIELD_U32, "Account id of its owner: another one when it is shared.", ACTION_MAYBE),
	{ 0 },
};

static const struct field licenses_result[] = {
	ACTION_ROWS(action_licenses_result, "packages", packages, license, action_license, "The licences."),
	{ 0 },
};

static const struct field add_free[] = {
	ACTION_LIST(action_add_free, "apps", apps, FIELD_U32, "Free apps.", .max = ACTION_FREE_MAX),
	ACTION_LIST(action_add_free, "subs", subs, FIELD_U32, "Free packages.", .max = ACTION_FREE_MAX),
	{ 0 },
};

static const struct field license_change[] = {
	ACTION_ROW(action_license_change, "id", id, FIELD_U32, "The app or package."),
	ACTION_ROW(action_license_change, "kind", kind, FIELD_STR, "app or sub."),
	ACTION_ROW(action_license_change, "status", status, FIELD_STR, "What became of it."),
	{ 0 },
};

static const struct field license_changes[] = {
	ACTION_ROWS(action_license_changes, "results", results, license_change, action_license_change, "One for each that was asked for."),
	{ 0 },
};

static const struct field remove_licenses[] = {
	ACTION_LIST(action_remove_licenses, "subs", subs, FIELD_U32, "The packages.", .min = 1, .max = ACTION_FREE_MAX, ACTION_NEEDED),
	ACTION_ROW(action_remove_licenses, "confirm", confirm, FIELD_BOOL, "Must be true: some cannot be had again.", ACTION_NEEDED),
	{ 0 },
};

static const struct field apps[] = {
	ACTION_LIST(action_apps, "apps", apps, FIELD_U32, "Only these; none: all.", .max = ACTION_APPS_MAX),
	{ 0 },
};

static const struct field playtime[] = {
	ACTION_ROW(action_game, "app", app, FIELD_U32, "The app."),
	ACTION_ROW(action_game, "minutes", minutes, FIELD_U32, "Played in all."),
	ACTION_ROW(action_game, "lastPlayed", last_played_ms, FIELD_TIME, "When it was played last.", ACTION_MAYBE),
	{ 0 },
};

static const struct field playtime_result[] = {
	ACTION_ROWS(action_games_result, "apps", apps, playtime, action_game, "The apps."),
	{ 0 },
};

static const struct field game[] = {
	ACTION_ROW(action_game, "app", app, FIELD_U32, "The app."),
	ACTION_ROW(action_game, "name", name, FIELD_STR, "What it is called.", ACTION_MAYBE),
	ACTION_ROW(action_game, "minutes", minutes, FIELD_U32, "Played in all."),
	ACTION_ROW(action_game, "lastPlayed", last_played_ms, FIELD_TIME, "When it was played last.", ACTION_MAYBE),
	{ 0 },
};

static const struct field games_result[] = {
	ACTION_ROWS(action_games_result, "apps", apps, game, action_game, "The apps that the account owns."),
	{ 0 },
};

static const struct field achievements[] = {
	ACTION_ROW(action_achievements, "app", app, FIELD_U32, "The app.", .min = 1, ACTION_NEEDED),
	{ 0 },
};

static const struct field achievements_result[] = {
	ACTION_ROW(action_achievements_result, "app", app, FIELD_U32, "The app."),
	ACTION_ROW(action_achievements_result, "unlocked", unlocked, FIELD_U32, "How many the account has."),
	ACTION_ROW(action_achievements_result, "total", total, FIELD_U32, "How many there are."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_job[] = { "cm.job", NULL };
static const char *const lanes_free[] = { "store.free", "store.web", NULL };
static const char *const lanes_store[] = { "store.web", NULL };

const struct action action_library_achievements_read = {
	.name = "achievements.read",
	.class = TASK_READ,
	.scope = SCOPE_LIBRARY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(achievements, action_achievements, achievements_result, action_achievements_result),
	.lanes = lanes_job,
	.doc = "Reads how many achievements of an app the account has.",
};

const struct action action_library_list = {
	.name = "library.list",
	.class = TASK_READ,
	.scope = SCOPE_LIBRARY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(action_empty_fields, action_empty, games_result, action_games_result),
	.lanes = lanes_job,
	.doc = "Lists the apps that the account owns.",
};

const struct action action_library_licenses_add_free = {
	.name = "licenses.add_free",
	.class = TASK_GUARDED,
	.scope = SCOPE_GAME_KEYS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 120,
	ACTION_SHAPES(add_free, action_add_free, license_changes, action_license_changes),
	.lanes = lanes_free,
	.mutates = true,
	.probe = true,
	.doc = "Adds free apps and packages to the account.",
};

const struct action action_library_licenses_list = {
	.name = "licenses.list",
	.class = TASK_READ,
	.scope = SCOPE_LIBRARY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(licenses, action_licenses, licenses_result, action_licenses_result),
	.lanes = lanes_job,
	.doc = "Lists the packages that the account has a licence for, as Steam told its session.",
};

const struct action action_library_licenses_remove = {
	.name = "licenses.remove",
	.class = TASK_GUARDED,
	.scope = SCOPE_GAME_KEYS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(remove_licenses, action_remove_licenses, license_changes, action_license_changes),
	.lanes = lanes_store,
	.mutates = true,
	.probe = true,
	.doc = "Removes licences of free packages from the account.",
};

const struct action action_library_playtime_read = {
	.name = "playtime.read",
	.class = TASK_READ,
	.scope = SCOPE_LIBRARY_READ,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 60,
	ACTION_SHAPES(apps, action_apps, playtime_result, action_games_result),
	.lanes = lanes_job,
	.doc = "Reads how long the account played its apps.",
};
