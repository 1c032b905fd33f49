/* json_check says of every text what jansson says: of lawful ones, and of each with a byte changed, dropped or added. */
#include "tests/unit/check.h"
#include "wire/json_check.h"

#include <jansson.h>

static const char *const texts[] = { "{}", "[]", " [ ] ", "null", "true", "false", "0", "-1.5e+3", "\"\"",
	"\"a\\n\\u00e9\\\"\"", "{\"a\":[1,2,{\"b\":null}],\"c\":\"\xc3\xa9\xe2\x82\xac\"}",
	"[[],{},[[]],\"x\",1e5,true,false,null]", "[1 , 2\n,\t3]",
	"{\"appinfo\":{\"appid\":\"440\",\"common\":{\"name\":\"Team Fortress 2\"}}}", "", "{", "]", "[1,]",
	"{\"a\"}", "{\"a\":}", "{,}", "01", "1.", "-", "+1", "nul", "\"\\x\"", "\"\\u12\"", "\"\xff\"", "[1]x",
	"1 2", "{\"a\":1,}", "[,]", "\"a\nb\"" };

struct coming {
	const char *at, *end;
	size_t step;
};

static bool more(void *ctx, const char **ret_end)
{
	struct coming *c = ctx;
	size_t left = (size_t)(c->end - c->at);

	c->at += left < c->step ? left : c->step;
	*ret_end = c->at;
	return left > 0;
}

static void same_in_pieces(const char *p, size_t n)
{
	bool whole = json_check(p, n);

	for (size_t step = 1; step < 12; step++) {
		struct coming c = { p, p + n, step };
		CHECK(json_check_coming(p, more, &c) == whole);
	}
}

static void same(const char *p, size_t n)
{
	same_in_pieces(p, n);
	json_t *j = n ? json_loadb(p, n, JSON_DECODE_ANY, NULL) : NULL;
	bool want = j != NULL;
	json_decref(j);
	/* jansson also reads what the text says: it refuses a NUL, a lone surrogate, and numbers too large for it. */
	if (json_check(p, n) != want && !memmem(p, n, "\\u", 2) && !memchr(p, 'e', n) && !memchr(p, 'E', n)) {
		fprintf(stderr, "%.*s: jansson says %d\n", (int)n, p, want);
		exit(1);
	}
}

int main(void)
{
	char t[256], deep[300];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t n = strlen(texts[i]);
		same(texts[i], n);
		for (size_t at = 0; at < n; at++) {
			memcpy(t, texts[i], at);
			memcpy(t + at, texts[i] + at + 1, n - at - 1);
			same(t, n - 1);
			for (int c = 1; c < 256; c++) {
				memcpy(t, texts[i], n);
				t[at] = (char)c;
				same(t, n);
			}
		}
	}
	CHECK(json_check("[1e400,\"\\ud83d\\ude00\"]", 22) && !json_check("[1e]", 4) &&
		!json_check("\"\\u12g4\"", 8));
	memset(deep, '[', 150);
	memset(deep + 150, ']', 150);
	CHECK(!json_check(deep, 300) && json_check(deep + 86, 128) && !json_check(deep + 85, 130));
	return 0;
}
