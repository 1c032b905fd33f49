/*
 * uplink_run: keeps the agent connected to its control plane: dials, drives flow/uplink over the socket, and dials again by its
 * policy. Loop thread only. What a message points to lives until the callback returns.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/tunnel_auth.h"

struct arena;
struct log;
struct loop;
struct pool;
struct tunnel_msg;
struct tunnel_msg_hello;
struct tunnel_msg_welcome;
struct uplink_run;

struct uplink_run_on {
	void *ctx;
	void (*hello)(
		void *ctx, struct tunnel_msg_hello *fill, struct arena *a); /* what is in flight; texts into a */
	void (*up)(void *ctx, const struct tunnel_msg_welcome *m);
	void (*message)(void *ctx, const struct tunnel_msg *m);
	void (*drain)(void *ctx); /* what was sent has left: there is room again */
	void (*down)(void *ctx);  /* only after `up` */
	/*
	 * Two thirds of the lease that WELCOME gave have passed since a word was said that renews it and was answered, connected or not;
	 * once, until the next `up`. What counts is when it was said: an answer may have lain about.
	 */
	void (*silent)(void *ctx);
};

struct uplink_run_conf {
	struct loop *loop;
	const struct log *log;
	const char *url;        /* ws:// or wss://, with the path */
	const char *ca_file;    /* NULL: the system's alone */
	const char *http_proxy; /* NULL: none */
	struct pool *errands;   /* with wss://: asks for certificates there */
	const char *server_url; /* http:// or https://, whom they come from */
	const char *agent_id;
	uint8_t identity[TUNNEL_AUTH_KEY]; /* secret */
	uint8_t control[TUNNEL_AUTH_KEY];
	struct uplink_run_on on;
};

/*
 * Texts of conf are borrowed for its life. It dials at once; with wss:// when it has heard whether the control plane gives a
 * certificate (badge).
 */
must_check enum rc uplink_run_new(const struct uplink_run_conf *conf, struct uplink_run **ret_run, struct fault *f);
void uplink_run_free(struct uplink_run *r); /* when the loop has ended */

/* How long the agent may rely on a yes of the control plane, from when it asked: two thirds of a lease. 0: never connected. */
uint32_t uplink_run_term_ms(const struct uplink_run *r);

bool uplink_run_is_up(const struct uplink_run *r);                                    /* NULL is not */
must_check enum rc uplink_run_send(struct uplink_run *r, const struct tunnel_msg *m); /* as uplink_send */
size_t uplink_run_waiting(const struct uplink_run *r);                                /* bytes to be sent */
void uplink_run_credit(struct uplink_run *r, uint32_t free_slots);
void uplink_run_figures(struct uplink_run *r, uint32_t load, uint32_t active, uint32_t sessions);

/* Says goodbye and closes; it does not dial again. */
void uplink_run_leave(struct uplink_run *r, const char *reason);
bool uplink_run_is_gone(const struct uplink_run *r); /* after uplink_run_leave: the socket is closed */
