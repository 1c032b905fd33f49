/*
 * nats_options: the library's options, from our configuration. For nats.c.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "driver/queue/nats_conf.h"

#include <nats/nats.h>

#define NATS_CALL_MS 2000 /* one question to the server */

/* *ret_options is the caller's (natsOptions_Destroy), also when it fails. No fault repeats the address, which may hold a password. */
must_check enum rc nats_options_new(
	const struct nats_queue_conf *conf, const char *name, natsOptions **ret_options, struct fault *f);
