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

struct cm;

must_check enum rc auth_new(struct auth **ret, struct fault *f);
void auth_free(struct auth *a);

/* The answer of a service method. */
struct service_answer {
	int32_t eresult;
	const char *error;    /* for people; NULL */
	struct buf body;      /* the caller's */
	struct effect effect; /* what the faults want of the answer; the caller carries it out */
};

/* Who asks. */
struct service_from {
	struct person *who; /* NULL: nobody (not logged on, no access token) */
	const char *ip;
	bool web;        /* by HTTP */
	struct cm *conn; /* the connection it came by; NULL: by HTTP */
};

/* A method by its name with version, "Authentication.GetPasswordRSAPublicKey#1". Every method of this Steam, of all services, is found here
 * (sim/services.def); it is counted. False: there is none. When `effect` says that nothing shall be answered, it was not run,
 * unless the effect is one of those that come after the deed. */
bool service_call(struct sim *s, const struct service_from *from, const char *method, const void *p, size_t n,
	struct service_answer *ret);

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
/* The e-mail that Steam sent last: its code, "" when none. */
const char *auth_mail(struct sim *s, const char *name);

/* Is this address held off? A failure counts against it; `hold` holds it off at once for so many seconds. */
bool auth_held_off(struct sim *s, const char *ip);
void auth_failed(struct sim *s, const char *ip, struct person *p);
void auth_hold(struct sim *s, const char *ip, uint32_t seconds);

/* The next `calls` logons of this address are answered 84, whoever tries; what was said before is forgotten. */
void auth_throttle(struct sim *s, const char *ip, uint32_t calls);
/* Is this logon one of them? It is used up by the question. */
bool auth_turns_away(struct sim *s, const char *ip);
