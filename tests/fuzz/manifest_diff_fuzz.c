/*
 * Two manifests of a depot, the second behind the first, whose length stands before them in four bytes: what is said of their difference adds up, and
 * is the reverse of what is said of the way back. Between a manifest and itself there is none.
 */
#include "wire/steam/manifest_diff.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void adds_up(const struct manifest_diff *d)
{
	size_t kinds[3] = { 0 };
	uint64_t fetched = 0;

	for (size_t i = 0; i < d->n; i++) {
		kinds[d->files[i].kind]++;
		fetched += d->files[i].fetched;
		expect(d->files[i].file != NULL);
		expect(d->files[i].kind != MANIFEST_DIFF_REMOVED || d->files[i].fetched == 0);
	}
	expect(kinds[MANIFEST_DIFF_ADDED] == d->added && kinds[MANIFEST_DIFF_REMOVED] == d->removed);
	expect(kinds[MANIFEST_DIFF_CHANGED] == d->changed && fetched == d->fetched);
}

static void both(struct manifest *a, struct manifest *b, struct arena *arena)
{
	struct manifest_diff there, back, none;

	if (manifest_diff_make(a, b, arena, &there, NULL) != RC_OK)
		return;
	adds_up(&there);
	if (manifest_diff_make(b, a, arena, &back, NULL) == RC_OK) {
		adds_up(&back);
		expect(there.added == back.removed && there.removed == back.added && there.changed == back.changed);
	}
	if (manifest_diff_make(a, a, arena, &none, NULL) == RC_OK)
		expect(none.n == 0 && none.fetched == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena arena = { .limit = 16u << 20 };
	struct manifest a, b;
	uint32_t first;

	if (n < sizeof(first))
		return 0;
	memcpy(&first, p, sizeof(first));
	p += sizeof(first);
	n -= sizeof(first);
	if (first <= n && manifest_read(p, first, &arena, &a, NULL) == RC_OK &&
		manifest_read(p + first, n - first, &arena, &b, NULL) == RC_OK)
		both(&a, &b, &arena);
	arena_done(&arena);
	return 0;
}
