#include "base/buf.h"

#include "tests/unit/check.h"

#include <wchar.h>

static void grows(void)
{
	struct buf b = { 0 };

	for (int i = 0; i < 100000; i++)
		buf_u8(&b, (uint8_t)(i * 7));
	CHECK(!b.bad && b.n == 100000 && b.room >= b.n);
	for (int i = 0; i < 100000; i++)
		CHECK(b.p[i] == (uint8_t)(i * 7));
	buf_done(&b);
	CHECK(!b.p && b.n == 0 && b.room == 0);
	buf_done(&b);
}

static void texts(void)
{
	struct buf b = { 0 };

	CHECK_STR(buf_text(&b), "");
	buf_str(&b, "one");
	buf_str(&b, "");
	buf_put(&b, NULL, 0);
	buf_put(&b, ", two", 5);
	buf_fmt(&b, ", %s %d", "three", 4);
	CHECK(b.n == 17);
	CHECK_STR(buf_text(&b), "one, two, three 4");
	CHECK(b.n == 17); /* the NUL is not counted */
	buf_fmt(&b, "%s", "");
	buf_fmt(&b, "%5000s|", "x");
	CHECK(b.n == 17 + 5001 && b.p[b.n - 1] == '|' && b.p[b.n - 2] == 'x' && b.p[17] == ' ');
	buf_done(&b);
}

/* A text that fills the room to the last byte still gets its NUL. */
static void text_at_the_edge(void)
{
	for (size_t n = 0; n < 300; n++) {
		struct buf b = { 0 };
		for (size_t i = 0; i < n; i++)
			buf_u8(&b, 'a');
		CHECK(strlen(buf_text(&b)) == n);
		buf_done(&b);
	}
}

static void decimals(void)
{
	const uint64_t all[] = { 0, 1, 9, 10, 99, 100, 4294967295, 4294967296, INT64_MAX, 10000000000000000000u,
		UINT64_MAX - 1, UINT64_MAX };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct buf b = { 0 };
		char text[32];
		buf_dec(&b, all[i]);
		snprintf(text, sizeof(text), "%llu", (unsigned long long)all[i]);
		CHECK_STR(buf_text(&b), text);
		buf_done(&b);
	}
}

static void byte_orders(void)
{
	const uint8_t want[] = { 0x7F, 0x12, 0x34, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE,
		0xF0, 0x78, 0x56, 0x34, 0x12, 0xF0, 0xDE, 0xBC, 0x9A, 0x78, 0x56, 0x34, 0x12 };
	struct buf b = { 0 };

	buf_u8(&b, 0x7F);
	buf_u16(&b, 0x1234);
	buf_u32(&b, 0x12345678);
	buf_u64(&b, 0x123456789ABCDEF0);
	buf_le32(&b, 0x12345678);
	buf_le64(&b, 0x123456789ABCDEF0);
	CHECK(b.n == sizeof(want) && !memcmp(b.p, want, b.n));
	buf_done(&b);
}

static void drops(void)
{
	struct buf b = { 0 };

	buf_drop(&b, 0);
	buf_str(&b, "abcdef");
	buf_drop(&b, 0);
	CHECK_STR(buf_text(&b), "abcdef");
	buf_drop(&b, 2);
	CHECK_STR(buf_text(&b), "cdef");
	buf_drop(&b, 4);
	CHECK(b.n == 0);
	buf_str(&b, "new");
	CHECK_STR(buf_text(&b), "new");
	buf_done(&b);
	while (b.n == 0 || b.n < b.room) /* full to the last byte */
		buf_u8(&b, (uint8_t)b.n);
	size_t n = b.n;
	buf_drop(&b, 10);
	CHECK(b.n == n - 10);
	for (size_t i = 0; i < b.n; i++)
		CHECK(b.p[i] == (uint8_t)(i + 10));
	buf_done(&b);
}

static void room_for_the_caller(void)
{
	struct buf b = { 0 };

	CHECK(buf_room(&b, 0) && b.n == 0); /* an empty one, too, has a place for nothing */
	buf_str(&b, "ab");
	uint8_t *p = buf_room(&b, 1000);
	CHECK(p == b.p + 2 && b.room >= 1002 && b.n == 2);
	memcpy(p, "cd", 2);
	b.n += 2;
	CHECK_STR(buf_text(&b), "abcd");
	buf_done(&b);
}

/* After one failure nothing is written any more, and what there was stays. */
static void badness_is_remembered(void)
{
	struct buf b = { 0 };

	buf_str(&b, "kept");
	CHECK(!buf_room(&b, SIZE_MAX - 1));
	CHECK(b.bad && b.n == 4);
	buf_str(&b, "x");
	buf_u8(&b, 1);
	buf_u16(&b, 1);
	buf_u32(&b, 1);
	buf_u64(&b, 1);
	buf_le32(&b, 1);
	buf_le64(&b, 1);
	buf_dec(&b, 1);
	buf_fmt(&b, "%d", 1);
	CHECK(!buf_room(&b, 1));
	CHECK(b.n == 4 && !memcmp(b.p, "kept", 4));
	CHECK_STR(buf_text(&b), "");
	buf_done(&b);
	CHECK(!b.bad);

	buf_str(&b, "four");
	CHECK(!buf_room(&b, SIZE_MAX / 2 - 3) && b.bad);
	buf_done(&b);

	buf_fmt(&b, "%lc", (wint_t)0x7FFFFFFF); /* a character that cannot be written */
	CHECK(b.bad);
	buf_done(&b);

	buf_put(&b, "", SIZE_MAX / 2 + 1); /* refused before a byte is read */
	CHECK(b.bad && b.n == 0);
	buf_done(&b);
}

/* One that wipes grows and ends as any other; that nothing is left behind is seen by the system test of secrets. */
static void wipes(void)
{
	struct buf b = { .wipes = true };

	for (int i = 0; i < 1000; i++)
		buf_fmt(&b, "%03d,", i);
	CHECK(!b.bad && b.wipes && b.n == 4000 && !memcmp(b.p, "000,001,", 8) && !memcmp(b.p + 3996, "999,", 4));
	buf_drop(&b, 3996);
	CHECK(b.n == 4 && !strcmp(buf_text(&b), "999,"));
	buf_done(&b);
	CHECK(!b.p && !b.n);
}

int main(void)
{
	wipes();
	grows();
	texts();
	text_at_the_edge();
	decimals();
	byte_orders();
	drops();
	room_for_the_caller();
	badness_is_remembered();
	return 0;
}
