/* Epic's formats. What is in tests/corpus/epic_* was written by legendary, from content of ours. */
#include "tests/unit/wire/corpus.h"
#include "wire/epic_answers.h"
#include "wire/epic_chunk.h"
#include "wire/epic_manifest.h"
#include "wire/tunnel_auth.h"
#include "wire/zpack.h"

#include <openssl/sha.h>

#define GUID                                                           \
	{                                                              \
		{                                                      \
			0x01234567, 0x89abcdef, 0xdeadbeef, 0x00c0ffee \
		}                                                      \
	}

static struct buf lines(void)
{
	struct buf b = { 0 };
	for (int i = 0; i < 3000; i++)
		buf_fmt(&b, "line %d of a file\n", i);
	return b;
}

static void anothers_manifest(void)
{
	struct arena a = { 0 };
	struct epic_manifest m, again;
	struct buf in = corpus_read("tests/corpus/epic_manifest/legendary.bin"), out = { 0 };
	char path[EPIC_CHUNK_PATH];

	CHECK(epic_manifest_read(in.p, in.n, &a, &m, NULL) == RC_OK);
	CHECK_STR(m.app_name, "SimGame");
	CHECK_STR(m.version, "1.0.0+L-1");
	CHECK_STR(m.exe, "Bin/Game.exe");
	CHECK(m.level == 18 && m.chunks_n == 1 && m.files_n == 2 && m.size == 58890 && m.packed == 9716);
	CHECK_STR(m.build_id, "SAQM3CgYYvfOnqzo4E_yo01zMaE");
	CHECK(m.prereq_ids.n == 1 && m.custom.n == 1);
	CHECK_STR(m.files[0].name, "data/gr\xc3\xb6\xc3\x9f"
				   "e.txt");
	CHECK(m.files[0].flags == EPIC_EXECUTABLE && m.files[0].parts_n == 2 && m.files[0].size == 58890);
	CHECK(m.files[0].tags.n == 1 && m.files[1].size == 0 && m.files[1].parts_n == 0);
	epic_chunk_path(m.level, &m.chunks[0], path);
	CHECK_STR(path, "ChunksV4/39/9C04B8092314C751_0123456789ABCDEFDEADBEEF00C0FFEE.chunk");
	CHECK(epic_chunk_group(&m.chunks[0].guid) == 39 && m.chunks[0].size == EPIC_CHUNK_SIZE);

	CHECK(epic_manifest_write(&m, &out, NULL) == RC_OK);
	CHECK(epic_manifest_read(out.p, out.n, &a, &again, NULL) == RC_OK);
	CHECK_STR(again.files[0].name, m.files[0].name);
	CHECK(again.size == m.size && again.files[0].parts[1].offset == 1000);
	/* Unpacked both are the same bytes: only the packing may differ. */
	struct buf one = { 0 }, two = { 0 };
	CHECK(zpack_open(in.p + 41, in.n - 41, 0, 1 << 20, &one, NULL) == RC_OK);
	CHECK(zpack_open(out.p + 41, out.n - 41, 0, 1 << 20, &two, NULL) == RC_OK);
	CHECK(corpus_same(&one, two.p, two.n));
	buf_done(&one);
	buf_done(&two);
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
}

static void anothers_chunk(void)
{
	struct arena a = { 0 };
	struct epic_manifest m;
	struct buf in = corpus_read("tests/corpus/epic_manifest/legendary.bin"), plain = { 0 };
	struct buf box = corpus_read("tests/corpus/epic_chunk/legendary.bin"), want = lines();
	uint8_t sum[20];

	CHECK(epic_manifest_read(in.p, in.n, &a, &m, NULL) == RC_OK);
	CHECK(epic_chunk_open(&m.chunks[0], box.p, box.n, &plain, NULL) == RC_OK);
	CHECK(plain.n == EPIC_CHUNK_SIZE && !memcmp(plain.p, want.p, want.n));
	CHECK(!memcmp(SHA1(want.p, want.n, sum), m.files[0].sha, 20));
	for (size_t i = 0; i < box.n; i += i < 80 ? 1 : 97) {
		size_t before = plain.n;
		box.p[i] ^= 4;
		enum rc rc = epic_chunk_open(&m.chunks[0], box.p, box.n, &plain, NULL);
		CHECK(rc == RC_MALFORMED ? plain.n == before
					 : i == 61 || i / 4 == 1 /* by what it may be checked; a later form */);
		plain.n = before;
		box.p[i] ^= 4;
	}
	CHECK(epic_chunk_open(&m.chunks[0], box.p, box.n - 1, &plain, NULL) == RC_MALFORMED);
	m.chunks[0].sha[3] ^= 1;
	CHECK(epic_chunk_open(&m.chunks[0], box.p, box.n, &plain, NULL) == RC_MALFORMED);
	buf_done(&in);
	buf_done(&box);
	buf_done(&want);
	buf_done(&plain);
	arena_done(&a);
}

