#include "base/map.h"

#include "tests/unit/check.h"

#define MANY 5000

static char keys[MANY][16];
static int values[MANY];

static void put_and_take(void)
{
	struct map m = { 0 };
	int one = 1, two = 2;
	char key[] = "alpha", same[] = "alpha";

	CHECK(map_count(&m) == 0 && !map_get(&m, "alpha") && !map_take(&m, "alpha"));
	CHECK(map_put(&m, key, &one) == RC_OK);
	CHECK(map_get(&m, "alpha") == &one && map_count(&m) == 1);
	CHECK(!map_get(&m, "alph") && !map_get(&m, "alpha ") && !map_get(&m, ""));

	/* A second put replaces the value and keeps the first key: the second may go. */
	CHECK(map_put(&m, same, &two) == RC_OK);
	memset(same, 'x', sizeof(same) - 1);
	CHECK(map_count(&m) == 1 && map_get(&m, "alpha") == &two);
	CHECK(map_take(&m, "alpha") == &two);
	CHECK(map_count(&m) == 0 && !map_get(&m, "alpha") && !map_take(&m, "alpha"));
	CHECK(map_put(&m, "", &one) == RC_OK && map_get(&m, "") == &one);
	map_done(&m);
	CHECK(map_count(&m) == 0);
	map_done(&m);
}

static void fill(struct map *m)
{
	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
		values[i] = i;
		CHECK(map_put(m, keys[i], &values[i]) == RC_OK);
	}
	CHECK(map_count(m) == MANY);
}

static void walks_in_order_and_takes(void)
{
	struct map m = { 0 };
	int *v, n = 0;

	struct map_walk none = map_walk(&m);
	CHECK(!map_next(&none) && !map_next(&none));
	fill(&m);
	for (struct map_walk w = map_walk(&m); (v = map_next(&w)); n++) {
		CHECK(*v == n);
		if (n % 2) /* the entry just returned may go */
			CHECK(map_take(&m, keys[n]) == v);
	}
	CHECK(n == MANY && map_count(&m) == MANY / 2);
	n = 0;
	for (struct map_walk w = map_walk(&m); (v = map_next(&w)); n += 2)
		CHECK(*v == n);
	CHECK(n == MANY);
	for (int i = 0; i < MANY; i++)
		CHECK(map_get(&m, keys[i]) == (i % 2 ? NULL : &values[i]));
	for (struct map_walk w = map_walk(&m); (v = map_next(&w));)
		CHECK(map_take(&m, keys[*v]) == v);
	CHECK(map_count(&m) == 0);
	map_done(&m);
}

int main(void)
{
	put_and_take();
	walks_in_order_and_takes();
	return 0;
}
