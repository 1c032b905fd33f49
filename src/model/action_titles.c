#include "model/action_titles.h"

#include "model/action_rows.h"

#define CHILDREN_MAX 10000

/* clang-format off */
static const struct field poll[] = {
	ACTION_ROW(action_titles, "source", source, FIELD_STR, "Which store is asked, and how: such as steam.pics.", ACTION_NEEDED, .min = 1, .max = 40),
	ACTION_LIST(action_titles, "refs", refs, FIELD_STR, "The store's own ids of titles; each once.", .min = 1, .max = ACTION_TITLES_MAX, ACTION_NEEDED),
	ACTION_ROW(action_titles, "metadataOnly", metadata_only, FIELD_BOOL, "Change numbers and hashes alone."),
	{ 0 },
};

static const struct field branch[] = {
	ACTION_ROW(action_title_branch, "name", name, FIELD_STR, "Its name."),
	ACTION_ROW(action_title_branch, "os", os, FIELD_STR, "For which system, where builds differ by it.", ACTION_MAYBE),
	ACTION_ROW(action_title_branch, "buildId", build_id, FIELD_STR, "Its build.", ACTION_MAYBE),
	ACTION_ROW(action_title_branch, "version", version, FIELD_STR, "What the store calls the build.", ACTION_MAYBE),
	ACTION_ROW(action_title_branch, "updatedAt", updated_ms, FIELD_TIME, "When it was made the branch's.", ACTION_MAYBE),
	ACTION_ROW(action_title_branch, "locked", locked, FIELD_BOOL, "It wants a password.", ACTION_MAYBE),
	{ 0 },
};

static const struct field depot[] = {
	ACTION_ROW(action_title_depot, "depot", depot, FIELD_STR, "Its id."),
	ACTION_ROW(action_title_depot, "branch", branch, FIELD_STR, "The branch that the manifest is of.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "manifest", manifest, FIELD_STR, "The manifest.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "size", size, FIELD_ID64, "Bytes of its files.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "downloadSize", download_size, FIELD_ID64, "Bytes that travel.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "os", os, FIELD_STR, "Systems that it is for, parted by commas.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "arch", arch, FIELD_STR, "32 or 64.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "language", language, FIELD_STR, "The language that it is for.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "fromApp", from_app, FIELD_STR, "The app that has it.", ACTION_MAYBE),
	ACTION_ROW(action_title_depot, "dlcApp", dlc_app, FIELD_STR, "The DLC that it belongs to.", ACTION_MAYBE),
	{ 0 },
};

static const struct field section[] = {
	ACTION_ROW(action_title_section, "name", name, FIELD_STR, "What changes by itself."),
	ACTION_ROW(action_title_section, "sha1", sha1, FIELD_STR, "Of the section as JSON, members sorted by name."),
	{ 0 },
};

static const struct field title[] = {
	ACTION_ROW(action_title, "ref", ref, FIELD_STR, "The store's own id."),
	ACTION_ROW(action_title, "status", status, FIELD_STR, "known or unknown."),
	ACTION_ROW(action_title, "reason", reason, FIELD_STR, "Why it is unknown: missing, timeout, empty, missing_token, denied, license, login_required, rate_limited, parse.", ACTION_MAYBE),
	ACTION_ROW(action_title, "access", access, FIELD_STR, "public, token, denied.", ACTION_MAYBE),
	ACTION_ROW(action_title, "changeNumber", change_number, FIELD_U32, "Its latest change.", ACTION_MAYBE),
	ACTION_ROW(action_title, "sha1", sha1, FIELD_STR, "Of the whole record as the store sent it.", ACTION_MAYBE),
	ACTION_ROW(action_title, "name", name, FIELD_STR, "Its name.", ACTION_MAYBE),
	ACTION_ROW(action_title, "kind", kind, FIELD_STR, "game, dlc, tool, …, as the store says.", ACTION_MAYBE),
	ACTION_ROW(action_title, "visibility", visibility, FIELD_STR, "released, prerelease, public, private, …, as the store says.", ACTION_MAYBE),
	ACTION_ROW(action_title, "updatedAt", updated_ms, FIELD_TIME, "When it was changed last.", ACTION_MAYBE),
	ACTION_ROW(action_title, "size", size, FIELD_ID64, "Bytes of a workshop item.", ACTION_MAYBE),
	ACTION_ROW(action_title, "manifest", manifest, FIELD_STR, "The manifest of a workshop item.", ACTION_MAYBE),
	ACTION_ROWS(action_title, "branches", branches, branch, action_title_branch, "Its branches.", ACTION_MAYBE),
	ACTION_ROWS(action_title, "depots", depots, depot, action_title_depot, "Its depots, a row for each branch that has a manifest.", ACTION_MAYBE, .max = 20000),
	ACTION_ROWS(action_title, "sections", sections, section, action_title_section, "Digests of what changes by itself.", ACTION_MAYBE),
	ACTION_LIST(action_title, "children", children, FIELD_STR, "The items of a collection.", ACTION_MAYBE, .max = CHILDREN_MAX),
	{ 0 },
};

static const struct field result[] = {
	ACTION_ROWS(action_titles_result, "titles", titles, title, action_title, "The titles, in the order asked for."),
	ACTION_ROW(action_titles_result, "calls", calls, FIELD_U32, "Questions that were put to the store."),
	ACTION_ROW(action_titles_result, "alive", alive, FIELD_BOOL, "Some answer came."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes[] = { "cm.job", "epic", "gog", "pics.info", "store.web", NULL };

const struct action action_titles_poll = {
	.name = "titles.poll",
	.class = TASK_READ,
	.scope = SCOPE_WATCHES_READ,
	.target = ACTION_TARGET_EITHER,
	.timeout_s = 180,
	ACTION_SHAPES(poll, action_titles, result, action_titles_result),
	.lanes = lanes,
	.doc = "Asks a store what it says of titles: builds, depots, digests. Each is known, or unknown for a "
	       "reason.",
};
