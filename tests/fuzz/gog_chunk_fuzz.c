/* Any bytes as a chunk of GOG's that the manifest calls right: it opens to what was packed or not at all, and what we pack opens. */
#include "wire/gog_chunk.h"
#include "wire/zpack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define SIZE_MAX_TRIED (1u << 20)

static void expect(bool held)
{
	if (!held)
		abort();
}

/* The MD5s are made to fit, so that what is behind that check is reached. */
static void opens(const uint8_t *p, size_t n)
{
	struct gog_chunk want = { 0 };
	struct buf out = { 0 };
	uint32_t size;

	if (n < sizeof(size))
		return;
	memcpy(&size, p, sizeof(size));
	want.size = size % SIZE_MAX_TRIED;
	want.packed = (uint32_t)(n - sizeof(size));
	expect(gog_chunk_md5(p + sizeof(size), n - sizeof(size), want.packed_md5));
	bool unpacks =
		zpack_open(p + sizeof(size), n - sizeof(size), want.size, GOG_CHUNK_MAX, &out, NULL) == RC_OK;
	if (unpacks && want.size > 0) /* 0 is any size to zpack */
		expect(out.n == want.size && gog_chunk_md5(out.p, out.n, want.md5));
	out.n = 0;
	buf_str(&out, "before");
	enum rc rc = gog_chunk_open(&want, p + sizeof(size), n - sizeof(size), &out, NULL);
	expect((rc == RC_OK) == (unpacks && want.size > 0));
	expect(out.n == 6 + (rc == RC_OK ? want.size : 0) && !memcmp(out.p, "before", 6));
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct gog_chunk c = { 0 };
	struct buf packed = { 0 }, out = { 0 };

	opens(p, n);
	if (gog_chunk_pack(&c, p, n, &packed, NULL) == RC_OK) {
		expect(gog_chunk_open(&c, packed.p, packed.n, &out, NULL) == RC_OK);
		expect(out.n == n && (n == 0 || !memcmp(out.p, p, n)));
		out.n = 0;
		if (packed.n > 0) {
			packed.p[n % packed.n] ^= 1;
			expect(gog_chunk_open(&c, packed.p, packed.n, &out, NULL) == RC_MALFORMED && out.n == 0);
		}
	}
	buf_done(&packed);
	buf_done(&out);
	return 0;
}
