/* However the bytes are cut, the verdict, the body and the end are the same; the body never passes the limit. */
#include "io/http_chunks.h"

#include <stdlib.h>
#include <string.h>

#define MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct http_chunks whole = { 0 }, single = { 0 };
	struct buf a = { 0 }, b = { 0 };
	size_t a_used = 0, b_used = 0;
	enum rc ra = http_chunks_feed(&whole, p, n, &a, MAX, &a_used), rb = RC_MORE;

	for (size_t i = 0; i < n && rb == RC_MORE; i++) {
		size_t used = 0;
		rb = http_chunks_feed(&single, p + i, 1, &b, MAX, &used);
		b_used = i + used;
	}
	if (ra != rb || a.n > MAX ||
		(ra == RC_OK && (a_used != b_used || a.n != b.n || (a.n && memcmp(a.p, b.p, a.n)))))
		abort();
	buf_done(&a);
	buf_done(&b);
	return 0;
}
