#include "io/ws_frame.h"
#include "tests/unit/check.h"

static enum rc parse(const char *bytes, size_t n, struct ws_frame *f)
{
	size_t used = 0;
	enum rc rc = ws_frame_parse((const uint8_t *)bytes, n, f, &used);
	if (rc == RC_OK) {
		CHECK(used == n);
		for (size_t k = 0; k < n; k++) /* no shorter piece of it is whole */
			CHECK(ws_frame_parse((const uint8_t *)bytes, k, f, &used) == RC_MORE);
		CHECK(ws_frame_parse((const uint8_t *)bytes, n, f, &used) == RC_OK);
	}
	return rc;
}

static void heads(void)
{
	struct ws_frame f;

	/* RFC 6455, 5.7: a single masked text "Hello" */
	uint8_t hello[] = { 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
	CHECK(parse("\x81\x85\x37\xfa\x21\x3d", 6, &f) == RC_OK && f.fin && f.op == WS_OP_TEXT && f.n == 5);
	ws_frame_unmask(hello, 5, f.mask, 0);
	CHECK(!memcmp(hello, "Hello", 5));
	CHECK(parse("\x02\xfe\x01\x00zzzz", 8, &f) == RC_OK && !f.fin && f.op == WS_OP_BINARY && f.n == 256);
	CHECK(parse("\x82\xff\0\0\0\0\0\1\0\0zzzz", 14, &f) == RC_OK && f.n == 65536);
	CHECK(parse("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffzzzz", 14, &f) == RC_OK && f.n == INT64_MAX);
	CHECK(parse("\x82\xff\x80\0\0\0\0\0\0\0zzzz", 14, &f) == RC_MALFORMED);
	CHECK(parse("\x82\xff\0\0\0\0\0\0\xff\xffzzzz", 14, &f) == RC_MALFORMED); /* not the shortest form */
	CHECK(parse("\x82\xfe\0\x7dzzzz", 8, &f) == RC_MALFORMED);
	CHECK(parse("\x81\x05Hello", 7, &f) == RC_MALFORMED); /* not masked */
	CHECK(parse("\x91\x80zzzz", 6, &f) == RC_MALFORMED && parse("\xc1\x80zzzz", 6, &f) == RC_MALFORMED);
	for (int op = 0; op < 16; op++) {
		char b[] = { (char)(0x80 | op), (char)0x80, 'z', 'z', 'z', 'z' };
		bool lawful = op <= 2 || (op >= 8 && op <= 10);
		CHECK(parse(b, 6, &f) == (lawful ? RC_OK : RC_MALFORMED));
		b[0] = (char)op;
		CHECK(parse(b, 6, &f) == (op <= 2 ? RC_OK : RC_MALFORMED));
	}
	CHECK(parse("\x89\xfdzzzz", 6, &f) == RC_OK && f.n == WS_FRAME_CONTROL_MAX);
	CHECK(parse("\x89\xfe\x00\x7ezzzz", 8, &f) == RC_MALFORMED);
}

static void heads_we_write(void)
{
	uint8_t h[WS_FRAME_HEAD_MAX];

	CHECK(ws_frame_head(h, WS_OP_TEXT, 5) == 2 && !memcmp(h, "\x81\x05", 2));
	CHECK(ws_frame_head(h, WS_OP_PONG, 125) == 2 && !memcmp(h, "\x8a\x7d", 2));
	CHECK(ws_frame_head(h, WS_OP_BINARY, 126) == 4 && !memcmp(h, "\x82\x7e\x00\x7e", 4));
	CHECK(ws_frame_head(h, WS_OP_BINARY, 65535) == 4 && !memcmp(h, "\x82\x7e\xff\xff", 4));
	CHECK(ws_frame_head(h, WS_OP_BINARY, 65536) == 10 && !memcmp(h, "\x82\x7f\0\0\0\0\0\1\0\0", 10));
}

static void unmasking_in_pieces(void)
{
	static const uint8_t mask[4] = { 1, 2, 4, 8 };
	uint8_t whole[100], pieces[100];

	for (size_t a = 0; a < 12; a++)
		for (size_t b = a; b < 30; b++) {
			for (size_t i = 0; i < 100; i++)
				whole[i] = pieces[i] = (uint8_t)(i * 31);
			ws_frame_unmask(whole, 100, mask, 0);
			ws_frame_unmask(pieces, a, mask, 0);
			ws_frame_unmask(pieces + a, b - a, mask, a);
			ws_frame_unmask(pieces + b, 100 - b, mask, b);
			CHECK(!memcmp(whole, pieces, 100));
			CHECK(whole[5] == (uint8_t)((5 * 31) ^ 2));
		}
}

static void texts(void)
{
	static const char *const good[] = { "", "plain", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe2\x82\xac after" };
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xe2\x28\xac", "\xe2\x82\x28", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xf0\x9f\x98" };
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(ws_frame_is_utf8((const uint8_t *)good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!ws_frame_is_utf8((const uint8_t *)bad[i], strlen(bad[i])));
}

static void codes_and_keys(void)
{
	static const unsigned no[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 },
			      yes[] = { 1000, 1003, 1007, 1014, 3000, 4999 };
	char accept[WS_FRAME_ACCEPT_MAX];

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		CHECK(!ws_frame_is_code(no[i]));
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		CHECK(ws_frame_is_code(yes[i]));
	CHECK(ws_frame_accept("dGhlIHNhbXBsZSBub25jZQ==", accept));
	CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	CHECK(!ws_frame_accept(NULL, accept) && !ws_frame_accept("", accept) &&
		!ws_frame_accept("dGhlIHNhbXBsZSBub25jZQ", accept));
	CHECK(!ws_frame_accept("dGhlIHNhbXBsZSBub25jZQ=x", accept) &&
		!ws_frame_accept("!!!!IHNhbXBsZSBub25jZQ==", accept));
}

int main(void)
{
	heads();
	heads_we_write();
	unmasking_in_pieces();
	texts();
	codes_and_keys();
	return 0;
}
