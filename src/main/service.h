/*
 * service: the control plane as a service: signals, what the service manager is told (ready, reloading, stopping, the watchdog),
 * and the reload.
 *
 * The watchdog hears of us only while the loop turns and the writer answers: each ping is a write that went through both.
 */
#pragma once

#include "main/conf.h"

struct control;
struct control_conf;
struct log;
struct service;
struct web_limits;
struct audit_conf;
struct webhooks_conf;

struct service_conf {
	int argc; /* as reload_conf has it */
	char **argv;
	const struct conf *conf;
	struct log *log;
	struct control *control; /* lives */
	struct control_conf *control_conf;
	struct web_limits *limits;
	void *ctx;
	void (*stop)(void *ctx); /* SIGTERM or SIGINT has come; on the thread of the signals */
};

void service_begin(void);                                              /* before any thread is made */
void service_limits(const struct conf *c, struct web_limits *to);      /* what the configuration says of them */
void service_audit(const struct conf *c, struct audit_conf *to);       /* the same */
void service_webhooks(const struct conf *c, struct webhooks_conf *to); /* the same */
int service_listener(void); /* the socket that was handed over ("footplate" among several); 0: none */
must_check enum rc service_new(const struct service_conf *conf, struct service **ret_service, struct fault *f);
void service_ready(struct service *s, const char *url); /* told to the manager */
void service_stopping(struct service *s);               /* loop thread */
void service_stop(struct service *s);                   /* no more signals; while the loop is still there */
void service_free(struct service *s);                   /* when writer and loop have ended */
