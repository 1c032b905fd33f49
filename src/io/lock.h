/*
 * lock: for the few structs that several threads touch in passing. It is held for some instructions, never over a call that may wait.
 */
#pragma once

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
};

static inline void lock_init(struct lock *l) { pthread_mutex_init(&l->mutex, NULL); }
static inline void lock_done(struct lock *l) { pthread_mutex_destroy(&l->mutex); }
static inline void lock_enter(struct lock *l) { pthread_mutex_lock(&l->mutex); }
static inline void lock_leave(struct lock *l) { pthread_mutex_unlock(&l->mutex); }
