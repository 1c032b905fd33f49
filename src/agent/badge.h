/*
 * badge: keeps the agent in certificates: asks for one before the first connection, and for the next in time. Loop thread; the asking
 * is done on the errands' thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct badge;
struct log;
struct loop;
struct pool;
struct tcp_badge;

struct badge_conf {
	struct loop *loop;
	struct pool *errands;
	const struct log *log;
	const char *server_url, *ca_file, *http_proxy; /* borrowed for its life */
	const char *agent_id;                          /* the same */
	const uint8_t *secret;                         /* of the agent's own key, 32 bytes; the same */
	void *ctx;
	void (*first)(void *ctx); /* the first answer is there, whatever it is */
};

must_check enum rc badge_new(const struct badge_conf *conf, struct badge **ret, struct fault *f);
void badge_free(struct badge *b); /* when the loop and the errands have ended */

void badge_begin(struct badge *b); /* `first` follows, at once when it came before */
void badge_end(struct badge *b);   /* asks no more; `first` does not come any more */

/* A connection came to nothing: the certificate may be why (revoked, or its authority retired). Asks for another, not too often. */
void badge_renew(struct badge *b);

/* What is to be shown; its members change as certificates come. */
const struct tcp_badge *badge_shown(const struct badge *b);
