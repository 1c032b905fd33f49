/*
 * cdn_large: the content of depots that are too large to be kept: each chunk is made of its numbers when it is asked for. Pure, so that a
 * test makes the same bytes to compare with.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CDN_LARGE_CHUNK (1u << 20)

/* Which chunk: number `index` of the file `file`. */
struct cdn_recipe {
	uint64_t seed;
	uint32_t file, index;
};

/* `to` has CDN_LARGE_CHUNK bytes. No two recipes make the same. */
void cdn_large_fill(const struct cdn_recipe *r, uint8_t *to);

/* "content/large_000.bin" */
void cdn_large_name(uint32_t file, char ret[static 32]);
