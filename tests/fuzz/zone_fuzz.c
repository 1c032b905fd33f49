/* Files of time zones: whatever clock they make, a clock time stands for the first moment at which it shows that or more. */
#include "model/zone.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	struct zone z;
	struct fault f;

	if (n <= ZONE_BYTES_MAX && zone_parse(p, n, &a, &z, &f) == RC_OK) {
		int64_t last = INT64_MIN;
		for (int64_t clock = 1500000000; clock < 1900000000; clock += 7777777) {
			int64_t at = zone_moment(&z, clock);
			assert(at >= last && at + zone_offset(&z, at) >= clock);
			assert(at - 1 + zone_offset(&z, at - 1) < clock);
			last = at;
		}
	}
	arena_done(&a);
	return 0;
}
