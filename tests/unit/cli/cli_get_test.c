#include "cli/get_bar.h"
#include "cli/get_what.h"
#include "cli/text.h"
#include "tests/unit/check.h"

static const char *source(const char *text, const struct get_what_more *more)
{
	static char words[600];
	struct buf b = { 0 };
	struct fault f = { 0 };

	enum rc rc = get_what_source(text, more, &b, &f);
	snprintf(words, sizeof(words), "%s", rc == RC_OK ? buf_text(&b) : f.text);
	CHECK(rc == RC_OK || rc == RC_INVALID);
	buf_done(&b);
	return words;
}

static void sources(void)
{
	const struct get_what_more none = { 0 }, more = { "linux", "64", "english", true };

	CHECK_STR(source("steam:730", &none), "{\"kind\":\"app\",\"appId\":730}");
	CHECK_STR(source("steam:730@beta \"x\"", &none),
		"{\"kind\":\"app\",\"appId\":730,\"branch\":\"beta \\\"x\\\"\"}");
	CHECK_STR(source("steam:740/741", &none), "{\"kind\":\"depot\",\"appId\":740,\"depots\":[{\"id\":741}]}");
	CHECK_STR(source("steam:740/741:7617088375292372759", &more),
		"{\"kind\":\"depot\",\"appId\":740,\"depots\":[{\"id\":741,\"manifest\":\"7617088375292372759\"}],"
		"\"os\":\"linux\",\"arch\":\"64\",\"lang\":\"english\",\"allDlc\":true}");
	CHECK_STR(source("workshop:2814500000", &none), "{\"kind\":\"workshop_item\",\"id\":\"2814500000\"}");
	CHECK_STR(source("collection:1", &none), "{\"kind\":\"workshop_collection\",\"id\":\"1\"}");
	CHECK_STR(source("epic:Fortnite", &none), "{\"kind\":\"epic\",\"appName\":\"Fortnite\"}");
	CHECK_STR(source("gog:1207658930", &none), "{\"kind\":\"gog\",\"productId\":\"1207658930\"}");
}

static void refusals(void)
{
	static const char *const bad[] = { "", "730", "steam:", "steam:x", "steam:730@", "steam:730:12", "steam:7/",
		"steam:7/8:", "steam:7/8:x", "steam:12345678901", "workshop:x", "workshop:1@b", "origin:1",
		"gog:a" };
	const struct get_what_more none = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(*source(bad[i], &none) != '{');
}

static const char *line(const struct get_bar *b)
{
	static char words[600];
	struct buf to = { 0 };

	get_bar_line(&to, b);
	CHECK(text_columns((const char *)to.p, to.n) <= b->columns);
	snprintf(words, sizeof(words), "%s", buf_text(&to));
	buf_done(&to);
	return words;
}

static void bars(void)
{
	struct get_bar b = { .doing = "downloading",
		.done = 1224700000,
		.total = 2100000000,
		.rate = 38400000,
		.left_s = 23,
		.columns = 100,
		.plain = true };

	CHECK_STR(line(&b),
		"downloading  #################-------------  58.3 %   1.2 GB of 2.1 GB   38.4 MB/s   0:23 left");
	b.columns = 50;
	CHECK_STR(line(&b), "downloading   58.3 %   1.2 GB of 2.1 GB");
	b.done = b.total - 1; /* nearly is not all */
	CHECK(strstr(line(&b), "99.9 %"));
	b.total = 0;
	CHECK_STR(line(&b), "downloading    2.0 GB   38.4 MB/s");
	b = (struct get_bar){ .doing = "queued", .why = "a free\033[2J place", .left_s = -1, .columns = 60 };
	CHECK_STR(line(&b), "queued       waits for a free?[2J place");
	for (b.columns = 12; b.columns < 130; b.columns++) {
		b.why = NULL;
		b.done = b.columns * 1000;
		b.total = 120000;
		line(&b);
	}
}

static void amounts(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} bytes[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 99999, "99.9 kB" },
		{ 100000, "100 kB" }, { 1000000000000, "1.0 TB" }, { UINT64_MAX, "18.4 EB" } };
	struct buf to = { 0 };

	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		to.n = 0;
		get_bar_bytes(&to, bytes[i].n);
		CHECK_STR(buf_text(&to), bytes[i].text);
	}
	to.n = 0;
	get_bar_time(&to, 3899);
	CHECK_STR(buf_text(&to), "1:04:59");
	to.n = 0;
	get_bar_time(&to, 3 * 86400 + 5);
	CHECK_STR(buf_text(&to), "3 days");
	buf_done(&to);
}

int main(void)
{
	sources();
	refusals();
	bars();
	amounts();
	return 0;
}
