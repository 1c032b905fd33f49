#include "base/arena.h"

#include "tests/unit/check.h"

#include <stdalign.h>
#include <stdbool.h>

#define PIECES 20000

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* The sizes that a request takes: mostly small, now and then larger than a block. */
static size_t size_of_piece(size_t i) { return i % 997 == 0 ? 20000 : i * 7 % 130; }

static uint8_t mark_of(size_t i) { return (uint8_t)(i * 31 + 1); }

/* Every piece is zeroed and aligned, and none lies over another. */
static void thousands_of_pieces(void)
{
	struct arena a = { 0 };
	static uint8_t *pieces[PIECES];
	size_t sum = 0;

	for (size_t i = 0; i < PIECES; i++) {
		size_t n = size_of_piece(i);
		uint8_t *p = pieces[i] = arena_take(&a, n);
		CHECK(p && (uintptr_t)p % alignof(max_align_t) == 0);
		CHECK(is_zero(p, n));
		memset(p, mark_of(i), n);
		sum += n;
		CHECK(a.taken >= sum && a.taken <= sum + (i + 1) * alignof(max_align_t));
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < size_of_piece(i); k++)
			CHECK(pieces[i][k] == mark_of(i));
	arena_done(&a);
	CHECK(!a.last && a.taken == 0);
}

static void limit_is_kept(void)
{
	struct arena a = { .limit = 1000 };

	CHECK(!arena_take(&a, 1001));
	CHECK(a.taken == 0 && !a.last); /* a refusal takes nothing */
	CHECK(arena_take(&a, 1000));
	CHECK(!arena_take(&a, 1));
	CHECK(!arena_str(&a, "x"));
	CHECK(!arena_fmt(&a, "%d", 7));
	arena_reset(&a);
	CHECK(a.limit == 1000);
	for (int i = 0; i < 10; i++)
		CHECK(arena_take(&a, 96));
	CHECK(arena_take(&a, 40)); /* exactly the rest */
	CHECK(!arena_take(&a, 1));
	arena_done(&a);
}

/* Piece by piece the arena gives no more than its limit, however odd the pieces are. */
static void limit_by_small_pieces(void)
{
	struct arena a = { .limit = 4096 };
	size_t given = 0;

	while (arena_take(&a, 1))
		given++;
	CHECK(given == 4096 / alignof(max_align_t));
	CHECK(a.taken <= 4096);
	arena_done(&a);
}

static void limit_by_default(void)
{
	struct arena a = { 0 };

	CHECK(!arena_take(&a, ARENA_LIMIT_DEFAULT + 1));
	CHECK(!arena_take(&a, SIZE_MAX));
	CHECK(!arena_take(&a, SIZE_MAX - 8));
	CHECK(arena_take(&a, 64));
	CHECK(!arena_take(&a, ARENA_LIMIT_DEFAULT));
	CHECK(!arena_take(&a, SIZE_MAX));
	arena_done(&a);
}

static void reset_keeps_one_block(void)
{
	struct arena a = { 0 };
	uint8_t *first = arena_take(&a, 100);

	CHECK(first);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 500; i++)
			CHECK(memset(arena_take(&a, 100), 0xEE, 100));
		arena_reset(&a);
		CHECK(a.last && a.taken == 0);
		uint8_t *again = arena_take(&a, 100);
		CHECK(again == first); /* the block of before, from its start */
		CHECK(is_zero(again, 100));
	}
	arena_done(&a);
	arena_reset(&a); /* nothing to forget */
	arena_done(&a);
}

static void texts(void)
{
	struct arena a = { 0 };
	char *cut = arena_strn(&a, "abcdef", 3), *empty = arena_strn(&a, NULL, 0);

	CHECK_STR(cut, "abc");
	CHECK_STR(empty, "");
	CHECK(!arena_str(&a, NULL));
	CHECK_STR(arena_str(&a, "läuft"), "läuft");
	CHECK_STR(arena_fmt(&a, "%s-%05d", "job", 42), "job-00042");
	CHECK_STR(arena_fmt(&a, "%s", ""), "");
	char *wide = arena_fmt(&a, "%30000d", 5); /* more than a block */
	CHECK(wide && strlen(wide) == 30000 && wide[29999] == '5');
	char *nul = arena_strn(&a, "a\0b", 3);
	CHECK(!memcmp(nul, "a\0b", 4));
	CHECK_STR(cut, "abc");
	arena_done(&a);
}

int main(void)
{
	thousands_of_pieces();
	limit_is_kept();
	limit_by_small_pieces();
	limit_by_default();
	reset_keeps_one_block();
	texts();
	return 0;
}
