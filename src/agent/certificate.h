/*
 * certificate: the short-lived certificate by which the agent's next connections show who it is to the control plane's TLS
 * (mutual TLS), and the secret of its key. Both are in memory alone: at each start the agent asks for another.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/tcp_badge.h"

struct certificate {
	char *pem; /* its own first; NULL: none */
	uint8_t secret[TCP_BADGE_SECRET];
	int64_t from_ms, until_ms; /* wall clock */
};
void certificate_done(struct certificate *c); /* wipes it */

struct certificate_ask {
	const char *server_url; /* https://HOST:PORT */
	const char *agent_id;
	const uint8_t *secret;            /* of the agent's own key, 32 bytes */
	const char *ca_file, *http_proxy; /* NULL: none */
};

/*
 * Makes a key and has it certified. RC_CONFLICT: the control plane uses none. RC_DENIED: refused for good; other failures may pass.
 * Blocking; any thread.
 */
must_check enum rc certificate_get(const struct certificate_ask *ask, struct certificate *ret, struct fault *f);

/* When to ask for the next one: after two thirds of its life, by the wall clock. */
int64_t certificate_due_ms(const struct certificate *c);
