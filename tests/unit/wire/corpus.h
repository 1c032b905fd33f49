/* corpus: reads the real bytes that the tests of this room are checked against. Paths begin at the project's root. */
#pragma once
#include "base/buf.h"
#include "tests/unit/check.h"

static inline struct buf corpus_read(const char *path)
{
	struct buf b = { 0 };
	FILE *f = fopen(path, "rb");
	if (!f)
		fprintf(stderr, "%s: cannot be read\n", path);
	CHECK(f != NULL);
	for (size_t n = 1; n > 0; b.n += n)
		n = fread(buf_room(&b, 65536), 1, 65536, f);
	fclose(f);
	CHECK(!b.bad);
	return b;
}

static inline bool corpus_same(const struct buf *a, const void *p, size_t n)
{
	return a->n == n && (n == 0 || !memcmp(a->p, p, n));
}
