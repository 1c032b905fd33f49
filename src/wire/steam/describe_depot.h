/*
 * describe_depot: what depots and the TCP transport send, as JSON for people; beside describe. A `key` is NULL when there is
 * none to decrypt with. All append; nothing when they fail.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define DESCRIBE_KEY 32 /* bytes of a depot's key, and of a session's on TCP */

/* A manifest, zipped or not. With the key, its names are decrypted; without it they stand as they are. */
must_check enum rc describe_depot_manifest(
	const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f);

/* A chunk, with the key as it travelled, without it in its container: the container, size, checksums, id. */
must_check enum rc describe_depot_chunk(
	const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f);

/* What one end of a TCP connection sent: a list of packets as describe_packet shows them. Payloads that are no messages are
 * decrypted with the session's key; without it they are hex. */
must_check enum rc describe_depot_stream(
	const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f);
