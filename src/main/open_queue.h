/*
 * open_queue: the queue that the configuration names: NATS, or the one in this process.
 */
#pragma once

#include "contract/queue.h"
#include "main/conf.h"

must_check enum rc open_queue(const struct conf *c, struct queue **ret, struct fault *f);
