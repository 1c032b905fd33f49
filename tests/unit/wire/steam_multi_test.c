/* What is put into a Multi comes out of it, in order; what lies about its size is refused. */
#include "wire/steam/multi.h"

#include "proto/steam/base.pb-c.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/frame.h"
#include "wire/steam/pb.h"

static void round_trip(bool zip)
{
	struct buf run = { 0 }, body = { 0 };
	struct arena a = { 0 };
	struct steam_multi m;
	struct fault f = { 0 };
	const uint8_t *p;
	size_t n;
	char text[300];

	memset(text, 'x', sizeof(text));
	steam_multi_add(&run, "one", 3);
	steam_multi_add(&run, "", 0);
	steam_multi_add(&run, text, sizeof(text));
	CHECK(steam_multi_write(&body, &run, zip, &f) == RC_OK);
	CHECK(zip == (body.n < run.n));
	CHECK(steam_multi_open(body.p, body.n, &a, &m, &f) == RC_OK);
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_OK && n == 3 && !memcmp(p, "one", 3));
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_OK && n == 0);
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_OK && n == sizeof(text) && !memcmp(p, text, n));
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_MISSING);
	buf_done(&run);
	buf_done(&body);
	arena_done(&a);
}

static struct buf packed(uint32_t size, const void *p, size_t n)
{
	struct buf b = { 0 };
	CMsgMulti m = CMSG_MULTI__INIT;
	m.has_size_unzipped = m.has_message_body = 1;
	m.size_unzipped = size;
	m.message_body = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)p, .len = n };
	pb_pack(&b, &m.base);
	return b;
}

static enum rc open_packed(uint32_t size, const void *p, size_t n)
{
	struct arena a = { 0 };
	struct steam_multi m;
	struct fault f = { 0 };
	struct buf b = packed(size, p, n);
	enum rc rc = steam_multi_open(b.p, b.n, &a, &m, &f);
	CHECK(rc == RC_OK || f.text[0]);
	buf_done(&b);
	arena_done(&a);
	return rc;
}

static void lies(void)
{
	struct buf run = { 0 }, body = { 0 };
	struct arena a = { 0 };
	struct fault f = { 0 };
	ProtobufCMessage *message;

	steam_multi_add(&run, "hello hello hello hello", 23);
	CHECK(steam_multi_write(&body, &run, true, &f) == RC_OK);
	CHECK(pb_unpack(&cmsg_multi__descriptor, body.p, body.n, &a, &message, &f) == RC_OK);
	const CMsgMulti *m = (const CMsgMulti *)message;
	CHECK(m->size_unzipped == run.n);
	ProtobufCBinaryData z = m->message_body;
	CHECK(open_packed((uint32_t)run.n, z.data, z.len) == RC_OK);
	CHECK(open_packed((uint32_t)run.n - 1, z.data, z.len) == RC_MALFORMED);
	CHECK(open_packed((uint32_t)run.n + 1, z.data, z.len) == RC_MALFORMED);
	CHECK(open_packed((uint32_t)run.n, z.data, z.len - 1) == RC_MALFORMED);
	CHECK(open_packed((uint32_t)run.n, "no gzip at all", 14) == RC_MALFORMED);
	CHECK(open_packed(STEAM_MULTI_UNZIPPED_MAX + 1, z.data, z.len) == RC_TOO_LARGE);
	buf_done(&run);
	buf_done(&body);
	arena_done(&a);
}

static void cut_off(void)
{
	struct arena a = { 0 };
	struct steam_multi m;
	struct fault f = { 0 };
	const uint8_t *p;
	size_t n;
	struct buf b = packed(0, "\1\0\0\0a\2\0\0\0b", 10);

	CHECK(steam_multi_open(b.p, b.n, &a, &m, &f) == RC_OK);
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_OK && n == 1 && *p == 'a');
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_MALFORMED);
	CHECK(strstr(f.text, "message 2"));
	buf_done(&b);
	arena_done(&a);
}

static void count_limit(void)
{
	struct buf run = { 0 }, body = { 0 };
	struct arena a = { 0 };
	struct steam_multi m;
	struct fault f = { 0 };
	const uint8_t *p;
	size_t n;

	for (unsigned i = 0; i <= STEAM_MULTI_COUNT_MAX; i++)
		steam_multi_add(&run, "", 0);
	CHECK(steam_multi_write(&body, &run, true, &f) == RC_OK);
	CHECK(steam_multi_open(body.p, body.n, &a, &m, &f) == RC_OK);
	for (unsigned i = 0; i < STEAM_MULTI_COUNT_MAX; i++)
		CHECK(steam_multi_next(&m, &p, &n, &f) == RC_OK);
	CHECK(steam_multi_next(&m, &p, &n, &f) == RC_TOO_LARGE);
	buf_done(&run);
	buf_done(&body);
	arena_done(&a);
}

int main(void)
{
	round_trip(false);
	round_trip(true);
	lies();
	cut_off();
	count_limit();
	return 0;
}
