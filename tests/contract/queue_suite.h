/*
 * queue_suite: what contract/queue.h promises, asked of any driver. `heard` may come late, on any thread: the suite waits
 * for what must come, and never asks how fast.
 */
#pragma once

#include "contract/queue.h"

#include <stdbool.h>

struct queue_subject {
	const char *name; /* the driver must have it */
	struct queue *(*open)(void);
	int rounds; /* of ears that come and go */
	bool exact; /* each ring is heard once by each: no broker lies between */
};

void queue_suite(const struct queue_subject *subject);
