/* packed gives back what was packed, and takes nothing for what it does not check. */
#include "tests/unit/check.h"
#include "wire/base64.h"
#include "wire/packed.h"

static struct buf pack(const void *p, size_t n, size_t parts)
{
	struct buf frames = { 0 }, text = { 0 };

	for (size_t i = 0; i < parts; i++) {
		size_t from = n * i / parts, to = n * (i + 1) / parts;
		CHECK(packed_frame((const char *)p + from, to - from, &frames, NULL) == RC_OK);
	}
	CHECK(packed_put(&frames, n, &text, NULL) == RC_OK);
	buf_done(&frames);
	return text;
}

static enum rc open(const char *text, struct buf *ret)
{
	size_t n = strlen(text), size = 0;
	struct fault f = { 0 };
	enum rc rc = packed_size(text, n, &size, &f);

	CHECK(rc == RC_OK || *f.text);
	if (rc != RC_OK)
		return rc;
	char *room = malloc(size + 1); /* not a byte more: the sanitizer looks */
	rc = packed_open(text, n, room, &f);
	CHECK(rc == RC_OK || *f.text);
	if (rc == RC_OK) {
		CHECK(room[size] == 0);
		buf_put(ret, room, size);
	}
	free(room);
	return rc;
}

/* Lines of numbers: JSON enough to be packed to a fourth. */
static struct buf some_text(size_t n)
{
	struct buf b = { 0 };
	uint64_t x = 88172645463325252u;

	while (b.n < n) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_fmt(&b, "{\"id\":\"%llu\",\"name\":\"App %u\"},\n", (unsigned long long)(x % 100000),
			(unsigned)(x % 7));
	}
	b.n = n;
	return b;
}

static void there_and_back(void)
{
	static const size_t sizes[] = { 1, 2, 3, 100, 65536, PACKED_MIN, 3000001 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct buf plain = some_text(sizes[i]), back = { 0 };
		struct buf text = pack(plain.p, plain.n, sizes[i] % 3 + 1);
		CHECK(packed_is((const char *)text.p, text.n));
		CHECK(sizes[i] < PACKED_MIN || text.n < plain.n / 2);
		CHECK(open(buf_text(&text), &back) == RC_OK);
		CHECK(back.n == plain.n && !memcmp(back.p, plain.p, plain.n));
		buf_done(&plain);
		buf_done(&text);
		buf_done(&back);
	}
}

static void in_parts(void)
{
	static const size_t sizes[] = { 1, 1000, 70000, 1200001 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct buf plain = some_text(sizes[i]), text = { 0 }, back = { 0 };
		struct packed_parts parts = { 0 };
		for (size_t at = 0; at < plain.n; at += 50000)
			packed_parts_add(&parts, plain.p + at, plain.n - at < 50000 ? plain.n - at : 50000);
		CHECK(packed_parts_end(&parts, &text, NULL) == RC_OK && parts.n == 0);
		CHECK(packed_is((const char *)text.p, text.n) && open(buf_text(&text), &back) == RC_OK);
		CHECK(back.n == plain.n && !memcmp(back.p, plain.p, plain.n));
		buf_done(&plain);
		buf_done(&text);
		buf_done(&back);
	}
}

/* What would be taken for a bomb goes as it is; what is too long, not at all. */
static void parts_that_are_not_packed(void)
{
	struct packed_parts parts = { 0 };
	struct buf text = { 0 };
	char *same = malloc(1u << 20);

	memset(same, ' ', 1u << 20);
	for (int i = 0; i < 3; i++)
		packed_parts_add(&parts, same, 1u << 20);
	CHECK(packed_parts_end(&parts, &text, NULL) == RC_OK);
	CHECK(text.n == 3u << 20 && text.p[0] == ' ' && !memcmp(text.p, text.p + 1, text.n - 1));
	buf_done(&text);
	for (int i = 0; i < 65; i++)
		packed_parts_add(&parts, same, 1u << 20);
	CHECK(packed_parts_end(&parts, &text, NULL) == RC_TOO_LARGE && text.n == 0);
	packed_parts_add(&parts, same, 10);
	packed_parts_done(&parts);
	free(same);
}

/* Frames of nothing take time and no room. */
static void too_many_frames(void)
{
	struct buf frames = { 0 }, text = { 0 };

	for (int i = 0; i < PACKED_FRAMES_MAX; i++)
		CHECK(packed_frame("", 0, &frames, NULL) == RC_OK);
	CHECK(packed_frame("1", 1, &frames, NULL) == RC_OK);
	CHECK(packed_put(&frames, 1, &text, NULL) == RC_OK);
	CHECK(open(buf_text(&text), &(struct buf){ 0 }) == RC_MALFORMED);
	buf_done(&frames);
	buf_done(&text);
}

