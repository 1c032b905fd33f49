/* The frame parser under any bytes: no crash, nothing read outside, and what parses is written back byte for byte but for its tag. */
#include "wire/tunnel_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct tunnel_frame f;
	size_t used = 0;
	struct buf b = { 0 };

	if (tunnel_frame_parse(p, n, &f, &used) != RC_OK)
		return 0;
	tunnel_frame_write(&b, &f, NULL);
	if (used > n || b.n != used || memcmp(b.p, p, used - TUNNEL_FRAME_TAG) != 0)
		abort();
	if (tunnel_frame_check(&f, NULL) != (memcmp(b.p, p, used) == 0))
		abort();
	buf_done(&b);
	return 0;
}
