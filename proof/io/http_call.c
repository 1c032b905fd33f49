#include "io/http_call.h"
#include "io/web_url.h"
#include "proof/net.h"
#include "proof/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_caller {
	int unused;
};

struct http_caller *http_call_new(void) { return calloc(1, sizeof(struct http_caller)); }
void http_call_free(struct http_caller *c) { free(c); }

/* Outlives the asker, who may be gone before the answer comes. */
struct asked {
	struct fiber *fiber;
	struct net_note *reply;
	bool over;
};

static void got(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct asked *a = ctx;

	if (n->kind == NET_REPLY && !a->over) {
		a->reply = net_note_new(NET_REPLY);
		a->reply->code = n->code;
		buf_put(&a->reply->body, n->body.p, n->body.n);
	}
	a->over = true;
	net_close(e);
	fiber_wake(a->fiber);
}

static void lost(void *ctx, struct net_end *e, const char *why)
{
	struct asked *a = ctx;
	(void)e, (void)why;
	a->over = true;
	fiber_wake(a->fiber);
}

enum rc http_call(const struct http_ask *ask, struct http_answer *ret, struct fault *f)
{
	char text[1024];
	struct web_url url = { 0 };

	snprintf(text, sizeof(text), "ws%s", strncmp(ask->url, "http", 4) ? ask->url : ask->url + 4);
	enum rc rc = web_url_split(text, &url, f);
	if (rc != RC_OK) {
		web_url_done(&url);
		return rc;
	}
	struct asked *a = calloc(1, sizeof(*a));
	struct net_note *n = net_note_new(NET_ASK);
	if (!a)
		abort();
	n->method = strdup(ask->method ? ask->method : "GET");
	n->path = strdup(url.path);
	for (const struct http_call_header *h = ask->headers; h && h->name; h++)
		net_note_field(n, h->name, h->value);
	buf_put(&n->body, ask->body, ask->body_n);
	a->fiber = sim.current;
	uint64_t until = sim.now_us + (ask->deadline_ms ? ask->deadline_ms : 60000) * SIM_MS;
	const struct net_on on = { .ctx = a, .got = got, .lost = lost };
	struct net_end *e = net_dial(sim_me(), url.host, n, NULL, &on);
	web_url_done(&url);
	while (!a->over && sim.now_us < until)
		fiber_wait(until);
	a->fiber = NULL;
	if (!a->reply) {
		if (!a->over)
			net_abort(e);
		return fault_set(f, a->over ? RC_AWAY : RC_TIMEOUT, "no answer");
	}
	*ret = (struct http_answer){ .status = a->reply->code, .body = a->reply->body };
	a->reply->body = (struct buf){ 0 };
	net_note_free(a->reply);
	free(a);
	return RC_OK;
}
