/* The encrypted chunks are Steam's own; what is in them is known. */
#include "wire/steam/chunk.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/aes.h"
#include "wire/steam/zip.h"
#include "wire/tunnel_auth.h"

#define FOLDER "tests/corpus/depot/"

static const struct real {
	const char *file, *key, *sha;
	enum chunk_kind kind;
	uint32_t adler, size;
} reals[] = {
	{ "depot_440_chunk_bac8e2657470b2eb70d6ddcd6c07004be8738697.bin", "440.key",
		"bac8e2657470b2eb70d6ddcd6c07004be8738697", CHUNK_ZIP, 2130218374u, 544 },
	{ "depot_232250_chunk_7b8567d9b3c09295cdbf4978c32b348d8e76c750.bin", "232250.key",
		"7b8567d9b3c09295cdbf4978c32b348d8e76c750", CHUNK_LZMA, 2894626744u, 798 },
};

static void key_of(const char *file, uint8_t *ret)
{
	char path[256];
	snprintf(path, sizeof(path), FOLDER "%s", file);
	struct buf text = corpus_read(path);
	CHECK(tunnel_auth_of_hex(buf_text(&text), ret, 32));
	buf_done(&text);
}

static void real_one(const struct real *r)
{
	char path[256];
	uint8_t key[32], sha[20], iv[AES_IV], other[32] = { 0 };
	struct chunk_want want = { .sha = sha, .adler = r->adler, .size = r->size };
	struct buf plain = { 0 }, box = { 0 };
	enum chunk_kind kind;

	snprintf(path, sizeof(path), FOLDER "%s", r->file);
	struct buf in = corpus_read(path);
	key_of(r->key, key);
	CHECK(tunnel_auth_of_hex(r->sha, sha, 20));
	buf_str(&plain, ">");
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_OK && plain.n == r->size + 1);
	CHECK(chunk_adler(plain.p + 1, r->size) == r->adler);
	CHECK(aes_open(key, in.p, in.n, iv, &box) == RC_OK && chunk_kind_of(box.p, box.n, &kind) &&
		kind == r->kind);

	CHECK(chunk_open(other, &want, in.p, in.n, &plain, NULL) == RC_DENIED);
	want.size++;
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_MALFORMED);
	want.size -= 2;
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_MALFORMED);
	want.size = CHUNK_SIZE_MAX + 1;
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_TOO_LARGE);
	want.size = r->size;
	want.adler ^= 1;
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_MALFORMED);
	want.adler ^= 1;
	sha[7] ^= 1;
	CHECK(chunk_open(key, &want, in.p, in.n, &plain, NULL) == RC_MALFORMED);
	CHECK(plain.n == r->size + 1 && plain.p[0] == '>');
	buf_done(&in);
	buf_done(&plain);
	buf_done(&box);
}

static struct buf content(size_t n)
{
	struct buf b = { 0 };
	for (uint32_t i = 0, v = 7; i < n; i++, v = v * 1103515245 + 12345)
		buf_u8(&b, i % 1024 < 512 ? (uint8_t)(v >> 24) : 'a');
	return b;
}

/* Every length that could matter, in every container; and whatever byte is broken or missing is noticed, or does not matter. */
static void there_and_back(enum chunk_kind kind)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 4095, 4096, 4097, 100000, 1u << 20 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct buf in = content(lengths[i]), box = { 0 }, out = { 0 };
		enum chunk_kind is;
		CHECK(chunk_pack(kind, in.p, in.n, &box, NULL) == RC_OK);
		CHECK(chunk_kind_of(box.p, box.n, &is) && is == kind);
		CHECK(chunk_unpack(box.p, box.n, CHUNK_SIZE_MAX, &out, NULL) == RC_OK);
		CHECK(corpus_same(&out, in.p, in.n));
		if (in.n > 0) {
			out.n = 0;
			CHECK(chunk_unpack(box.p, box.n, in.n - 1, &out, NULL) == RC_TOO_LARGE && out.n == 0);
		}
		buf_done(&in);
		buf_done(&box);
		buf_done(&out);
	}
}

static void broken(enum chunk_kind kind)
{
	struct buf in = content(700), box = { 0 }, out = { 0 };

	CHECK(chunk_pack(kind, in.p, in.n, &box, NULL) == RC_OK);
	for (size_t i = 0; i < box.n; i++) {
		auto_free uint8_t *exact = malloc(i + 1); /* so that reading past its end is seen */
		memcpy(exact, box.p, i);
		CHECK(chunk_unpack(exact, i, CHUNK_SIZE_MAX, &out, NULL) == RC_MALFORMED && out.n == 0);
		box.p[i] ^= 0x41;
		enum rc rc = chunk_unpack(box.p, box.n, CHUNK_SIZE_MAX, &out, NULL);
		CHECK(rc != RC_OK || corpus_same(&out, in.p, in.n)); /* a time, a name: not looked at */
		CHECK(rc == RC_OK || out.n == 0);
		out.n = 0;
		box.p[i] ^= 0x41;
	}
	buf_done(&in);
	buf_done(&box);
	buf_done(&out);
}

static void other_things(void)
{
	struct buf out = { 0 };
	uint8_t huge[22] = "VZa....";

	CHECK(chunk_unpack("", 0, 100, &out, NULL) == RC_MALFORMED);
	CHECK(chunk_unpack("hello", 5, 100, &out, NULL) == RC_MALFORMED);
	memset(huge + 16, 0xFF, 4); /* claims 4 GiB */
	memcpy(huge + 20, "zv", 2);
	CHECK(chunk_unpack(huge, sizeof(huge), CHUNK_SIZE_MAX, &out, NULL) == RC_TOO_LARGE);
	CHECK(chunk_adler("", 0) == 0 && chunk_adler("a", 1) == 0x00610061);
	buf_done(&out);
}

static void zips(void)
{
	struct buf zip = { 0 }, out = { 0 }, two = { 0 };

	CHECK(zip_write("z", "stored as it is", 15, &zip, NULL) == RC_OK && zip_is(zip.p, zip.n));
	CHECK(zip_open(zip.p, zip.n, 15, &out, NULL) == RC_OK && corpus_same(&out, "stored as it is", 15));
	buf_put(&two, zip.p, zip.n);
	two.p[two.n - 14] = two.p[two.n - 12] = 2; /* says that it holds two */
	CHECK(zip_open(two.p, two.n, 15, &out, NULL) == RC_MALFORMED);
	zip.p[zip.n - 2] = 4; /* a comment */
	buf_str(&zip, "note");
	out.n = 0;
	CHECK(zip_open(zip.p, zip.n, 15, &out, NULL) == RC_OK && out.n == 15);
	buf_done(&zip);
	buf_done(&out);
	buf_done(&two);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(reals) / sizeof(*reals); i++)
		real_one(&reals[i]);
	for (enum chunk_kind k = CHUNK_LZMA; k <= CHUNK_ZIP; k++) {
		there_and_back(k);
		broken(k);
	}
	other_things();
	zips();
	return 0;
}
