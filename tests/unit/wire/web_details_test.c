/* The store's page of one app: what is known, what says nothing, and what cannot be read; digests of what changes by itself. */
#include "tests/unit/check.h"
#include "wire/steam/web_details.h"

#include <string.h>

static struct arena arena;
static struct web_details said;

static enum web_details_state read_of(const char *text)
{
	return web_details_read(text, strlen(text), 440, &arena, &said);
}

static const char *sha(const char *name)
{
	for (size_t i = 0; i < said.sections_n; i++)
		if (!strcmp(said.sections[i].name, name))
			return arena_str(&arena, said.sections[i].sha1);
	return "";
}

static void silence(void)
{
	static const char *const empty[] = { "", " \r\n", "null", "{}", "[]", "{\"440\":{\"success\":false}}",
		"{\"440\":{\"success\":true}}", "{\"570\":{\"success\":true,\"data\":{}}}",
		"{\"440\":{\"success\":true,\"data\":{\"steam_appid\":441,\"name\":\"Another\"}}}" };
	static const char *const odd[] = { "<html>", "{", "{\"440\":5}", "{\"440\":{\"success\":true,\"data\":[]}}",
		"7" };

	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		if (read_of(empty[i]) != WEB_DETAILS_EMPTY)
			CHECK_STR(empty[i], "is empty");
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		if (read_of(odd[i]) != WEB_DETAILS_UNREADABLE)
			CHECK_STR(odd[i], "is not to be read");
	CHECK(web_details_read("nul\0", 4, 440, &arena, &said) == WEB_DETAILS_UNREADABLE);
}

static void digests(void)
{
	CHECK(read_of("{\"440\":{\"success\":true,\"data\":{\"steam_appid\":440,\"type\":\"Game\",\"name\":\"T\","
		      "\"a\":1,"
		      "\"price_overview\":{\"final\":5},\"recommendations\":{\"total\":7},\"release_date\":"
		      "{\"coming_soon\":true}}}}") == WEB_DETAILS_KNOWN);
	CHECK_STR(said.name, "T");
	CHECK_STR(said.kind, "game");
	CHECK(said.coming_soon && said.sections_n == 3);
	const char *page = sha("store_page"), *price = sha("price"), *visible = sha("visibility");
	CHECK(strlen(page) == 40 && strlen(price) == 40 && strlen(visible) == 40);

	/* Order, and counts that change all the time, are no change of the page. */
	CHECK(read_of("{\"440\":{\"data\":{\"a\":1,\"name\":\"T\",\"recommendations\":{\"total\":8},\"type\":"
		      "\"Game\","
		      "\"steam_appid\":440,\"price_overview\":{\"final\":6},\"release_date\":{\"coming_soon\":"
		      "false}},"
		      "\"success\":true}}") == WEB_DETAILS_KNOWN);
	CHECK_STR(sha("store_page"), page);
	CHECK(strcmp(sha("price"), price) != 0 && strcmp(sha("visibility"), visible) != 0 && !said.coming_soon);
	CHECK(read_of("{\"440\":{\"success\":true,\"data\":{\"steam_appid\":440,\"a\":2}}}") == WEB_DETAILS_KNOWN);
	CHECK(strcmp(sha("store_page"), page) != 0 && !said.name);
}

int main(void)
{
	silence();
	digests();
	arena_done(&arena);
	return 0;
}