static void chunk_there_and_back(void)
{
	static const size_t sizes[] = { 1, 2, 1000, EPIC_CHUNK_SIZE };
	struct buf text = lines();

	while (text.n < EPIC_CHUNK_SIZE)
		buf_put(&text, "0123456789", 10);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct epic_chunk c = { .guid = GUID };
		struct buf box = { 0 }, plain = { 0 };
		CHECK(epic_chunk_pack(&c, text.p, sizes[i], &box, NULL) == RC_OK);
		CHECK(c.packed == box.n && c.size == sizes[i]);
		CHECK(epic_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_OK);
		CHECK(corpus_same(&plain, text.p, sizes[i]));
		c.size++;
		CHECK(epic_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_MALFORMED);
		buf_done(&box);
		buf_done(&plain);
	}
	struct epic_chunk c = { .guid = GUID };
	struct buf box = { 0 };
	CHECK(epic_chunk_pack(&c, text.p, 0, &box, NULL) == RC_INVALID);
	buf_done(&text);
	buf_done(&box);
}

/* Heads of the forms 1 and 2 are shorter, and say no size. */
static void old_chunk(uint32_t form)
{
	struct buf text = { 0 }, box = { 0 }, plain = { 0 };
	struct epic_chunk c = { .guid = GUID, .size = EPIC_CHUNK_SIZE };
	uint8_t sum[20];

	for (unsigned i = 0; i < EPIC_CHUNK_SIZE; i++)
		buf_u8(&text, (uint8_t)(i >> 3 ^ i));
	c.hash = epic_chunk_hash(text.p, text.n);
	SHA1(text.p, text.n, sum);
	buf_le32(&box, 0xB1FE3AA2);
	buf_le32(&box, form);
	buf_le32(&box, form == 1 ? 41 : 62);
	buf_le32(&box, EPIC_CHUNK_SIZE);
	for (int i = 0; i < 4; i++)
		buf_le32(&box, c.guid.word[i]);
	buf_le64(&box, c.hash);
	buf_u8(&box, 0);
	if (form == 2) {
		buf_put(&box, sum, 20);
		buf_u8(&box, 3);
	}
	buf_put(&box, text.p, text.n);
	CHECK(epic_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_OK && plain.n == EPIC_CHUNK_SIZE);
	box.p[box.n - 5] ^= 1; /* no SHA-1 in the manifest: the rolling hash, or the head's own */
	CHECK(epic_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_MALFORMED);
	buf_done(&text);
	buf_done(&box);
	buf_done(&plain);
}

/* Whatever byte is broken is noticed: the SHA-1 is over the whole body. */
static void broken_manifest(void)
{
	struct buf in = corpus_read("tests/corpus/epic_manifest/legendary.bin");
	struct arena a = { 0 };
	struct epic_manifest m;

	for (size_t i = 0; i < in.n; i++) {
		CHECK(epic_manifest_read(in.p, i, &a, &m, NULL) != RC_OK);
		in.p[i] ^= 0x20;
		/* the version in the head is told again in the body, and a stream may end within a byte */
		if (epic_manifest_read(in.p, in.n, &a, &m, NULL) == RC_OK)
			CHECK(m.size == 58890 && ((i >= 37 && i < 41) || i == in.n - 5));
		in.p[i] ^= 0x20;
		arena_reset(&a);
	}
	buf_done(&in);
	arena_done(&a);
}

