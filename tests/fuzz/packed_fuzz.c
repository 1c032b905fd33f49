/* Any bytes as a packed text: it is refused, or unpacks to as many bytes as it says, at once and frame by frame; and as a text that is packed:
 * it comes back. */
#include "wire/packed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void open_it(const char *p, size_t n)
{
	struct packed_reader r = { 0 };
	size_t size = 0;
	enum rc rc = RC_OK;

	if (packed_size(p, n, &size, NULL) != RC_OK)
		return;
	expect(packed_is(p, n) && size <= PACKED_MAX && size / PACKED_RATIO_MAX <= n);
	char *whole = malloc(size + 1), *parts = malloc(size + 1);
	expect(whole && parts);
	bool opens = packed_open(p, n, whole, NULL) == RC_OK;
	if (packed_reader_begin(&r, p, n, parts, NULL) == RC_OK)
		while ((rc = packed_reader_next(&r, NULL)) == RC_OK)
			expect(r.done <= size);
	else
		rc = RC_MALFORMED;
	expect(opens == (rc == RC_MISSING));
	expect(!opens || (r.done == size && !memcmp(whole, parts, size + 1)));
	packed_reader_done(&r);
	free(whole);
	free(parts);
}

static void pack_it(const uint8_t *p, size_t n)
{
	struct packed_parts parts = { 0 };
	struct buf text = { 0 };
	size_t size = 0, half = n / 3;

	packed_parts_add(&parts, p, half);
	packed_parts_add(&parts, p + half, n - half);
	expect(packed_parts_end(&parts, &text, NULL) == RC_OK);
	if (packed_size((const char *)text.p, text.n, &size, NULL) != RC_OK || size != n) {
		expect(text.n == n && (n == 0 || !memcmp(text.p, p, n))); /* not packed */
	} else {
		char *back = malloc(n + 1);
		expect(back && packed_open((const char *)text.p, text.n, back, NULL) == RC_OK &&
			!memcmp(back, p, n));
		free(back);
	}
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	open_it((const char *)p, n);
	pack_it(p, n);
	return 0;
}
