/* action_library: the declarations of licenses.*, library.list, playtime.read and achievements.read, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_library_achievements_read, action_library_list, action_library_licenses_add_free,
	action_library_licenses_list, action_library_licenses_remove, action_library_playtime_read;

struct action_licenses {
	int64_t since_ms; /* 0: all */
};

struct action_license {
	uint32_t sub, flags;
	int64_t created_ms;
	uint32_t owner; /* account id */
};

struct action_licenses_result {
	struct field_list packages; /* of struct action_license */
};

#define ACTION_FREE_MAX 50 /* apps and subs each */
struct action_add_free {
	struct field_list apps, subs; /* of uint32_t; one of them at least */
};

struct action_license_change {
	uint32_t id;
	const char *kind; /* "app", "sub" */
	const char *
		status; /* granted, already_owned, rate_limited, unavailable, region_blocked, requires_base, error; of
			       licenses.remove: removed, not_owned, not_removable, error */
};

struct action_license_changes {
	struct field_list results; /* of struct action_license_change */
};

struct action_remove_licenses {
	struct field_list subs; /* of uint32_t */
	bool confirm;
};

#define ACTION_APPS_MAX 1000
struct action_apps {
	struct field_list apps; /* of uint32_t; none: all */
};

struct action_game {
	uint32_t app;
	const char *name;
	uint32_t minutes;
	int64_t last_played_ms;
};

struct action_games_result {
	struct field_list apps; /* of struct action_game */
};

struct action_achievements {
	uint32_t app;
};

struct action_achievements_result {
	uint32_t app, unlocked, total;
};
