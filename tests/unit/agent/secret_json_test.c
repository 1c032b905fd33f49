/* Secrets as JSON: what is read, and what is no such object. */
#include "agent/secret_json.h"

#include "base/buf.h"
#include "tests/unit/check.h"

static struct buf seen;

static void on_member(void *ctx, const char *name, const struct hush *value)
{
	(void)ctx;
	buf_fmt(&seen, "%s=%.*s;", name, (int)value->n, (const char *)value->p);
}

static enum rc read_it(const char *text)
{
	struct hush h = { 0 };
	struct fault f = { 0 };
	buf_done(&seen);
	CHECK(hush_set(&h, text, strlen(text)) == RC_OK);
	enum rc rc = secret_json_read(&h, on_member, NULL, &f);
	CHECK(rc == RC_OK || !strstr(f.text, "hunter2"));
	hush_done(&h);
	return rc;
}

int main(void)
{
	static const char *const bad[] = { "", "{", "[]", "{\"a\"}", "{\"a\":1}", "{\"a\":\"b\",}",
		"{\"a\":\"b\"}x", "{\"a\":\"\\q\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\u12\"}", "{\"a\":\"hunter2", "{\"a\":\"\n\"}", "{\"\\u0000\":\"hunter2\"}",
		"{\"a\":nul}" };

	CHECK(read_it("{}") == RC_OK);
	CHECK_STR(buf_text(&seen), "");
	CHECK(read_it(" { \"password\" : \"hunter2\" , \"b\":null,\"c\":\"\" } ") == RC_OK);
	CHECK_STR(buf_text(&seen), "password=hunter2;b=;c=;");
	CHECK(read_it("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\xc3\xa9\"}") ==
		RC_OK);
	CHECK_STR(buf_text(&seen), "a=\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9;");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(read_it(bad[i]) == RC_MALFORMED);
	char many[1000] = "{";
	for (int i = 0; i <= SECRET_JSON_MAX; i++)
		strcat(many, i ? ",\"a\":\"b\"" : "\"a\":\"b\"");
	CHECK(read_it(strcat(many, "}")) == RC_MALFORMED);
	buf_done(&seen);
	return 0;
}
