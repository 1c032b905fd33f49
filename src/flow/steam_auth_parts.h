/*
 * steam_auth_parts: what the files of steam_auth share, and nobody else. It stands on what flow/steam_auth.h declares, which is included
 * before it.
 */
#pragma once

/* What it does next, at `at_ms`. */
enum steam_auth_step {
	STEAM_AUTH_STEP_KEY,
	STEAM_AUTH_STEP_BEGIN,
	STEAM_AUTH_STEP_QR,
	STEAM_AUTH_STEP_OWN_CODE,
	STEAM_AUTH_STEP_CODE, /* a person's */
	STEAM_AUTH_STEP_POLL,
	STEAM_AUTH_STEP_HOLD, /* nothing, until a person's code comes */
	STEAM_AUTH_STEP_OVER,
};

#define STEAM_AUTH_RANDOM 32

struct steam_auth {
	struct steam_auth_conf conf;
	uint8_t random[STEAM_AUTH_RANDOM];
	uint8_t machine_id[STEAM_AUTH_MACHINE_MAX];
	enum steam_auth_step step, asked_step;
	bool asked; /* a call is under way, for asked_step */
	uint64_t at_ms;
	unsigned say; /* acts that wait, a bit each */

	bool clock_known, clock_awaited;
	int64_t offset_ms;
	uint64_t said_step; /* the code of this step of 30 s was said last */

	bool begun; /* the four below hold */
	uint64_t client_id, steamid;
	uint8_t request_id[STEAM_AUTH_REQUEST_MAX];
	size_t request_id_n;
	uint32_t pace_ms;

	unsigned confirmations; /* what Steam takes, a bit each */
	bool waiting;           /* for a person, by `challenge` */
	enum steam_auth_kind challenge;
	char hint[STEAM_AUTH_TEXT_MAX], qr_url[STEAM_AUTH_TEXT_MAX];
	struct hush code; /* a person's */
	unsigned mismatches, wrongs, fails;
	uint64_t confirmed_ms; /* 0: not yet */

	struct hush sealed; /* the encrypted password, base64 */
	uint64_t sealed_stamp;
	struct hush token, guard;
	enum steam_auth_failure failure;
	int32_t eresult;
	char why[128];
	struct buf out;
};

/* Appends the request of the present step to a->out and returns its method; NULL when it cannot: the failure is told. */
const char *steam_auth_ask(struct steam_auth *a, uint64_t now_ms);

/* Reads the public key's answer and encrypts the password. */
must_check enum rc steam_auth_ask_seal(
	struct steam_auth *a, const struct steam_call *c, struct arena *mem, struct fault *f);

void steam_auth_fail(struct steam_auth *a, enum steam_auth_failure failure, int32_t eresult, const char *why);

#define STEAM_AUTH_SAY(kind) (1u << (kind))
