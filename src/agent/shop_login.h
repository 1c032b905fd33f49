/*
 * shop_login: the agent's login at Epic or GOG: a bearer token that is renewed by a refresh token when it is over or was refused. A new
 * refresh token makes the one before worthless: it is written to DIR/NAME.login, sealed with the agent's key, before any of the answer is used;
 * when that fails, nothing of it is used until it could be written.
 *
 * The refresh token of the configuration is where it begins; one that is configured anew counts instead of what was kept. A refresh token
 * belongs to one agent alone: two would take it from each other. Any thread; one renews while the others wait.
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

struct shop_login_conf {
	const char *name;      /* "epic", "gog"; these texts and the secret are kept, not copied */
	const char *url;       /* where tokens are asked for */
	const char *dir;       /* made when it is not there */
	const uint8_t *secret; /* SHOP_TOKEN_KEY bytes, the agent's; read when a token is first asked for */
	const char *ca_file, *http_proxy; /* NULL: none */
	const struct log *log;
	enum shop_token_form form;
	const char *client_id;
	const struct hush *client_secret, *refresh,
		*access;              /* copied; access may be empty: it is renewed at once */
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
