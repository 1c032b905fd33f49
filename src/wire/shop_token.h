/*
 * shop_token: a login at Epic or GOG, got by the code of a person's log-on (OAuth 2.0, RFC 6749 section 4.1.3) or renewed by its refresh token
 * (section 6): the request, the answer, and what is kept of it between two, sealed. A code counts once. Each answer brings a new refresh
 * token, and the one before is worth nothing from then on. Pure: nonce and key are arguments. Sources: docs/protocol/epic.md,
 * docs/protocol/gog.md.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOP_TOKEN_MAX       8192u             /* bytes of a token */
#define SHOP_TOKEN_ANSWER    (256u << 10)      /* bytes of an answer */
#define SHOP_TOKEN_LASTS_MAX INT64_C(31622400) /* seconds, a year; what lasts longer is taken for this */
#define SHOP_TOKEN_KEY       32
#define SHOP_TOKEN_NONCE     12

enum shop_token_form {
	SHOP_TOKEN_EPIC, /* POST, the client in the header Authorization, the rest in the body */
	SHOP_TOKEN_GOG,  /* GET, all of it in the query: the address is never to be told */
};

struct shop_token_client {
	const char *id;
	const struct hush *secret;
	const char *redirect; /* SHOP_TOKEN_GOG, of a code: where the log-on page led to; else not looked at */
};

enum shop_token_grant { SHOP_TOKEN_REFRESH, SHOP_TOKEN_CODE };

/* What a request has beside its address. All three hold secrets: they wipe. */
struct shop_token_request {
	struct buf query;         /* behind '?'; empty: none */
	struct buf body;          /* empty: it is a GET */
	struct buf authorization; /* empty: no such header */
};
must_check enum rc shop_token_write(enum shop_token_form form, const struct shop_token_client *client,
	enum shop_token_grant grant, const struct hush *value, struct shop_token_request *ret);
void shop_token_request_done(struct shop_token_request *q);

struct shop_token {
	struct hush access, refresh; /* refresh is empty when the answer brought none */
	int64_t lasts_s;
};
void shop_token_done(struct shop_token *t);

/* RC_MALFORMED: it is no such answer. *ret is the caller's. */
must_check enum rc shop_token_read(const void *p, size_t n, struct shop_token *ret, struct fault *f);

/* What is kept: the last answer, until when it holds, and the SHA-256 of the refresh token of the configuration that it all began with. */
struct shop_token_kept {
	struct shop_token token;
	int64_t until_ms;
	char seed[65];
};
void shop_token_seed(const struct hush *configured, char ret[static 65]);

/* Sealed for `name` by a key that is made of `secret`; the nonce is of this one alone. */
struct shop_token_seal {
	const uint8_t *secret; /* SHOP_TOKEN_KEY bytes */
	const char *name;
};
must_check enum rc shop_token_keep(const struct shop_token_kept *k, const struct shop_token_seal *seal,
	const uint8_t nonce[static SHOP_TOKEN_NONCE], struct buf *to);
/* RC_MALFORMED: another's, or altered. */
must_check enum rc shop_token_kept_read(
	const void *p, size_t n, const struct shop_token_seal *seal, struct shop_token_kept *ret, struct fault *f);