static void not_packed(void)
{
	static const char *const json[] = { "", "{}", "[]", "\"zstd:1:x\"", "null", "1", "zst", " zstd:1:" };
	size_t size;

	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++) {
		CHECK(!packed_is(json[i], strlen(json[i])));
		CHECK(packed_size(json[i], strlen(json[i]), &size, NULL) == RC_MALFORMED);
	}
}

/* Says another length than the frames have; what it says has to be right, to the byte. */
static void lies(void)
{
	struct buf plain = some_text(1000), frames = { 0 }, none = { 0 };
	static const long claims[] = { 0, 1, 999, 1001, 2000 };

	CHECK(packed_frame(plain.p, plain.n, &frames, NULL) == RC_OK);
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
		struct buf text = { 0 };
		buf_fmt(&text, "zstd:%ld:", claims[i]);
		base64_put(&text, frames.p, frames.n);
		CHECK(open(buf_text(&text), &none) == RC_MALFORMED);
		buf_done(&text);
	}
	CHECK(none.n == 0);
	buf_done(&plain);
	buf_done(&frames);
}

/* A bomb is refused by its head: packed_size is asked before anything is taken. */
static void bombs(void)
{
	size_t n = PACKED_MAX, size;
	uint8_t *zeros = calloc(1, n);
	struct buf frames = { 0 }, text = { 0 };

	CHECK(packed_frame(zeros, n, &frames, NULL) == RC_OK && frames.n < n / PACKED_RATIO_MAX);
	CHECK(packed_put(&frames, n, &text, NULL) == RC_TOO_LARGE && text.n == 0);
	buf_fmt(&text, "zstd:%zu:", n);
	base64_put(&text, frames.p, frames.n);
	CHECK(packed_size((const char *)text.p, text.n, &size, NULL) == RC_TOO_LARGE);
	text.n = 0;
	buf_fmt(&text, "zstd:1000:"); /* claims little, and would get long */
	base64_put(&text, frames.p, frames.n);
	CHECK(open(buf_text(&text), &(struct buf){ 0 }) == RC_MALFORMED);
	text.n = 0;
	buf_fmt(&text, "zstd:%u:", PACKED_MAX + 1);
	for (size_t i = 0; i < PACKED_MAX / PACKED_RATIO_MAX; i++)
		buf_str(&text, "AAAAAAAA");
	CHECK(packed_size((const char *)text.p, text.n, &size, NULL) == RC_TOO_LARGE);
	free(zeros);
	buf_done(&frames);
	buf_done(&text);
}

/* Whatever a byte becomes: it is refused, or unpacks to as many bytes as it says. */
static void changed(void)
{
	struct buf plain = some_text(3000);
	struct buf text = pack(plain.p, plain.n, 2);
	static const char others[] = "0:A=+\x80 z";

	for (size_t i = 0; i < text.n; i++)
		for (size_t k = 0; k < sizeof(others); k++) { /* the NUL, too */
			struct buf to = { 0 };
			uint8_t was = text.p[i];
			text.p[i] = (uint8_t)others[k];
			enum rc rc = open(buf_text(&text), &to);
			CHECK(rc == RC_OK || rc == RC_MALFORMED || rc == RC_TOO_LARGE);
			text.p[i] = was;
			buf_done(&to);
		}
	for (size_t n = 0; n < text.n; n++) { /* cut off */
		struct buf to = { 0 };
		char *cut = strndup((const char *)text.p, n);
		enum rc rc = open(cut, &to);
		CHECK(rc != RC_OK || n + 2 >= text.n); /* padding may be missing */
		free(cut);
		buf_done(&to);
	}
	buf_done(&plain);
	buf_done(&text);
}

static void heads(void)
{
	static const char *const wrong[] = { "zstd:", "zstd::", "zstd:1", "zstd:x:", "zstd:-1:AAAA", "zstd:+1:AAAA",
		"zstd:1:", "zstd:0:", "zstd: 1:AAAA", "zstd:000000001:AAAA", "zstd:18446744073709551617:AAAA",
		"zstd:1:!!!!" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct buf to = { 0 };
		enum rc rc = open(wrong[i], &to);
		CHECK(rc == RC_MALFORMED || rc == RC_TOO_LARGE);
		buf_done(&to);
	}
}

int main(void)
{
	there_and_back();
	in_parts();
	parts_that_are_not_packed();
	too_many_frames();
	not_packed();
	lies();
	bombs();
	changed();
	heads();
	return 0;
}
