/* A result that is written while it is made is, unpacked, what the encoder makes of it whole. */
#include "agent/long_result.h"
#include "model/action.h"
#include "model/action_pics.h"
#include "wire/field_json.h"
#include "wire/packed.h"

#include "tests/unit/check.h"

/* `apps` objects with about `n` bytes of data each, and what follows them. */
static struct action_product_info_result made(struct arena *a, size_t apps, size_t n)
{
	struct action_product *at = arena_take(a, (apps + 1) * sizeof(*at));
	static struct action_product package = { .id = 7, .sha1 = "00", .data = "{\"p\":1}" };
	static uint32_t unknown[] = { 3, 4 };

	for (size_t i = 0; i < apps; i++) {
		struct buf data = { 0 };
		buf_str(&data, "{\"k\":\"");
		for (size_t k = 0; data.n < n; k++)
			buf_dec(&data, i * k * 7919 % 1000003);
		buf_str(&data, "\"}");
		at[i] = (struct action_product){ .id = (uint32_t)i,
			.sha1 = "ab",
			.name = i % 2 ? "say \"x\"" : NULL,
			.data = arena_str(a, buf_text(&data)) };
		buf_done(&data);
	}
	return (struct action_product_info_result){
		.apps = { at, apps }, .packages = { &package, 1 }, .unknown_apps = { unknown, 2 }
	};
}

static void same(size_t apps, size_t n)
{
	struct arena a = { 0 };
	struct action_product_info_result r = made(&a, apps, n);
	const struct field *table = action_pics_product_info.result;
	struct long_result l = { 0 };
	struct buf want = { 0 }, got = { 0 };
	size_t length = 0;

	field_json_encode(table, &r, &want);
	long_result_begin(&l, table);
	for (size_t i = 0; i < apps; i++)
		long_result_item(&l, (struct action_product *)r.apps.at + i);
	r.apps = (struct field_list){ NULL, 0 };
	CHECK(long_result_end(&l, &r, &got, &length, NULL) == RC_OK);
	CHECK(length == want.n && !l.table && !l.packer);
	CHECK(packed_is((const char *)got.p, got.n) == (want.n >= PACKED_MIN));
	if (want.n >= PACKED_MIN) {
		char *room = malloc(length + 1);
		size_t size = 0;
		CHECK(packed_size((const char *)got.p, got.n, &size, NULL) == RC_OK && size == length);
		CHECK(packed_open((const char *)got.p, got.n, room, NULL) == RC_OK);
		CHECK_STR(room, buf_text(&want));
		free(room);
	} else {
		CHECK_STR(buf_text(&got), buf_text(&want));
	}
	buf_done(&want);
	buf_done(&got);
	arena_done(&a);
}

/* An action that fails leaves it where it is. */
static void given_up(size_t apps)
{
	struct arena a = { 0 };
	struct action_product_info_result r = made(&a, 1, 100000);
	struct long_result l = { 0 };

	long_result_begin(&l, action_pics_product_info.result);
	for (size_t i = 0; i < apps; i++)
		long_result_item(&l, r.apps.at);
	long_result_done(&l);
	CHECK(!l.table && !l.packer && !l.text.p);
	long_result_done(&l);
	arena_done(&a);
}

int main(void)
{
	same(0, 0);
	same(1, 10);
	same(2, 1000);
	same(3, 100000);
	same(700, 3000);
	same(2, 2000000);
	given_up(0);
	given_up(1);
	given_up(30);
	return 0;
}
