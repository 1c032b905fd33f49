/* Any bytes as a chunk's container, and as an encrypted chunk; what comes out goes in again, in every container. */
#include "wire/steam/chunk.h"

#include <stdlib.h>
#include <string.h>

#define MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void again(const struct buf *plain)
{
	for (enum chunk_kind k = CHUNK_LZMA; k <= CHUNK_ZIP; k++) {
		struct buf box = { 0 }, out = { 0 };
		expect(chunk_pack(k, plain->p, plain->n, &box, NULL) == RC_OK);
		expect(chunk_unpack(box.p, box.n, plain->n, &out, NULL) == RC_OK);
		expect(out.n == plain->n && (out.n == 0 || !memcmp(out.p, plain->p, out.n)));
		buf_done(&box);
		buf_done(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[32] = { 7 }, sha[20] = { 1 };
	struct chunk_want want = { .sha = sha, .size = 100 };
	struct buf plain = { 0 };

	enum rc rc = chunk_unpack(p, n, MOST, &plain, NULL);
	expect(rc == RC_OK ? plain.n <= MOST : plain.n == 0);
	if (rc == RC_OK)
		again(&plain);
	plain.n = 0;
	expect(chunk_open(key, &want, p, n, &plain, NULL) != RC_OK && plain.n == 0);
	buf_done(&plain);
	return 0;
}