/* A manifest whose body is lawful in its checksum, and nothing else. */
static enum rc with_body(const struct buf *body, struct epic_manifest *m, struct arena *a)
{
	struct buf all = { 0 };
	uint8_t sum[20];

	buf_le32(&all, 0x44BEC00C);
	buf_le32(&all, 41);
	buf_le32(&all, (uint32_t)body->n);
	buf_le32(&all, (uint32_t)body->n);
	buf_put(&all, SHA1(body->p, body->n, sum), 20);
	buf_u8(&all, 0);
	buf_le32(&all, 18);
	buf_put(&all, body->p, body->n);
	enum rc rc = epic_manifest_read(all.p, all.n, a, m, NULL);
	buf_done(&all);
	return rc;
}

/* Each byte of the body in turn, the checksum made good again: it is refused, or what is read keeps its promises. */
static void attacked_manifest(void)
{
	static const uint8_t with[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct buf in = corpus_read("tests/corpus/epic_manifest/legendary.bin"), body = { 0 };

	CHECK(zpack_open(in.p + 41, in.n - 41, 0, 1 << 20, &body, NULL) == RC_OK);
	for (size_t i = 0; i < body.n; i++) {
		uint8_t was = body.p[i];
		for (size_t k = 0; k < sizeof(with); k++) {
			struct arena a = { .limit = 1 << 20 };
			struct epic_manifest m;
			body.p[i] = with[k];
			if (with_body(&body, &m, &a) == RC_OK)
				for (uint32_t n = 0; n < m.files_n; n++)
					for (uint32_t p = 0; p < m.files[n].parts_n; p++)
						CHECK(m.files[n].parts[p].chunk < m.chunks_n);
			arena_done(&a);
		}
		body.p[i] = was;
	}
	/* A part that reaches past its chunk's end. */
	struct arena a = { 0 };
	struct epic_manifest m;
	struct epic_part part = { .chunk = 0, .offset = 5, .size = 6 };
	struct epic_chunk chunk = { .guid = GUID, .size = 10, .packed = 80 };
	struct epic_file file = { .name = "a", .parts = &part, .parts_n = 1 };
	struct epic_manifest made = { .level = 18, .chunks = &chunk, .chunks_n = 1, .files = &file, .files_n = 1 };
	struct buf out = { 0 };
	CHECK(epic_manifest_write(&made, &out, NULL) == RC_OK);
	CHECK(epic_manifest_read(out.p, out.n, &a, &m, NULL) == RC_MALFORMED);
	part.size = 5;
	out.n = 0;
	CHECK(epic_manifest_write(&made, &out, NULL) == RC_OK);
	CHECK(epic_manifest_read(out.p, out.n, &a, &m, NULL) == RC_OK && m.size == 5);
	part.chunk = 1;
	CHECK(epic_manifest_write(&made, &out, NULL) == RC_INVALID);
	buf_done(&out);
	buf_done(&in);
	buf_done(&body);
	arena_done(&a);
}

/* Sums of files came with later levels; a character past U+FFFF takes two units. */
static void later_forms(void)
{
	struct arena a = { 0 };
	struct epic_manifest m;
	struct epic_file file = { .name = "\xf0\x9f\x98\x80.bin",
		.has_md5 = true,
		.md5 = { 1, 2 },
		.mime = "text/x",
		.sha256 = { 9 },
		.link = "to" };
	struct epic_manifest made = { .level = 21,
		.meta_form = 2,
		.files_form = 2,
		.files = &file,
		.files_n = 1,
		.uninstall_action = "u.exe",
		.build_id = "b" };
	struct buf out = { 0 };

	CHECK(epic_manifest_write(&made, &out, NULL) == RC_OK);
	CHECK(epic_manifest_read(out.p, out.n, &a, &m, NULL) == RC_OK);
	CHECK_STR(m.files[0].name, file.name);
	CHECK_STR(m.files[0].mime, "text/x");
	CHECK_STR(m.files[0].link, "to");
	CHECK_STR(m.uninstall_action, "u.exe");
	CHECK(m.files[0].has_md5 && m.files[0].md5[1] == 2 && m.files[0].sha256[0] == 9);
	buf_done(&out);
	arena_done(&a);
}

static void json_form(void)
{
	struct arena a = { 0 };
	struct epic_manifest m;
	struct buf in = corpus_read("tests/corpus/epic_manifest/old.json");
	char path[EPIC_CHUNK_PATH];

	CHECK(epic_manifest_read(in.p, in.n, &a, &m, NULL) == RC_OK);
	CHECK(m.json && m.level == 13 && m.chunks_n == 1 && m.files_n == 1 && m.app_id == 258);
	CHECK_STR(m.version, "0.9");
	epic_chunk_path(m.level, &m.chunks[0], path);
	CHECK_STR(path, "ChunksV3/39/9C04B8092314C751_0123456789ABCDEFDEADBEEF00C0FFEE.chunk");
	CHECK(m.files[0].size == 58890 && m.files[0].parts[1].offset == 1000 && m.chunks[0].packed == 9716);
	CHECK(m.files[0].sha[0] == 0x60 && m.files[0].sha[19] == 0x88);
	for (size_t i = 0; i < in.n; i++) {
		uint8_t was = in.p[i];
		in.p[i] = was == '0' ? 'x' : '0';
		(void)!epic_manifest_read(in.p, in.n, &a, &m, NULL); /* whatever it says: no harm */
		in.p[i] = was;
	}
	buf_done(&in);
	arena_done(&a);
}

static void answers(void)
{
	static const char list[] =
		"[{\"appName\":\"A\",\"buildVersion\":\"1\",\"catalogItemId\":\"c\",\"namespace\":\"n\"},"
		"{\"appName\":\"B\"},7]";
	static const char where[] = "{\"elements\":[{\"appName\":\"A\",\"buildVersion\":\"1\",\"hash\":"
				    "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\",\"manifests\":[{\"uri\":"
				    "\"https://cdn.example/Builds/Org/o/"
				    "m.manifest\",\"queryParams\":[{\"name\":\"f\",\"value\":\"a%2Fb\"},"
				    "{\"name\":\"e\",\"value\":\"2\"}]},{\"uri\":\"https://x y/z\"}]}]}";
	static const char items[] = "{\"c\":{\"title\":\"Game\",\"status\":\"ACTIVE\",\"lastModifiedDate\":"
				    "\"2024-01-02T03:04:05.000Z\",\"categories\":[{\"path\":\"games\"}],"
				    "\"releaseInfo\":[{\"appId\":\"A\"}]}}";
	struct arena a = { 0 };
	struct field_list assets;
	struct epic_source s;
	struct epic_item item;

	CHECK(epic_answers_assets(list, strlen(list), &a, &assets, NULL) == RC_OK && assets.n == 1);
	CHECK_STR(((struct epic_asset *)assets.at)->version, "1");
	CHECK(epic_answers_assets("{}", 2, &a, &assets, NULL) == RC_MALFORMED);
	CHECK(epic_answers_source(where, strlen(where), &a, &s, NULL) == RC_OK && s.urls_n == 1);
	CHECK_STR(s.urls[0].url, "https://cdn.example/Builds/Org/o/m.manifest?f=a%2Fb&e=2");
	CHECK_STR(s.urls[0].base, "https://cdn.example/Builds/Org/o");
	CHECK(epic_answers_source("{}", 2, &a, &s, NULL) == RC_MISSING);
	CHECK(epic_answers_item(items, strlen(items), "c", &a, &item, NULL) == RC_OK);
	CHECK_STR(item.title, "Game");
	CHECK_STR(item.kind, "games");
	CHECK(item.modified_ms == 1704164645000 && item.apps.n == 1 && strlen(item.sha1) == 40);
	CHECK(epic_answers_item(items, strlen(items), "d", &a, &item, NULL) == RC_MISSING);
	CHECK_STR(epic_answers_error("{\"errorCode\":\"errors.com.x\"}", 28, &a), "errors.com.x");
	CHECK(epic_answers_error("x", 1, &a) == NULL);
	arena_done(&a);
}

int main(void)
{
	CHECK(epic_chunk_hash("", 0) == 0);
	anothers_manifest();
	anothers_chunk();
	chunk_there_and_back();
	old_chunk(1);
	old_chunk(2);
	broken_manifest();
	attacked_manifest();
	later_forms();
	json_form();
	answers();
	return 0;
}
