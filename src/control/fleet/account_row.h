/*
 * account_row: an account as the API shows it, and as the database holds it. What it is made of stands here once for all
 * files of fleet/.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/account.h"

struct call;
struct field_reader;

#define ACCOUNT_ROW_APPS_MAX 32

/* What is wanted of it. */
struct account_desired {
	int mode;               /* enum account_mode */
	struct field_list apps; /* of uint32_t */
	const char *game;
	uint32_t persona;
	int64_t until; /* 0: for good */
};
extern const struct field account_row_desired_fields[];

struct account {
	const char *id, *login;
	bool anonymous;
	const char *steam_id, *region_hint, *egress_id, *agent_id;
	struct field_list roles, labels;
	bool enabled;
	struct account_desired desired;
	int64_t generation, observed_generation;
	int state; /* enum account_state */
	const char *state_reason;
	int64_t state_since, cool_until;
	const char *conditions; /* JSON */
	int64_t version, created_at, updated_at;
};
extern const struct field account_row_fields[];

/* The columns in the order of the fields. */
#define ACCOUNT_ROW_COLUMNS                                                                                        \
	"id, login, anonymous, steam_id, region_hint, egress_id, agent_id, roles, labels, enabled, want_mode, "    \
	"want_apps, "                                                                                              \
	"want_game, want_persona, want_until, generation, observed_generation, state, state_reason, state_since, " \
	"cool_until, conditions, version, created_at, updated_at"

/* What a request may say of it. */
extern const struct field account_row_in_fields[];
enum account_row_given { /* bit i: row i of account_row_in_fields */
	ACCOUNT_ROW_LOGIN = 1,
	ACCOUNT_ROW_ANONYMOUS = 2,
	ACCOUNT_ROW_STEAM_ID = 4,
	ACCOUNT_ROW_REGION = 8,
	ACCOUNT_ROW_EGRESS = 16,
	ACCOUNT_ROW_ROLES = 32,
	ACCOUNT_ROW_LABELS = 64,
	ACCOUNT_ROW_ENABLED = 128,
};

/* RC_MISSING: there is none. Texts are in the arena. */
must_check enum rc account_row_load(struct tx *tx, const char *id, struct account *ret);

/* What a table cannot see: that region and egress are there and have room, roles are roles. Problems stand under `at` ("" or "/accounts/3"). */
must_check enum rc account_row_check(
	struct tx *tx, struct field_reader *r, const char *at, const struct account *v, const struct account *was);

/* Stores a new account (id, version and moments are filled in), with event and audit row. RC_EXISTS: the login is taken. */
must_check enum rc account_row_add(struct tx *tx, struct account *v);

/* RC_DENIED: nothing that the caller may do lets the account through, as it is now. */
must_check enum rc account_row_hold(struct call *c, const char *id);
