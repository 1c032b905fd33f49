/* auth_all: what sim/auth*.c and sim/tokens.c share: the state behind sim.auth. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "sim/tokens.h"

#include <openssl/evp.h>

struct service_from;

enum auth_state { AUTH_WAITS, AUTH_APPROVED, AUTH_DENIED };

/* Someone who wants to log on. In auth.sessions, oldest first, and in by_client. */
struct auth_session {
	struct list node;
	uint64_t client_id, old_client_id; /* old: of the QR code before this one */
	char client_text[24], old_text[24];
	uint8_t request_id[16];
	struct person *who; /* NULL: a QR code that nobody has scanned */
	bool qr, code_asked, mail_asked, confirm_asked, remote;
	enum auth_state state;
	enum token_platform platform;
	bool persistent, new_machine;
	int64_t since, rotated;
	char ip[48], device[TOKENS_DEVICE_MAX];
	char *refresh, *access; /* once they were given: who asks again is told the same */
};

struct auth {
	EVP_PKEY *rsa;
	char *modulus; /* hexadecimal */
	uint64_t rsa_time;
	struct list sessions;
	struct map by_client;
	size_t sessions_n;
};

/* Forgets it. */
void auth_session_free(struct auth *a, struct auth_session *x);
/* The one with that client id, or NULL; those that are too old are forgotten first. */
struct auth_session *auth_session_find(struct sim *s, uint64_t client_id);
/* A new one; NULL when there are too many, or no memory. */
struct auth_session *auth_session_new(struct sim *s, const struct service_from *from);
/* A new client id for a QR code that is shown too long. */
void auth_session_rotate(struct sim *s, struct auth_session *x);
