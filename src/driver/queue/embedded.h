/*
 * embedded: the bell of one process: a ring calls every listener straight away, on the ringing thread.
 */
#pragma once

#include "contract/queue.h"

must_check enum rc embedded_queue_new(struct queue **ret_queue);
