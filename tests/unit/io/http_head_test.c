/* What heads are understood, and how; what is refused over a socket is in web_limits_test. */
#include "io/http_head.h"
#include "tests/unit/check.h"

static struct http_field fields[HTTP_HEAD_FIELDS_MAX + 20];
static char text[8192], spare[8192];
static struct http_head h;
static struct http_refusal r;

static bool parse(const char *s)
{
	size_t n = strlen(s);
	memcpy(text, s, n);
	h = (struct http_head){ .fields = fields };
	r = (struct http_refusal){ 0 };
	return http_head_parse(text, n, spare, &h, &r);
}

static void fields_are_found_and_joined(void)
{
	CHECK(parse("GET /p?q HTTP/1.1\r\nHost: a.b:80\r\nX-Empty:\r\nAccept: a\r\nX: \t mid dle \t\r\nACCEPT: "
		    "b\r\nCookie: c=1\r\n"
		    "accept:c\r\ncookie: d=2\r\n\r\n"));
	CHECK_STR(h.method, "GET");
	CHECK_STR(h.path, "/p");
	CHECK_STR(h.query, "q");
	CHECK_STR(http_head_field(&h, "accept"), "a, b, c");
	CHECK_STR(http_head_field(&h, "cookie"), "c=1; d=2");
	CHECK_STR(http_head_field(&h, "x"), "mid dle");
	CHECK_STR(http_head_field(&h, "x-empty"), "");
	CHECK(http_head_field(&h, "Accept") == NULL && h.fields_n == 5);
	CHECK(h.keep && !h.old && h.length == HTTP_HEAD_NO_LENGTH && !h.chunked && !h.websocket && !h.expects);
}

static void targets(void)
{
	CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") && !strcmp(h.path, "*"));
	CHECK(parse("GET http://u:1/x?y?z HTTP/1.1\r\nHost: h\r\n\r\n") && !strcmp(h.path, "/x") &&
		!strcmp(h.query, "y?z"));
	CHECK(parse("GET /? HTTP/1.1\r\nHost: h\r\n\r\n") && !strcmp(h.path, "/") && !strcmp(h.query, ""));
	CHECK(!parse("GET http://u HTTP/1.1\r\nHost: h\r\n\r\n") && r.status == 400);
	CHECK(!parse("CONNECT u:1 HTTP/1.1\r\nHost: h\r\n\r\n") && r.status == 400);
	CHECK(!parse("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n") && r.status == 400);
	CHECK(!parse("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"));
	CHECK(!parse("G(T /a HTTP/1.1\r\nHost: h\r\n\r\n") &&
		!parse("ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: h\r\n\r\n"));
	CHECK(!parse("GET / HTTP/1.2\r\nHost: h\r\n\r\n") && r.status == 505);
	CHECK(!parse("GET / http/1.1\r\nHost: h\r\n\r\n") && r.status == 400);
}

static void the_connection(void)
{
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n") && !h.keep);
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: closer\r\n\r\n") && h.keep);
	CHECK(parse("GET / HTTP/1.0\r\n\r\n") && !h.keep && h.old);
	CHECK(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") && h.keep);
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n") &&
		h.websocket);
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") && !h.websocket);
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n") && !h.websocket);
	CHECK(parse("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n") && !h.websocket);
}

