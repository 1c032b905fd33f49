/* The pool of connection managers: who is picked, who is passed over, and for how long. */
#include "flow/steam_cms.h"
#include "flow/steam_dice.h"

#include "tests/unit/check.h"

static const char *const ten[] = { "a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1", "h:1", "i:1", "j:1" };

static struct steam_cms *pool(size_t n)
{
	struct fault f = { 0 };
	struct steam_cms *c = steam_cms_new();
	CHECK(c && steam_cms_set(c, ten, n, &f) == RC_OK && steam_cms_count(c) == n);
	return c;
}

/* Which of the ten come out in many picks: one bit each. */
static unsigned picked(const struct steam_cms *c, uint64_t now)
{
	struct steam_dice dice = { 42 };
	unsigned set = 0;
	for (int i = 0; i < 400; i++)
		set |= 1u << (steam_cms_pick(c, now, &dice)[0] - 'a');
	return set;
}

static void best_five(void)
{
	struct steam_cms *c = pool(10);
	CHECK(picked(c, 0) == 0x1f);
	steam_cms_failed(c, "b:1", 1000);
	steam_cms_failed(c, "d:1", 1000);
	CHECK(picked(c, 1000) == 0x75);
	CHECK(picked(c, 1000 + STEAM_CMS_BAD_MS - 1) == 0x75);
	CHECK(picked(c, 1000 + STEAM_CMS_BAD_MS) == 0x1f);
	steam_cms_free(c);
}

static void again_and_again(void)
{
	struct steam_cms *c = pool(2);
	uint64_t now = 0, bad = STEAM_CMS_BAD_MS;

	for (int i = 0; i < 20; i++) {
		steam_cms_failed(c, "a:1", now);
		CHECK(picked(c, now + bad - 1) == 2);
		now += bad;
		CHECK(picked(c, now) == 3);
		bad = bad * 2 < STEAM_CMS_BAD_MAX_MS ? bad * 2 : STEAM_CMS_BAD_MAX_MS;
	}
	steam_cms_worked(c, "a:1");
	steam_cms_failed(c, "a:1", now);
	CHECK(picked(c, now + STEAM_CMS_BAD_MS) == 3);
	steam_cms_free(c);
}

static void all_bad(void)
{
	struct steam_cms *c = pool(3);
	steam_cms_failed(c, "a:1", 30);
	steam_cms_failed(c, "b:1", 10);
	steam_cms_failed(c, "c:1", 20);
	CHECK(picked(c, 50) == 2);
	steam_cms_worked(c, "c:1");
	CHECK(picked(c, 50) == 4);
	steam_cms_failed(c, "nobody:1", 50);
	steam_cms_worked(c, "nobody:1");
	steam_cms_free(c);
}

static void new_list(void)
{
	static const char *const other[] = { "z:1", "b:1" };
	static char longer[STEAM_CMS_NAME_MAX + 1];
	const char *too_long[] = { longer };
	struct fault f = { 0 };
	struct steam_cms *c = pool(3);
	struct steam_dice dice = { 1 };

	steam_cms_failed(c, "b:1", 0);
	CHECK(steam_cms_set(c, other, 2, &f) == RC_OK);
	CHECK_STR(steam_cms_pick(c, 5, &dice), "z:1");
	memset(longer, 'x', STEAM_CMS_NAME_MAX);
	CHECK(steam_cms_set(c, too_long, 1, &f) == RC_INVALID);
	CHECK(steam_cms_set(c, ten, STEAM_CMS_MAX + 1, &f) == RC_TOO_LARGE);
	CHECK(steam_cms_count(c) == 2);
	CHECK(steam_cms_set(c, NULL, 0, &f) == RC_OK);
	CHECK(steam_cms_pick(c, 5, &dice) == NULL);
	steam_cms_free(c);
	steam_cms_free(NULL);
}

int main(void)
{
	best_five();
	again_and_again();
	all_bad();
	new_list();
	return 0;
}
