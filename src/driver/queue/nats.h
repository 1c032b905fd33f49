/*
 * nats: bells over NATS JetStream, for several control planes. A stream in a file keeps the last bell of each topic for
 * an hour; each ear is a durable consumer of its own with explicit acknowledgement, which the server forgets NATS_FORGET_S after its
 * process went. A bell's number is its message id, so that what is sent twice is kept once.
 *
 * One thread talks to the server, and it alone ever waits for it: a server that is away, full or slow is tried again, first after
 * NATS_WAIT_MS, and at most NATS_WAIT_MAX_MS later each time.
 */
#pragma once

#include "contract/queue.h"

#define NATS_FORGET_S    60
#define NATS_WAIT_MS     100
#define NATS_WAIT_MAX_MS 2000

struct nats_queue_conf {
	const char
		*url; /* nats:// or tls://[USER:PASSWORD@]HOST:PORT, several parted by commas; is never repeated */
	const char *name;    /* of the stream, and before its subjects: one for all control planes of a database */
	const char *ca_file; /* NULL: the system's */
	const char *credentials; /* file of a user's JWT and seed, or NULL */
};

/* Does not wait for the server. RC_INVALID: the address or a file cannot be used. */
must_check enum rc nats_queue_new(const struct nats_queue_conf *conf, struct queue **ret_queue, struct fault *f);
