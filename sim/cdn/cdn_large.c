#include "sim/cdn/cdn_large.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 4096

static void put64(uint8_t *to, uint64_t v) { memcpy(to, &v, sizeof(v)); }

/* One block that cannot be packed, again and again, each time with its number: cheap to make and to pack, and no two blocks are the same. */
void cdn_large_fill(const struct cdn_recipe *r, uint8_t *to)
{
	uint64_t x = (r->seed << 40 ^ (uint64_t)r->file << 20 ^ r->index) * 0x9e3779b97f4a7c15ull + 1;

	put64(to, 0);
	put64(to + 8, (uint64_t)r->file << 32 | r->index);
	put64(to + 16, r->seed);
	for (size_t i = 24; i < BLOCK; i += 8) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		put64(to + i, x ^ x >> 29);
	}
	for (size_t at = BLOCK; at < CDN_LARGE_CHUNK; at += BLOCK) {
		memcpy(to + at, to, BLOCK);
		put64(to + at, at / BLOCK);
	}
}

void cdn_large_name(uint32_t file, char ret[static 32]) { snprintf(ret, 32, "content/large_%03u.bin", file); }
