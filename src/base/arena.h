/*
 * arena: memory of one request or one task, freed whole at its end. Everything taken from it lives until arena_reset or
 * arena_done; nothing is freed singly. An arena belongs to one thread at a time.
 *
 * `limit` bounds what an outsider can make it take; past it (or without memory) every call returns NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_LIMIT_DEFAULT (64u << 20)

struct arena_block;
struct arena {
	struct arena_block *last;
	size_t taken, limit; /* limit 0 means ARENA_LIMIT_DEFAULT */
	bool wipes;          /* it holds secrets: what is given back is wiped */
};

void *arena_take(struct arena *a, size_t n);                /* zeroed, aligned for anything; NULL past the limit */
char *arena_strn(struct arena *a, const char *s, size_t n); /* a copy with a NUL */
char *arena_str(struct arena *a, const char *s);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a); /* forgets all, keeps one block for the next request */
void arena_done(struct arena *a);
