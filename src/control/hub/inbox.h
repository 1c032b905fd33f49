/*
 * inbox: what agents say becomes writes, in the order they said it; and the writes' outcomes become answers.
 */
#pragma once

#include "control/hub/peer.h"

#define INBOX_PROGRESS_MAX 1024 /* PROGRESS of one connection that may wait for the writer; more end it (4413) */

/* A HELLO: who it is, is proven in the writer, before anything is changed; then the tunnel is admitted or refused. */
void inbox_hello(struct peer *p, const struct tunnel_msg_hello *m);
void inbox_message(struct peer *p, const struct tunnel_msg *m);
void inbox_gone(struct peer *p); /* the connection is down */
