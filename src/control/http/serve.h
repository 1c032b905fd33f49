/*
 * serve: from a request to its answer, on the loop thread: finds the row, hands the work to a reader or the writer, answers.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct web_request;

/* The web_server_conf.on_request of the API; ctx is the struct control. */
void serve_request(void *ctx, struct web_request *r);

/* The web_server_conf.on_refused. */
void serve_refused(void *ctx, const char *peer, int status, const char *why);

/* Makes control.waits and control.twins. */
must_check enum rc serve_start(struct control *c, struct fault *f);

/* gates: what serve_start makes beside those: who stands in front (http/proxies), limits (quotas/meters), what
 * ends when its opener may no more (access/cuts). Loop. */
struct exchange;
must_check enum rc gates_start(struct control *c, void (*again)(struct exchange *x), struct fault *f);
void gates_stop(struct control *c); /* before the writer ends */
void gates_free(struct control *c); /* after it */

/* Whose request it is. */
void gates_address(const struct control *c, const struct web_request *r, char *ret, size_t n);
