/* Frames of a server in portions of every size. */
#include "io/ws_reader.h"

#include "tests/unit/check.h"

static struct buf seen;

static void on_message(void *ctx, const uint8_t *p, size_t n, bool binary)
{
	(void)ctx;
	buf_fmt(&seen, "[%c%zu:%.*s]", binary ? 'b' : 't', n, n < 20 ? (int)n : 0, (const char *)p);
}
static void on_ping(void *ctx, const uint8_t *p, size_t n)
{
	(void)ctx;
	buf_fmt(&seen, "[ping %.*s]", (int)n, (const char *)p);
}
static void on_close(void *ctx, int code, const uint8_t *p, size_t n)
{
	(void)ctx;
	buf_fmt(&seen, "[close %d %.*s]", code, (int)n, (const char *)p);
}

/* The code at the end, or 0. */
static int feed(const void *bytes, size_t n, size_t portion)
{
	struct ws_reader r = { .on = { NULL, on_message, on_ping, on_close }, .message_max = 100 };
	const uint8_t *p = bytes;
	int code = 0;

	buf_done(&seen);
	for (size_t at = 0; at < n && !code; at += portion)
		code = ws_reader_feed(&r, p + at, portion < n - at ? portion : n - at);
	CHECK(!code || *r.why);
	ws_reader_done(&r);
	return code;
}

#define FEED(text, portion) feed(text, sizeof(text) - 1, portion)

int main(void)
{
	static const char talk[] =
		"\202\3abc\201\0\1\2he\211\2hi\0\1y\200\2\303\251\212\1x\210\7\17\241done!\202\1z";
	for (size_t k = 1; k <= sizeof(talk); k++) {
		CHECK(FEED(talk, k) == 0);
		CHECK_STR(buf_text(&seen), "[b3:abc][t0:][ping hi][t5:hey\303\251][close 4001 done!]");
	}
	CHECK(FEED("\210\0", 1) == 0);
	CHECK_STR(buf_text(&seen), "[close 1005 ]");
	CHECK(FEED("\202\145", 1) == 1009); /* over the limit by its head */
	CHECK(FEED("\2\62xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\200\63", 7) == 1009);
	CHECK(FEED("\202\203abcdxyz", 1) == 1002); /* masked: not a server's */
	CHECK(FEED("\200\1x", 1) == 1002);         /* goes on with nothing */
	CHECK(FEED("\1\1x\201\1y", 1) == 1002);    /* a message within another */
	CHECK(FEED("\302\1x", 1) == 1002);         /* compressed: not offered */
	CHECK(FEED("\201\1\377", 1) == 1007);
	CHECK(FEED("\210\1x", 1) == 1002);
	CHECK(FEED("\210\2\3\355", 1) == 1002); /* 1005 is never sent */
	CHECK(FEED("\210\3\3\350\377", 1) == 1007);
	buf_done(&seen);
	return 0;
}
