/* The five fields of a schedule: what can be read comes again and again, each time later, in a minute that fits. */
#include "model/cron.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[CRON_TEXT_MAX + 64];
	struct cron c;
	struct fault f;

	if (n >= sizeof(text))
		return 0;
	memcpy(text, p, n);
	text[n] = 0;
	if (cron_parse(text, &c, &f) != RC_OK)
		return 0;
	int64_t at = 29000000; /* 2025 */
	for (int i = 0; i < 20; i++) {
		int64_t next = cron_next(&c, at);
		if (next < 0)
			break;
		assert(next > at && cron_fits(&c, next));
		for (int64_t m = at + 1; m < next && m < at + 100; m++)
			assert(!cron_fits(&c, m));
		at = next;
	}
	return 0;
}
