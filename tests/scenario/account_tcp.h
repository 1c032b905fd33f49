/* account_tcp: both ends of a TCP connection of account_play: the machine of the client (flow/steam_channel), and a server. */
#pragma once

#include "base/buf.h"
#include "base/fault.h"

/* `folder`: where channel.pem and channel_public.pem are. A new connection; the handshake is done when it comes back. */
void account_tcp_open(const char *folder);
void account_tcp_close(void);

/* A message of the bot on its way: what the server reads. Borrowed until the next call. */
struct buf *account_tcp_carry(const void *p, size_t n);

/* A message of Steam on its way, in pieces: what the client reads, as struct buf *. NULL: it was refused, `f` says why. */
struct buf *account_tcp_deliver(const struct buf *message, bool tampered, struct fault *f);
