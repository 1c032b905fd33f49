/* action_session: the declarations of session.*, persona.set and play.set, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_session_login, action_session_logout, action_session_ping,
	action_session_web_refresh, action_session_persona_set, action_session_play_set;

struct action_login {
	uint32_t wait_challenge_s; /* so long it waits for a person when Steam Guard asks for one; 0: fails then */
};
#define ACTION_CHALLENGE_WAIT_MAX 3600

struct action_session_result {
	const char *state; /* "online", "offline" */
	uint64_t steam_id; /* 0: none */
	uint32_t cell_id;
};

struct action_ping_result {
	uint32_t rtt_ms;
	const char *endpoint;
};

struct action_web_refresh {
	bool force;
};

struct action_web_refresh_result {
	int64_t expires_ms;
};

/* The words of a state begin with "unchanged"; EPersonaState is one less than the index. */
extern const char *const action_session_persona_words[];

struct action_persona {
	int state;        /* of action_session_persona_words */
	const char *name; /* NULL: as it is */
};

struct action_persona_result {
	struct action_persona persona;
};

#define ACTION_PLAY_MAX 32
struct action_play {
	struct field_list apps;  /* of uint32_t; none: stop */
	const char *custom_name; /* of a game that is not Steam's; NULL: none */
};

struct action_play_result {
	struct field_list apps; /* of uint32_t */
	bool blocked;           /* another session of the account plays */
};
