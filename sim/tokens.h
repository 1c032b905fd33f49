/*
 * tokens: the JWTs of this Steam: made, read, revoked. Refresh tokens are remembered; an access token names the one that it
 * came from. A token of an earlier run of this Steam is good, unless it was revoked by the account's generation.
 * Source: steam-protocol facts 2.4.
 */
#pragma once

#include "sim/sim.h"

#define TOKENS_MAX        100000            /* remembered at a time; the oldest are forgotten */
#define TOKENS_REFRESH_S  INT64_C(17280000) /* 200 days */
#define TOKENS_ACCESS_S   86400
#define TOKENS_DEVICE_MAX 64

struct tokens;

must_check enum rc tokens_new(struct tokens **ret, struct fault *f);
void tokens_free(struct tokens *t);

/* EAuthTokenPlatformType */
enum token_platform { TOKEN_CLIENT = 1, TOKEN_WEB = 2, TOKEN_MOBILE = 3 };

enum token_audience {
	TOKEN_FOR_CLIENT = 1,
	TOKEN_FOR_WEB = 2,
	TOKEN_FOR_MOBILE = 4,
	TOKEN_FOR_RENEW = 8,
	TOKEN_FOR_DERIVE = 16,
	TOKEN_FOR_MACHINE = 32,
};

/* What a token says, after its signature was checked. */
struct token {
	uint64_t steamid, id; /* id: of the refresh token */
	uint32_t generation;
	unsigned audience; /* enum token_audience */
	int64_t exp;
	bool refresh, expired, revoked;
	enum token_platform platform;
	bool persistent;
};

/* Makes a new refresh token and appends it; its id. 0 without memory. `device` is what the owner will know it by. */
uint64_t tokens_put_refresh(struct sim *s, struct person *p, enum token_platform platform, bool persistent,
	const char *device, struct buf *to);
/* An access token of the refresh token `id`. */
void tokens_put_access(struct sim *s, const struct person *p, const struct token *of, struct buf *to);
/* What spares the code from an e-mail the next time. */
void tokens_put_machine(struct sim *s, const struct person *p, struct buf *to);

/* False: not a token of this Steam. */
bool tokens_read(struct sim *s, const char *jwt, struct token *ret);
void tokens_revoke(struct sim *s, uint64_t id);
