/*
 * chaos: a TCP proxy on 127.0.0.1 that does to what goes through it what networks do, by a seed. A thread of the test. Its knobs may be
 * turned at any time. Every chunk that is read is delayed by its own time, so chunks of different connections overtake each other;
 * within one connection they keep their order, as TCP promises.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CHAOS_TALKS_MAX 256

struct chaos_knobs {
	unsigned delay_ms; /* each chunk: 0 to so long */
	unsigned throttle; /* bytes of one chunk at most; 0: 16 KiB */
	unsigned cut;      /* of 1000 chunks, so many end their connection */
	unsigned
		half_open; /* of 1000 chunks, after so many nothing goes on in this direction, and nobody is told */
	unsigned corrupt;  /* of 1000 chunks, in so many a byte is changed */
	unsigned
		twice; /* of 1000 connections, all that was said in so many is said once more by another; its answer is lost */
	bool hole; /* nothing goes through, either way, and nobody is told; new connections are taken, and hang */
};

struct chaos_talk;

struct chaos {
	int listener;
	uint16_t port, to;
	char to_address[16], netns[32]; /* netns: the thread's; "": the test's */
	uint32_t dice;
	pthread_t thread;
	pthread_mutex_t lock; /* of the knobs */
	struct chaos_knobs knobs;
	_Atomic bool stop;
	struct chaos_talk *talks[CHAOS_TALKS_MAX];
	atomic_uint chunks, cuts, halves, corrupted, twins;
};

void chaos_start(struct chaos *c, uint16_t to, uint32_t seed);

/* The same elsewhere than on 127.0.0.1 of this machine. Addresses as in "10.0.0.1"; NULL: 127.0.0.1. */
struct chaos_where {
	const char *netns;  /* the network namespace (of /run/netns) it listens in; NULL: the test's */
	bool dials_outside; /* and dials from the test's, nevertheless */
	const char *listen, *to;
	uint16_t port; /* 0: any */
};
void chaos_start_at(struct chaos *c, uint16_t to, uint32_t seed, const struct chaos_where *w);
void chaos_set(struct chaos *c, const struct chaos_knobs *k);
void chaos_stop(struct chaos *c);
