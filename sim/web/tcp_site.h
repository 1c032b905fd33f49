/*
 * tcp_site: connection managers over plain TCP ("netfilter"), with Steam's own encryption and a key pair of this Steam. On the loop
 * thread. Source: steam-protocol facts 1.7.
 */
#pragma once

#include "io/loop.h"
#include "sim/sim.h"

#define TCP_SITE_MAX 16

struct cm;
struct tcp_site;

struct tcp_site_conf {
	struct sim *sim;
	const char *host;     /* to bind and to name in the directory */
	unsigned n;           /* servers */
	const char *key_file; /* where the public key is written, as PEM */
};

must_check enum rc tcp_site_new(
	struct loop *l, const struct tcp_site_conf *conf, struct tcp_site **ret_site, struct fault *f);
void tcp_site_free(struct tcp_site *s);
OWN_DEFINE(tcp_site)

/* "127.0.0.1:12345" of each server. */
const char *const *tcp_site_endpoints(const struct tcp_site *s, size_t *ret_n);

/* What the controls do to every connection. */
void tcp_site_each(struct tcp_site *s, void (*act)(struct cm *c, void *ctx), void *ctx);
