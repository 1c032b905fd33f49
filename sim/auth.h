/*
 * auth: Steam's authentication service, for both ways in (CM service methods and the Web API): RSA keys, auth sessions with
 * every kind of Guard, QR codes, and the tokens they end in. Tokens are JWTs signed by a key of the sim's own (Ed25519).
 * Source: steam-protocol facts, section 2.
 */
#pragma once

#include "sim/sim.h"

struct person;

/* The answer of a service method. */
struct service_answer {
	int32_t eresult;
	const char *error; /* for people; NULL */
	struct buf body;   /* the caller's */
};

/* Who asks. */
struct service_from {
	struct person *who; /* NULL: nobody (not logged on, no access token) */
	const char *ip;
	bool web;           /* by HTTP */
};

/* A method by its name with version, "Authentication.GetPasswordRSAPublicKey#1". Every method of this Steam, of all services, is found here
 * (sim/services.def). False: there is none. */
bool service_call(struct sim *s, const struct service_from *from, const char *method, const void *p, size_t n,
	struct service_answer *ret);

/* Whose token it is; NULL: not valid any more, or never. `audience`: "client", "web", "mobile", "renew"; NULL: any. */
struct person *auth_person(struct sim *s, const char *jwt, const char *audience);

/* Appends a fresh token. */
void auth_refresh_token(struct sim *s, struct person *p, const char *platform, struct buf *to);
void auth_access_token(struct sim *s, struct person *p, const char *audience, struct buf *to);

/* What a test or a person at another device does: approves or denies the newest auth session that waits for `name`. */
bool auth_approve(struct sim *s, const char *name, bool yes);
/* The e-mail that Steam sent last: its code, "" when none. */
const char *auth_mail(struct sim *s, const char *name);
