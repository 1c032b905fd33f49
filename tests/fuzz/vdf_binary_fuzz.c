/* Any bytes as a binary VDF: what is read is written, read and written again as the same bytes. */
#include "wire/steam/vdf_binary.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 8u << 20 };
	struct vdf *doc, *back;
	struct buf one = { 0 }, two = { 0 }, json = { 0 };

	if (vdf_binary_parse(p, n, &a, &doc, NULL) == RC_OK) {
		struct arena b = { 0 };
		vdf_binary_write(&one, doc);
		expect(one.n == n); /* only the kind of an end mark may differ */
		expect(vdf_binary_parse(one.p, one.n, &b, &back, NULL) == RC_OK);
		vdf_binary_write(&two, back);
		expect(one.n == two.n && !memcmp(one.p, two.p, one.n));
		vdf_json(&json, doc);
		expect(!json.bad && json.n >= 2);
		arena_done(&b);
	}
	buf_done(&one);
	buf_done(&two);
	buf_done(&json);
	arena_done(&a);
	return 0;
}
