/* The manifests are of a real depot; what they say is known from another implementation's tests. */
#include "wire/steam/manifest.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/manifest_names.h"
#include "wire/steam/zip.h"
#include "wire/tunnel_auth.h"

#define FOLDER    "tests/corpus/manifest/"
#define ENCRYPTED FOLDER "depot_440_1118032470228587934.manifest"
#define CLEAR     FOLDER "depot_440_1118032470228587934_decrypted.manifest"

static const char *const names[] = { "bin\\dxsupport.cfg", "bin\\dxsupport.csv", "bin\\dxsupport_episodic.cfg",
	"bin\\dxsupport_sp.cfg", "bin\\vidcfg.bin", "hl2\\media\\startupvids.txt", "tf\\media\\startupvids.txt" };
static uint8_t key[32];

static struct manifest take_in(const char *path, struct arena *a)
{
	struct buf in = corpus_read(path), out = { 0 };
	struct manifest m;
	struct fault f = { 0 };

	if (manifest_read(in.p, in.n, a, &m, &f) != RC_OK)
		fprintf(stderr, "%s: %s\n", path, f.text);
	CHECK(f.rc == RC_OK);
	CHECK(manifest_write(&m, &out, &f) == RC_OK && corpus_same(&out, in.p, in.n)); /* the same bytes */
	buf_done(&in);
	buf_done(&out);
	return m;
}

static void known(const struct manifest *m)
{
	CHECK(m->form == 5 && m->depot == 440 && m->gid == 1118032470228587934u && m->created == 1366231164);
	CHECK(m->size == 825745 && m->packed == 43168 && m->files_n == 7 && m->unique_chunks == 7);
	CHECK(m->crc_encrypted == 1606273976);
}

static void in_clear(const struct manifest *m)
{
	char hex[41];
	uint8_t sha[20];

	CHECK(!m->encrypted);
	for (unsigned i = 0; i < 7; i++) {
		CHECK_STR(m->files[i].name, names[i]);
		manifest_name_sha(names[i], sha);
		CHECK(m->files[i].has_name_sha && !memcmp(sha, m->files[i].name_sha, 20));
	}
	CHECK(m->files[0].size == 398709);
	tunnel_auth_hex(m->files[2].sha, 20, hex);
	CHECK_STR(hex, "bac8e2657470b2eb70d6ddcd6c07004be8738697");
	const struct manifest_chunk *c = &m->files[6].chunks[0];
	tunnel_auth_hex(c->sha, 20, hex);
	CHECK_STR(hex, "94020bde145a521edec9a9424e7a90fd042481e9");
	CHECK(m->files[6].chunks_n == 1 && c->adler == 963249608 && c->packed == 144 && c->size == 17 &&
		c->offset == 0);
}

static void real_ones(void)
{
	struct arena a = { 0 };
	uint8_t other[32] = { 0 };
	uint32_t crc;
	struct manifest m = take_in(ENCRYPTED, &a), clear = take_in(CLEAR, &a);

	known(&m);
	CHECK(m.encrypted && m.signature_n == 128);
	CHECK(manifest_crc(&m, &crc, NULL) == RC_OK && crc == m.crc_encrypted);
	CHECK(manifest_names_decrypt(&m, other, &a, NULL) == RC_DENIED && m.encrypted);
	CHECK(manifest_names_decrypt(&m, key, &a, NULL) == RC_OK);
	CHECK(manifest_names_decrypt(&m, key, &a, NULL) == RC_OK); /* nothing to do any more */
	known(&m);
	in_clear(&m);

	known(&clear);
	in_clear(&clear);
	CHECK(clear.signature_n == 0);
	CHECK(manifest_crc(&m, &crc, NULL) == RC_OK && crc == clear.crc_clear);
	arena_done(&a);
}

/* The real one again, decrypted and encrypted: sorted as Steam sorts, readable, and pure. */
static void names_back(void)
{
	struct arena a = { 0 };
	struct buf one = { 0 }, two = { 0 };
	uint8_t seed[32] = { 1 };
	struct manifest m = take_in(CLEAR, &a), again = m;

	CHECK(manifest_names_encrypt(&m, key, seed, &a, NULL) == RC_OK && m.encrypted);
	CHECK(manifest_names_encrypt(&again, key, seed, &a, NULL) == RC_OK);
	for (unsigned i = 1; i < 7; i++)
		CHECK(strcmp(m.files[i - 1].name, m.files[i].name) < 0 && strchr(m.files[i].name, '\n'));
	CHECK(manifest_crc(&m, &m.crc_encrypted, NULL) == RC_OK &&
		manifest_crc(&again, &again.crc_encrypted, NULL) == RC_OK);
	CHECK(manifest_write(&m, &one, NULL) == RC_OK && manifest_write(&again, &two, NULL) == RC_OK);
	CHECK(corpus_same(&one, two.p, two.n));
	CHECK(manifest_read(one.p, one.n, &a, &m, NULL) == RC_OK &&
		manifest_names_decrypt(&m, key, &a, NULL) == RC_OK);
	in_clear(&m);
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
}

