/*
 * nats: bells over NATS JetStream, for several control planes. A stream in a file keeps the last bell of each topic for
 * an hour; each ear is a durable consumer of its own with explicit acknowledgement, which the server forgets NATS_FORGET_S after its
 * process went. Ears of the ringing process hear at once, also when the server is away. A bell's number is its message id, so that what is sent twice is kept once.
 *
 * One thread talks to the server, and it alone ever waits for it: a server that is away, full or slow is tried again, first after
 * NATS_WAIT_MS, and at most NATS_WAIT_MAX_MS later each time.
 */
#pragma once

#include "contract/queue.h"
#include "driver/queue/nats_conf.h"

/* Does not wait for the server. RC_INVALID: the address or a file cannot be used. */
must_check enum rc nats_queue_new(const struct nats_queue_conf *conf, struct queue **ret_queue, struct fault *f);
