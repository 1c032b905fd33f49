/*
 * egress: by which way a connection leaves this machine: straight, from an address of its own, or through a proxy; and what is
 * said to a proxy until the way is open: CONNECT (RFC 9110, 9.3.6; Basic, RFC 7617) or SOCKS5 (RFC 1928, 1929). Without socket.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/hush.h"

#define EGRESS_REPLY_MAX 8192 /* bytes of a proxy's answer */

enum egress_kind { EGRESS_DIRECT, EGRESS_BIND, EGRESS_HTTP_PROXY, EGRESS_SOCKS5 };
extern const char *const egress_kind_words[]; /* "direct", "bind_address", "http_proxy", "socks5"; ends in NULL */

/* All of it is borrowed. Zeroes: direct. */
struct egress {
	enum egress_kind kind;
	const char *address;      /* BIND: an IP address; of a proxy HOST:PORT */
	const struct hush *login; /* of a proxy: USER:PASSWORD; NULL or empty: none */
};

/* Is the address what the kind needs, and can the login be said to such a proxy? */
must_check enum rc egress_check(const struct egress *e, struct fault *f);

/* What is said to a proxy. Zeroes to begin with. */
struct egress_talk {
	enum egress_kind kind;
	unsigned step;
	struct buf asked; /* SOCKS5: the request that follows the login; wiped when done */
	struct buf login;
};

/* Appends the first words. The way is to lead to host and port; the name is resolved by the proxy. */
must_check enum rc egress_begin(struct egress_talk *t, const struct egress *e, const char *host, uint16_t port,
	struct buf *to, struct fault *f);

/* All bytes that the proxy has sent and that were not used yet. RC_OK: the way is open, what follows *ret_used is the other end's.
 * RC_MORE: it may have appended more words. RC_DENIED: the login; RC_REFUSED, RC_MALFORMED: it will not, or is no proxy. */
must_check enum rc egress_hear(
	struct egress_talk *t, const uint8_t *p, size_t n, size_t *ret_used, struct buf *to, struct fault *f);

void egress_done(struct egress_talk *t);
