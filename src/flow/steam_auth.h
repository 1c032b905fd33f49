/*
 * steam_auth: the conversation that ends in a refresh token: by password and Steam Guard, or by QR code. Without socket and clock.
 *
 *      owner  --> steam_auth_answered, _lost, _code, _look, _clock --> the machine --> steam_auth_next --> CALL, SAVE, TIME,
 *      time   --> steam_auth_due --------------------------------------+                CHALLENGE, ACCEPTED, WRONG, DONE, FAILED
 *
 * The owner asks each CALL as a service of Steam (STEAM_CALL_SERVICE) and hands its end to steam_auth_answered; there is one at a
 * time. Acts are taken while a connection is there that has said its hello; when it is lost (steam_auth_lost) the conversation
 * goes on over the next one, in another process or at another agent (steam_auth_save, _load).
 *
 * What Steam wants confirmed is chosen so: nothing, when it takes the guard data or wants nothing; a code of our own, when the
 * shared secret is known; else CHALLENGE: a code by a person, an approval, a QR code. Source: steam-protocol facts 2.2, 2.3, 7.
 */
#pragma once

#include "base/buf.h"
#include "base/hush.h"
#include "flow/steam_call.h"

#define STEAM_AUTH_CALL_MS     10000u /* a call must be answered within */
#define STEAM_AUTH_POLL_MS     5000u  /* between two looks, when Steam tells no pace */
#define STEAM_AUTH_CONFIRM_MS  60000u /* after the last confirmation the token must come within */
#define STEAM_AUTH_CODES_MAX   3      /* codes of a person that are tried */
#define STEAM_AUTH_TIME_MS     10000u /* the owner's look at Steam's clock is waited for */
#define STEAM_AUTH_TEXT_MAX    256    /* bytes of a hint, of a QR code's address */
#define STEAM_AUTH_MACHINE_MAX 256    /* bytes of a machine id */
#define STEAM_AUTH_REQUEST_MAX 64     /* bytes of a request id */

struct steam_auth;

/* Borrowed for its life, but machine_id and `random`: copied. */
struct steam_auth_conf {
	const char *login;
	const struct hush *password; /* empty: by QR code */
	const struct hush *shared_secret, *guard_data;
	const char *device_name;
	const uint8_t *machine_id;
	size_t machine_id_n;
	const uint8_t *random; /* 32 bytes, fresh and secret */
};

enum steam_auth_kind { STEAM_AUTH_EMAIL, STEAM_AUTH_DEVICE_CODE, STEAM_AUTH_APPROVAL, STEAM_AUTH_QR };

enum steam_auth_failure {
	STEAM_AUTH_TROUBLE,       /* Steam's or the connection's; the conversation may go on over another one */
	STEAM_AUTH_BAD_PASSWORD,  /* 5 */
	STEAM_AUTH_THROTTLED,     /* 84, 87, 15 */
	STEAM_AUTH_BANNED,        /* the account is none, or disabled */
	STEAM_AUTH_GONE,          /* denied by a person, or too old */
	STEAM_AUTH_WRONG_CODES,   /* STEAM_AUTH_CODES_MAX times */
	STEAM_AUTH_WRONG_ACCOUNT, /* the QR code was scanned for another one */
	STEAM_AUTH_INVALID,       /* what was given cannot be used: `why` */
};

enum steam_auth_act_kind {
	STEAM_AUTH_CALL,      /* ask `method` with `p`, `n` */
	STEAM_AUTH_SAVE,      /* something that is worth to be saved has changed */
	STEAM_AUTH_TIME,      /* our code did not fit: what is Steam's time? Then steam_auth_clock */
	STEAM_AUTH_MISMATCH,  /* our code did not fit, `times` times */
	STEAM_AUTH_CHALLENGE, /* a person must act: `challenge`, `hint`, `qr_url`; again when these change */
	STEAM_AUTH_ACCEPTED,  /* the confirmation was taken; the token follows */
	STEAM_AUTH_WRONG,     /* a person's code was not, `times` times */
	STEAM_AUTH_DONE,      /* `token`, `guard_data` (empty: none) */
	STEAM_AUTH_FAILED,    /* `failure`, `eresult`, `why`. But for TROUBLE it is over */
};

/* Borrowed until the next call for this machine. */
struct steam_auth_act {
	enum steam_auth_act_kind kind;
	const char *method;
	const uint8_t *p;
	size_t n;
	enum steam_auth_kind challenge;
	const char *hint, *qr_url; /* "": none */
	unsigned times;
	const struct hush *token, *guard_data;
	enum steam_auth_failure failure;
	int32_t eresult; /* 0: none */
	const char *why;
};

must_check enum rc steam_auth_new(
	const struct steam_auth_conf *conf, struct steam_auth **ret_auth, struct fault *f);
void steam_auth_free(struct steam_auth *a);
OWN_DEFINE(steam_auth)

/* What another process needs to go on with it: no password in it, but its request id is a secret. `until_s`: Unix seconds, handed back by
 * _load. RC_MALFORMED: not such bytes, or of another login. */
void steam_auth_save(const struct steam_auth *a, int64_t until_s, struct buf *to);
must_check enum rc steam_auth_load(const struct steam_auth_conf *conf, const struct hush *saved,
	int64_t *ret_until_s, struct steam_auth **ret_auth, struct fault *f);

/* Steam's clock minus the owner's, in milliseconds: codes of our own need it. */
void steam_auth_clock(struct steam_auth *a, uint64_t now_ms, int64_t offset_ms);

void steam_auth_answered(struct steam_auth *a, uint64_t now_ms, const struct steam_call *c);
void steam_auth_lost(struct steam_auth *a); /* the connection, and the call that was under way */
must_check enum rc steam_auth_code(struct steam_auth *a, uint64_t now_ms, const struct hush *code); /* a person's */
void steam_auth_look(struct steam_auth *a, uint64_t now_ms); /* has it been approved? */

bool steam_auth_next(struct steam_auth *a, uint64_t now_ms, struct steam_auth_act *ret_act);
uint64_t steam_auth_due(const struct steam_auth *a); /* when next may have more to say; UINT64_MAX: not by time */

bool steam_auth_is_waiting(const struct steam_auth *a); /* for a person */
