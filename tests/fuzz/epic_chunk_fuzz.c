/* Any bytes as a chunk of Epic's and as one of GOG's; and as content, packed and opened again. */
#include "wire/epic_chunk.h"
#include "wire/gog_chunk.h"

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
	/* What the file in the corpus is. */
	struct epic_chunk want = { .guid = { { 0x01234567, 0x89abcdef, 0xdeadbeef, 0x00c0ffee } },
		.hash = 0x9C04B8092314C751,
		.size = EPIC_CHUNK_SIZE };
	struct epic_chunk made = { .guid = want.guid };
	struct gog_chunk gog;
	struct buf plain = { 0 }, box = { 0 };

	enum rc rc = epic_chunk_open(&want, p, n, &plain, NULL);
	expect(rc == RC_OK ? plain.n == want.size : plain.n == 0);
	plain.n = 0;
	if (n == 0 || n > 65536)
		goto done;
	expect(epic_chunk_pack(&made, p, n, &box, NULL) == RC_OK);
	expect(epic_chunk_open(&made, box.p, box.n, &plain, NULL) == RC_OK && plain.n == n &&
		!memcmp(plain.p, p, n));
	box.n = plain.n = 0;
	expect(gog_chunk_pack(&gog, p, n, &box, NULL) == RC_OK);
	expect(gog_chunk_open(&gog, box.p, box.n, &plain, NULL) == RC_OK && plain.n == n && !memcmp(plain.p, p, n));
	plain.n = 0;
	expect(gog_chunk_open(&gog, p, n, &plain, NULL) != RC_OK && plain.n == 0);
done:
	buf_done(&plain);
	buf_done(&box);
	return 0;
}
