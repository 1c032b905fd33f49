/* tunnel_fleet: the messages of the agent tunnel about accounts, rate lanes and effects; see tunnel_msg. */
#pragma once

#include "base/field.h"

struct tunnel_msg_egress {
	const char *id;      /* the key of its lanes */
	const char *kind;    /* direct, bind_address, http_proxy, socks5 */
	const char *address; /* to bind, or HOST:PORT of the proxy; NULL with direct */
};
struct tunnel_msg_bot {
	const char *account_id, *login;
	int64_t epoch;          /* of the account's lease; what the agent says of the account carries it */
	int64_t generation;     /* of the desired state */
	const char *mode;       /* offline, online, playing */
	struct field_list apps; /* of uint32_t; with playing */
	const char *game;       /* name of a game that is not Steam's; NULL: none */
	uint32_t persona;       /* Steam's EPersonaState when online */
	bool anonymous;         /* logs on without an account */
	struct tunnel_msg_egress egress;
	const char *
		sealed; /* hexadecimal: JSON of name to text (password, shared_secret, identity_secret, refresh_token,
				 * guard_data, parental_pin, proxy, resume), sealed to the agent (wire/seal); NULL: none */
	const char *challenge; /* an open one that `resume` goes on with; NULL: none */
	int64_t not_before_ms; /* no logon earlier (a pause that outlives its agent); 0: at once */
	uint32_t lease_ms;     /* how long the account stays the agent's without a heartbeat */
};
struct tunnel_msg_bot_gone {
	const char *account_id;
	int64_t epoch;
	const char *reason; /* a code */
};
struct tunnel_msg_answer {
	const char *account_id, *challenge_id;
	int64_t epoch;
	const char *sealed; /* hexadecimal: the code, sealed to the agent; NULL: none */
	bool approve;
};

struct tunnel_msg_lane {
	const char *lane; /* of model/lanes.def */
	const char *key;  /* an egress, an account, a key */
	uint32_t n;
};
struct tunnel_msg_lane_ask {
	int64_t id;              /* the agent's, new for every question */
	struct field_list lanes; /* of struct tunnel_msg_lane */
	uint32_t priority;       /* enum lane_priority */
	uint32_t wait_ms;        /* how long the call can wait */
};
struct tunnel_msg_lane_grant {
	int64_t id;
	bool granted;
	uint32_t again_ms; /* when not granted: ask again after so long */
	uint32_t valid_ms; /* when granted: the tokens lapse after so long */
	const char *lane;  /* when not granted: which lane is short */
};
struct tunnel_msg_lane_id {
	int64_t id;
};
struct tunnel_msg_lane_cool {
	int64_t id;
	const char *lane, *key;
	uint32_t for_ms;    /* 0: as the lane's own rule says */
	const char *reason; /* a code */
};

struct tunnel_msg_ticket {
	const char *task_id;
	uint32_t attempt;
	const char *ticket; /* of PUBLISH_OK: a secret */
};

struct tunnel_msg_effect {
	const char *task_id;
	uint32_t attempt;
	const char *effect; /* what is about to be done, for the record: no secret in it */
};
