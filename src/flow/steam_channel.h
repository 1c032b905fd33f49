/*
 * steam_channel: the client's end of Steam's TCP transport, without its socket: frames, the handshake that agrees on a key, and the
 * encryption of every message after it (wire/steam/channel).
 *
 *      socket   --> steam_channel_feed --> the machine --> steam_channel_next --> messages, for steam_session_feed
 *      messages --> steam_channel_send ------+-----------> steam_channel_out  --> bytes, for the socket
 *
 * The owner tells its session that the connection is open (steam_session_opened) when steam_channel_is_open, not before; and drops the
 * connection when a function here says so by its rc. An idle one keeps no buffers. Source: steam-protocol facts 1.7.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define STEAM_CHANNEL_RANDOM 32

struct steam_channel;

struct steam_channel_conf {
	const char *public_key;               /* PEM, borrowed for its life; NULL: that of Steam itself */
	uint8_t random[STEAM_CHANNEL_RANDOM]; /* fresh and secret */
};

must_check enum rc steam_channel_new(
	const struct steam_channel_conf *conf, struct steam_channel **ret_channel, struct fault *f);
void steam_channel_free(struct steam_channel *c);
OWN_DEFINE(steam_channel)

/* Bytes came, however they were cut. RC_MALFORMED, RC_TOO_LARGE, RC_DENIED (altered, or by another key), RC_REFUSED (the server will
 * not have our key), RC_INVALID (another protocol): the connection is of no more use. */
must_check enum rc steam_channel_feed(struct steam_channel *c, const void *p, size_t n, struct fault *f);

bool steam_channel_is_open(const struct steam_channel *c); /* the key is agreed on */

/* The next message, whole; false: none. Borrowed until the next call for this channel. */
bool steam_channel_next(struct steam_channel *c, const uint8_t **ret_p, size_t *ret_n);

/* RC_AWAY before it is open. */
must_check enum rc steam_channel_send(struct steam_channel *c, const void *p, size_t n, struct fault *f);

/* What is to go out, oldest byte first: the owner sends it and drops it (buf_drop, buf_done). */
struct buf *steam_channel_out(struct steam_channel *c);
