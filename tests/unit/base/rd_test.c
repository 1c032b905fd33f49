#include "base/buf.h"
#include "base/rd.h"

#include "tests/unit/check.h"

static void reads_what_buf_wrote(void)
{
	struct buf b = { 0 };

	buf_u8(&b, 0xFE);
	buf_u16(&b, 0xFEDC);
	buf_u32(&b, 0xFEDCBA98);
	buf_u64(&b, 0xFEDCBA9876543210);
	buf_le32(&b, 0xFEDCBA98);
	buf_le64(&b, 0xFEDCBA9876543210);
	buf_put(&b, "\x34\x12", 2);
	buf_put(&b, "name\0tail", 9);

	struct rd r = rd_over(b.p, b.n);
	CHECK(rd_left(&r) == b.n);
	CHECK(rd_u8(&r) == 0xFE && rd_u16(&r) == 0xFEDC && rd_u32(&r) == 0xFEDCBA98);
	CHECK(rd_u64(&r) == 0xFEDCBA9876543210 && rd_le32(&r) == 0xFEDCBA98);
	CHECK(rd_le64(&r) == 0xFEDCBA9876543210 && rd_le16(&r) == 0x1234);
	CHECK_STR(rd_cstr(&r), "name");
	const uint8_t *tail = rd_bytes(&r, 4);
	CHECK(tail == b.p + b.n - 4 && rd_left(&r) == 0 && !r.bad);
	CHECK(rd_bytes(&r, 0) && !r.bad);
	buf_done(&b);
}

/* Past the end: zeros, nothing is moved, and what comes later fails too. */
static void past_the_end(void)
{
	const uint8_t three[] = { 1, 2, 3 };

	struct rd r = rd_over(three, 3);
	rd_u32(&r);
	CHECK(r.bad);
	CHECK(rd_u8(&r) == 0 && rd_u16(&r) == 0 && rd_le64(&r) == 0 && !rd_bytes(&r, 0) && !rd_cstr(&r) && r.bad);

	r = rd_over(three, 3);
	CHECK(!rd_bytes(&r, 4) && r.bad && rd_left(&r) == 3);
	r = rd_over(three, 3);
	CHECK(!rd_bytes(&r, SIZE_MAX) && r.bad);
	r = rd_over(three, 3);
	CHECK(!rd_cstr(&r) && r.bad); /* no NUL before the end */
	r = rd_over("", 1);
	CHECK_STR(rd_cstr(&r), "");
	CHECK(!r.bad && rd_left(&r) == 0);
	CHECK(!rd_cstr(&r) && r.bad);

	r = rd_over(NULL, 0);
	CHECK(rd_left(&r) == 0 && rd_u8(&r) == 0 && r.bad);
}

int main(void)
{
	reads_what_buf_wrote();
	past_the_end();
	return 0;
}
