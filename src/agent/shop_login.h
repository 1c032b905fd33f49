/*
 * shop_login: the agent's login at Epic or GOG: a bearer token that is renewed by a refresh token when it is over or was refused. A new
 * refresh token makes the one before worthless: it is written to DIR/NAME.login, sealed with the agent's key, before any of the answer is used;
 * when that fails, nothing of it is used until it could be written.
 *
 * It begins with the code that a person brings from the store's log-on page (shop_login_redeem), or with the refresh token of the configuration; one
 * that is configured anew counts instead of what was kept. A refresh token belongs to one agent alone: two would take it from each other.
 * When the agent dies between a store's answer and the disk, the login is lost: the next renewal is refused, and a person is wanted.
 *
 * Any thread; one renews while the others wait. `tell` is called by it, without a lock.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"
#include "wire/shop_token.h"

#include <stdint.h>

#define SHOP_LOGIN_SPARE_MS   60000  /* so long before its end a token is renewed */
#define SHOP_LOGIN_REFUSED_MS 600000 /* one that was refused is not tried again for so long */
#define SHOP_LOGIN_AWAY_MS    5000   /* nor a store that did not answer */
#define SHOP_LOGIN_CALL_MS    20000

struct log;
struct shop_login;

/* What is told of it. WANTED: somebody has to log in, and may be told often. HELD: a token that holds is kept; once. */
enum shop_login_state { SHOP_LOGIN_WANTED, SHOP_LOGIN_HELD };

struct shop_login_conf {
	const char *name;      /* "epic", "gog"; these texts and the secret are kept, not copied */
	const char *url;       /* where tokens are asked for */
	const char *dir;       /* made when it is not there */
	const uint8_t *secret; /* SHOP_TOKEN_KEY bytes, the agent's; read when a token is first asked for */
	const char *ca_file, *http_proxy; /* NULL: none */
	const struct log *log;
	enum shop_token_form form;
	const char *client_id;
	const char *redirect; /* see shop_token_client */
	const struct hush *client_secret, *refresh,
		*access; /* copied; refresh may be empty: nobody has logged in; access too: it is renewed at once */
	void (*tell)(
		void *ctx, const char *name, int state, const char *why); /* enum shop_login_state; NULL: nobody */
	void *ctx;
	uint32_t refused_ms, away_ms; /* 0: as above */
};

must_check enum rc shop_login_new(const struct shop_login_conf *conf, struct shop_login **ret, struct fault *f);
void shop_login_free(struct shop_login *l); /* takes NULL */
OWN_DEFINE(shop_login)

/*
 * A token that holds; *ret is the caller's. `refused`: this one was not accepted just now; NULL: none was tried. RC_DENIED: the refresh token is not
 * accepted: somebody has to log in anew. RC_AWAY, RC_TIMEOUT: the store does not answer. RC_IO: it cannot be kept.
 */
must_check enum rc shop_login_token(
	struct shop_login *l, const struct hush *refused, uint64_t deadline_ms, struct hush *ret, struct fault *f);

/*
 * Makes a login of the code that a person brought. It counts once: RC_DENIED says why the store does not take it, and *ret_lost is true when nobody
 * knows whether it did, for its answer was lost. RC_IO: the login is there and cannot be kept; that is tried again when a token is asked for.
 */
must_check enum rc shop_login_redeem(
	struct shop_login *l, const struct hush *code, uint64_t deadline_ms, bool *ret_lost, struct fault *f);

bool shop_login_renews(struct shop_login *l); /* there is a refresh token */

/* Reads what was kept, if nobody has yet, and tells of it: WANTED when there is nothing to begin with, HELD. Waits for the disk. */
void shop_login_look(struct shop_login *l);
