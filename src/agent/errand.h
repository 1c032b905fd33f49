/*
 * errand: something that waits for a third party (HTTP), for the one thread that does such. The owner embeds it, and comes back
 * to the loop by loop_post at the end of `run`.
 */
#pragma once

#include "io/pool.h"

struct errand {
	struct pool_job job;
	void (*run)(struct errand *e); /* on the errands' thread */
};
