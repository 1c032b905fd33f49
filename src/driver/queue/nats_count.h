/*
 * nats_count: how many things a thread of the library's has still to say something of. Some of its words come late: a library that is
 * closed before has lost them, and one that others still use comes back with them. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

struct nats_count {
	pthread_mutex_t lock;
	pthread_cond_t news;
	int n;
};

void nats_count_init(struct nats_count *c);
void nats_count_done(struct nats_count *c);
void nats_count_add(struct nats_count *c, int by);

/* Waits until it is none, for so long at most; what is left. */
int nats_count_await(struct nats_count *c, uint32_t ms);
