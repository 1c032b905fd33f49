/*
 * site: steamsim on the network: its servers, and the timers that let answers come late. On the loop thread.
 */
#pragma once

#include "io/loop.h"
#include "sim/sim.h"

#define SITE_CMS_MAX 16

struct site;

struct site_conf {
	struct sim *sim;
	const char *host;    /* to bind and to name in the directory */
	uint16_t port;       /* of the first TLS server; the others take free ones. 0: any */
	unsigned cms;        /* TLS servers; each is a connection manager, all of them answer HTTP too */
	int plain_port;      /* one more without TLS; -1: none, 0: any */
	unsigned content;    /* content servers, the plain one is the first; 0: as 1. Needs plain_port */
	unsigned tcp;        /* connection managers over plain TCP */
	const char *tcp_key; /* the file that their public key is written to */
	const char *tls_cert, *tls_key;
};

must_check enum rc site_new(struct loop *l, const struct site_conf *conf, struct site **ret_site, struct fault *f);
void site_free(struct site *s);
OWN_DEFINE(site)

uint16_t site_port(const struct site *s, unsigned cm);
uint16_t site_plain_port(const struct site *s); /* 0: there is none */
