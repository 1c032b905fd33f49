#include "base/hush.h"

#include "tests/unit/check.h"

/*
 * The wiping itself stands in for libc's here, so that the test sees what is wiped before it is freed (a freed byte may not be
 * looked at). The second name is the one that a hardened build calls.
 */
void __explicit_bzero_chk(void *p, size_t n, size_t room);

static const void *wiped;
static size_t wiped_n;
static uint8_t was[64]; /* what stood there before */

void explicit_bzero(void *p, size_t n)
{
	wiped = p;
	wiped_n = n;
	memcpy(was, p, n < sizeof(was) ? n : sizeof(was));
	for (volatile uint8_t *at = p; n > 0; n--)
		*at++ = 0;
}

void __explicit_bzero_chk(void *p, size_t n, size_t room)
{
	CHECK(n <= room);
	explicit_bzero(p, n);
}

static void is_wiped(void)
{
	struct hush h = { 0 };

	CHECK(hush_set(&h, "correct horse", 13) == RC_OK);
	CHECK(h.n == 13 && !memcmp(h.p, "correct horse", 14)); /* a NUL follows */
	const uint8_t *before = h.p;
	CHECK(!wiped);
	CHECK(hush_set(&h, "battery", 7) == RC_OK); /* wipes what was there */
	CHECK(wiped == before && wiped_n == 13 && !memcmp(was, "correct horse", 13));
	before = h.p;
	hush_done(&h);
	CHECK(wiped == before && wiped_n == 7 && !memcmp(was, "battery", 7));
	CHECK(!h.p && h.n == 0);
	hush_done(&h);
	CHECK(wiped_n == 7);

	char pin[] = "1234";
	hush_wipe(pin, 3);
	CHECK(!memcmp(pin,
		"\0\0\0"
		"4",
		5));
	wiped = NULL;
	hush_wipe(NULL, 3);
	hush_wipe(pin, 0);
	CHECK(!wiped);
}

static void sets_from_itself(void)
{
	struct hush h = { 0 };

	CHECK(hush_set(&h, "old secret", 10) == RC_OK);
	CHECK(hush_set(&h, h.p + 4, 6) == RC_OK);
	CHECK(hush_same(&h, "secret", 6));
	hush_done(&h);
}

static void limit(void)
{
	static uint8_t much[HUSH_MAX + 1];
	struct hush h = { 0 };

	CHECK(hush_set(&h, "kept", 4) == RC_OK);
	CHECK(hush_set(&h, much, sizeof(much)) == RC_TOO_LARGE);
	CHECK(hush_same(&h, "kept", 4));
	CHECK(hush_set(&h, much, HUSH_MAX) == RC_OK && h.n == HUSH_MAX);
	CHECK(hush_set(&h, NULL, 0) == RC_OK && h.n == 0 && h.p);
	hush_done(&h);
}

static void compares(void)
{
	struct hush h = { 0 };

	CHECK(hush_same(&h, "", 0) && !hush_same(&h, "\0", 1));
	CHECK(hush_set(&h, "abcdef\0g", 8) == RC_OK);
	CHECK(hush_same(&h, "abcdef\0g", 8));
	CHECK(!hush_same(&h, "abcdef\0", 7) && !hush_same(&h, "abcdef\0gh", 9) && !hush_same(&h, "abcdef\0g\0", 9));
	CHECK(!hush_same(&h, "", 0));
	for (size_t bit = 0; bit < 8 * h.n; bit++) {
		uint8_t other[8];
		memcpy(other, h.p, 8);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(!hush_same(&h, other, 8));
	}
	hush_done(&h);
}

int main(void)
{
	is_wiped();
	sets_from_itself();
	limit();
	compares();
	return 0;
}
