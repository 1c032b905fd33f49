#include "model/action_session.h"

#include "model/action_rows.h"

const char *const action_session_persona_words[] = { "unchanged", "offline", "online", "busy", "away", "snooze",
	"looking_to_trade", "looking_to_play", "invisible", NULL };

/* clang-format off */
static const struct field login[] = {
	ACTION_ROW(action_login, "waitChallengeSeconds", wait_challenge_s, FIELD_U32,
		"How long to wait for a person when Steam Guard asks for one; 0: fail at once.", .max = ACTION_CHALLENGE_WAIT_MAX),
	{ 0 },
};

static const struct field session[] = {
	ACTION_ROW(action_session_result, "state", state, FIELD_STR, "online or offline."),
	ACTION_ROW(action_session_result, "steamId", steam_id, FIELD_ID64, "The SteamID of the session.", ACTION_MAYBE),
	ACTION_ROW(action_session_result, "cellId", cell_id, FIELD_U32, "Steam's region of the session.", ACTION_MAYBE),
	{ 0 },
};

static const struct field ping[] = {
	ACTION_ROW(action_ping_result, "rttMs", rtt_ms, FIELD_U32, "From request to answer."),
	ACTION_ROW(action_ping_result, "endpoint", endpoint, FIELD_STR, "The connection manager that answered."),
	{ 0 },
};

static const struct field web_refresh[] = {
	ACTION_ROW(action_web_refresh, "force", force, FIELD_BOOL, "A new one although the old one is still good."),
	{ 0 },
};

static const struct field web_refresh_result[] = {
	ACTION_ROW(action_web_refresh_result, "expiresAt", expires_ms, FIELD_TIME, "When the web session ends."),
	{ 0 },
};

static const struct field persona[] = {
	ACTION_ROW(action_persona, "state", state, FIELD_ENUM, "How the account shows itself to friends.", .words = action_session_persona_words),
	ACTION_ROW(action_persona, "name", name, FIELD_STR, "What the account is called; absent: as it is.", .min = 2, .max = 32,
		ACTION_MAYBE),
	{ 0 },
};

static const struct field persona_result[] = {
	ACTION_ROW(action_persona_result, "persona", persona, FIELD_OBJ, "What was set.", .sub = persona),
	{ 0 },
};

static const struct field play[] = {
	ACTION_LIST(action_play, "apps", apps, FIELD_U32, "The apps to play; none: stop.", .max = ACTION_PLAY_MAX, ACTION_NEEDED),
	ACTION_ROW(action_play, "customName", custom_name, FIELD_STR, "A game that is not Steam's, by name.", .min = 1, .max = 127),
	{ 0 },
};

static const struct field play_result[] = {
	ACTION_LIST(action_play_result, "apps", apps, FIELD_U32, "What it plays."),
	ACTION_ROW(action_play_result, "blocked", blocked, FIELD_BOOL, "Another session of the account plays, so this one does not."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_login[] = { "cm.connect", "cm.login", "cm.login.account", NULL };
static const char *const lanes_job[] = { "cm.job", NULL };
static const char *const lanes_none[] = { NULL };

const struct action action_session_login = {
	.name = "session.login",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 90,
	ACTION_SHAPES(login, action_login, session, action_session_result),
	.lanes = lanes_login,
	.mutates = true,
	.doc = "Logs the account's session on to Steam, and keeps it on.",
};

const struct action action_session_logout = {
	.name = "session.logout",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 15,
	ACTION_SHAPES(action_empty_fields, action_empty, session, action_session_result),
	.lanes = lanes_none,
	.mutates = true,
	.doc = "Logs the account's session off.",
};

const struct action action_session_ping = {
	.name = "session.ping",
	.class = TASK_READ,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(action_empty_fields, action_empty, ping, action_ping_result),
	.lanes = lanes_job,
	.retry = &(const struct task_policy){ .max_attempts = 3, .backoff_ms = 500, .backoff_max_ms = 5000 },
	.doc = "Measures how long Steam takes to answer the account's session.",
};

const struct action action_session_web_refresh = {
	.name = "session.web_refresh",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 30,
	ACTION_SHAPES(web_refresh, action_web_refresh, web_refresh_result, action_web_refresh_result),
	.lanes = lanes_job,
	.mutates = true,
	.doc = "Makes sure that the account has a web session, or makes it a new one.",
};

const struct action action_session_persona_set = {
	.name = "persona.set",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 15,
	ACTION_SHAPES(persona, action_persona, persona_result, action_persona_result),
	.lanes = lanes_job,
	.mutates = true,
	.doc = "Sets how the account shows itself to friends, and what it is called.",
};

const struct action action_session_play_set = {
	.name = "play.set",
	.class = TASK_IDEMPOTENT,
	.scope = SCOPE_SESSIONS_WRITE,
	.target = ACTION_TARGET_ACCOUNT,
	.timeout_s = 15,
	ACTION_SHAPES(play, action_play, play_result, action_play_result),
	.lanes = lanes_job,
	.mutates = true,
	.doc = "Says which games the account's session plays, until it logs off or is told otherwise.",
};