static void the_body(void)
{
	CHECK(parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n") && h.length == 7);
	CHECK(parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999999\r\n\r\n") &&
		h.length == 999999999999999);
	CHECK(!parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000000\r\n\r\n"));
	CHECK(!parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n") &&
		!parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n"));
	CHECK(parse("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n") && h.chunked);
	CHECK(!parse("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n") &&
		r.status == 501);
	CHECK(!parse("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n") && r.status == 501);
	CHECK(!parse("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") && r.status == 400);
	CHECK(parse("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n") && h.expects);
	CHECK(parse("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") && !h.expects);
}

static void the_end_is_found_however_it_comes(void)
{
	static const char s[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nbody";
	size_t scanned = 0, whole = sizeof(s) - 1 - 4;

	for (size_t n = 1; n < whole; n++)
		CHECK(http_head_end(s, n, &scanned) == 0);
	CHECK(http_head_end(s, whole, &scanned) == whole);
	scanned = 0;
	CHECK(http_head_end(s, sizeof(s) - 1, &scanned) == whole);
	CHECK(http_head_lines(s, whole) == 3);
}

static void repeated_headers_have_an_end(void)
{
	size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(text + n, i % 2 ? "a: 0123456789\r\n" : "b: 0123456789\r\n");
	n += (size_t)sprintf(text + n, "\r\n");
	h = (struct http_head){ .fields = fields };
	CHECK(!http_head_parse(text, n, spare, &h, &r) && r.status == 431);
	CHECK(http_head_has_token(" a , b\t,c", "B") && !http_head_has_token("ab", "a") &&
		!http_head_has_token(NULL, "a") && !http_head_has_token("", "a"));
}

static void single_characters_and_single_headers(void)
{
	char ask[128];

	/* Each byte in a value, in a name, in the target: taken or not. */
	for (int c = 1; c < 256; c++) {
		snprintf(ask, sizeof(ask), "GET / HTTP/1.1\r\nHost: h\r\nX: a%cz\r\n\r\n", c);
		CHECK(parse(ask) == (c == '\t' || (c >= ' ' && c != 127)));
		snprintf(ask, sizeof(ask), "GET / HTTP/1.1\r\nHost: h\r\nX%cz: a\r\n\r\n", c);
		bool name = (c > ' ' && c < 127 && !strchr("\"(),/:;<=>?@[\\]{}", c)) || c == ':';
		CHECK(parse(ask) == name);
		snprintf(ask, sizeof(ask), "GET /a%cz HTTP/1.1\r\nHost: h\r\n\r\n", c);
		CHECK(parse(ask) == (c > ' ' && c < 127 && c != '#'));
	}
	static const char *const once[] = { "Authorization", "Content-Length", "Content-Type", "Host",
		"Idempotency-Key", "Last-Event-ID", "Origin", "Sec-WebSocket-Key", "Traceparent", "X-Request-ID",
		"Upgrade", "Expect", "From", "User-Agent", "Sec-WebSocket-Version", "Transfer-Encoding" };
	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++) {
		const char *value = !strcmp(once[i], "Expect")              ? "100-continue"
				    : !strcmp(once[i], "Transfer-Encoding") ? "chunked"
									    : "1";
		snprintf(ask, sizeof(ask), "GET / HTTP/1.1\r\n%s%s: %s\r\n\r\n",
			strcmp(once[i], "Host") ? "Host: h\r\n" : "", once[i], value);
		CHECK(parse(ask));
		snprintf(ask, sizeof(ask), "GET / HTTP/1.1\r\nHost: h\r\n%s: %s\r\n%s: %s\r\n\r\n", once[i], value,
			once[i], value);
		CHECK(!parse(ask) && r.status == 400);
	}
	CHECK(parse("ABCDEFGHIJKLMNOP / HTTP/1.1\r\nHost: h\r\n\r\n") && strlen(h.method) == HTTP_HEAD_METHOD_MAX);
	CHECK(!parse("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n") &&
		!parse("GET / HTTP/1.1\r\nHost: h\r\nnothing\r\n\r\n"));
	CHECK(parse("GET / HTTP/1.1\r\nHost: h\r\nX: \t \r\n\r\n") && !strcmp(http_head_field(&h, "x"), ""));
}

int main(void)
{
	single_characters_and_single_headers();
	fields_are_found_and_joined();
	targets();
	the_connection();
	the_body();
	the_end_is_found_however_it_comes();
	repeated_headers_have_an_end();
	return 0;
}
