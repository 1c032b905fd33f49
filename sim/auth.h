/*
 * auth: Steam's authentication service, for both ways in (CM service methods and the Web API): RSA keys, auth sessions with
 * every kind of Guard, QR codes, and the tokens they end in. Tokens are JWTs signed by a key of the sim's own (Ed25519).
 * Source: steam-protocol facts, section 2.
 */
#pragma once

#include "sim/sim.h"

#define AUTH_SESSIONS_MAX 20000 /* at a time; more are told 84 */
#define AUTH_SESSION_S    600   /* so long one waits */
#define AUTH_QR_S         30    /* so long one QR code is good */
#define AUTH_POLL_MS      5000

must_check enum rc auth_new(struct auth **ret, struct fault *f);
void auth_free(struct auth *a);

/* Whose token it is; NULL: not valid any more, or never. `audience`: "client", "web", "mobile", "renew"; NULL: any. */
struct person *auth_person(struct sim *s, const char *jwt, const char *audience);

/* The same for a logon: ERESULT_OK and the person, or why not: InvalidPassword, Expired, AccessDenied. */
int32_t auth_logon(struct sim *s, const char *jwt, struct person **ret);

/* Appends a fresh token. `platform`: "client", "web" or "mobile". */
void auth_refresh_token(struct sim *s, struct person *p, const char *platform, struct buf *to);
void auth_access_token(struct sim *s, struct person *p, const char *audience, struct buf *to);

/* What a test or a person at another device does: approves or denies the newest auth session that waits for `name`, or a QR code
 * that nobody has scanned yet. False: none waits. */
bool auth_approve(struct sim *s, const char *name, bool yes);
/* A browser shows its machine's token instead of the code from an e-mail. False: not good enough, or nothing waits for it. */
bool auth_check_machine(struct sim *s, uint64_t client_id, const char *jwt);
/* The e-mail that Steam sent last: its code, "" when none. */
const char *auth_mail(struct sim *s, const char *name);