static void zipped(void)
{
	struct buf in = corpus_read(ENCRYPTED), zip = { 0 };
	struct arena a = { 0 };
	struct manifest m;

	CHECK(zip_write("z", in.p, in.n, &zip, NULL) == RC_OK);
	CHECK(manifest_read(zip.p, zip.n, &a, &m, NULL) == RC_OK);
	known(&m);
	buf_done(&in);
	buf_done(&zip);
	arena_done(&a);
}

/* Form 4: the same content, written and read. Its layout is checked against bytes put down by hand. */
static void old_form(void)
{
	struct arena a = { 0 };
	struct buf one = { 0 }, two = { 0 };
	struct manifest m = take_in(CLEAR, &a), back;

	m.form = 4;
	m.flags = 3;
	CHECK(manifest_write(&m, &one, NULL) == RC_OK);
	CHECK(!memcmp(one.p, "\x81\x97\x34\x16\4\0\0\0\xb8\1\0\0", 12));
	CHECK(one.n == 68 + 4 + 7 * (8 + 4 + 40 + 4) + 7 * 40 + 7 + 17 + 17 + 26 + 20 + 14 + 25 + 24);
	CHECK(manifest_read(one.p, one.n, &a, &back, NULL) == RC_OK && back.form == 4 && back.flags == 3);
	known(&(struct manifest){ .form = 5,
		.depot = back.depot,
		.gid = back.gid,
		.created = back.created,
		.size = back.size,
		.packed = back.packed,
		.files_n = back.files_n,
		.unique_chunks = back.unique_chunks,
		.crc_encrypted = back.crc_encrypted });
	in_clear(&back);
	CHECK(manifest_write(&back, &two, NULL) == RC_OK && corpus_same(&two, one.p, one.n));
	for (size_t i = 0; i < one.n; i++) {
		auto_free uint8_t *exact = malloc(i + 1);
		memcpy(exact, one.p, i);
		CHECK(manifest_read(exact, i, &a, &back, NULL) == RC_MALFORMED);
	}
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
}

static void refused(void)
{
	struct buf in = corpus_read(ENCRYPTED);
	struct arena a = { 0 }, small = { .limit = 2000 };
	struct manifest m = { .depot = 7 };

	CHECK(manifest_read(in.p, in.n, &small, &m, NULL) == RC_TOO_LARGE && m.depot == 7);
	for (size_t i = 0; i < in.n; i++) {
		auto_free uint8_t *exact = malloc(i + 1);
		memcpy(exact, in.p, i);
		CHECK(manifest_read(exact, i, &a, &m, NULL) == RC_MALFORMED && m.depot == 7);
	}
	in.p[200] ^= 1;
	CHECK(manifest_read(in.p, in.n, &a, &m, NULL) == RC_MALFORMED); /* its checksum */
	buf_done(&in);
	arena_done(&a);
	arena_done(&small);
}

static void outside(void)
{
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct manifest_chunk c = { .offset = 5, .size = 6 };
	struct manifest_file file = { .name = "x", .size = 10, .chunks = &c, .chunks_n = 1 };
	struct manifest m = { .form = 5, .files = &file, .files_n = 1 }, back;

	for (m.form = 4; m.form <= 5; m.form++) {
		file.size = 10;
		CHECK(manifest_write(&m, &out, NULL) == RC_OK);
		CHECK(manifest_read(out.p, out.n, &a, &back, NULL) == RC_MALFORMED);
		out.n = 0;
		file.size = 11;
		CHECK(manifest_write(&m, &out, NULL) == RC_OK &&
			manifest_read(out.p, out.n, &a, &back, NULL) == RC_OK);
		out.n = 0;
	}
	buf_done(&out);
	arena_done(&a);
}

static void paths(void)
{
	static const char *const wrong[] = { "", "\\", "/etc/passwd", "..", "a\\..\\b", "a\\.\\b", "a\\\\b", "a\\",
		"C:\\x", "x:stream", "a\nb", "a\x7f", ".." };
	struct buf to = { 0 };

	buf_str(&to, "root/");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(!manifest_name_path(wrong[i], &to) && to.n == 5);
	CHECK(manifest_name_path("bin\\Sub Folder\\..x.cfg", &to));
	CHECK_STR(buf_text(&to), "root/bin/Sub Folder/..x.cfg");
	buf_done(&to);
}

int main(void)
{
	CHECK(tunnel_auth_of_hex("44ce5c5297a415a1a6f69c856037a5a2fdd82cd474fa659edfb4d59b2abc55fc", key, 32));
	real_ones();
	names_back();
	zipped();
	old_form();
	refused();
	outside();
	paths();
	return 0;
}
