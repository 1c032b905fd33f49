/*
 * chunks_bench: how fast chunks are decoded, on one thread.
 *
 *      chunks_bench make FOLDER               writes chunks of each kind, encrypted, and `index`: a line for each,
 *                                             "KIND FILE SHA1 ADLER SIZE"; the key is 32 bytes of 7
 *      chunks_bench run KIND SECONDS FOLDER   decodes those of a kind over and over; prints MB of content a second
 *
 * A chunk that does not decode to what the index says ends it with an error.
 */
#include "io/file.h"
#include "sim/dice.h"
#include "wire/steam/aes.h"
#include "wire/steam/chunk.h"
#include "wire/tunnel_auth.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHUNKS     8
#define CHUNK_SIZE (1u << 20)

static const char *const kinds[] = { [CHUNK_LZMA] = "vz", [CHUNK_ZSTD] = "vsz", [CHUNK_ZIP] = "zip" };
static uint8_t key[AES_KEY];

struct sample {
	struct buf box;
	uint8_t sha[CHUNK_SHA];
	struct chunk_want want;
};

static int fail(const char *what, const struct fault *f)
{
	fprintf(stderr, "chunks_bench: %s: %s\n", what, f->text);
	return 1;
}

/* Half text, a quarter of numbers that are near each other, a quarter that cannot be packed: like the files of a game. */
static void content(struct dice *d, struct buf *to)
{
	static const char *const words[] = { "depot", "chunk", "river", "stone", "crowbar", "signal", "lambda",
		"north" };

	while (to->n < CHUNK_SIZE / 2)
		buf_fmt(to, "%s = \"%u\"\n", words[dice_roll(d) % 8], (unsigned)(dice_roll(d) % 1000));
	for (uint32_t v = 0; to->n < CHUNK_SIZE / 4 * 3; v += dice_range(d, 0, 9))
		buf_le32(to, v);
	while (to->n < CHUNK_SIZE)
		buf_le64(to, dice_roll(d));
	to->n = CHUNK_SIZE;
}

static enum rc make_one(const char *folder, enum chunk_kind kind, unsigned i, struct buf *index, struct fault *f)
{
	struct dice d = dice_of(i + 1);
	struct buf plain = { 0 }, packed = { 0 }, box = { 0 };
	uint8_t sha[CHUNK_SHA], iv[AES_IV] = { (uint8_t)i };
	char hex[2 * CHUNK_SHA + 1], path[1024];

	content(&d, &plain);
	SHA1(plain.p, plain.n, sha);
	tunnel_auth_hex(sha, sizeof(sha), hex);
	enum rc rc = chunk_pack(kind, plain.p, plain.n, &packed, f);
	if (rc == RC_OK)
		rc = aes_seal(key, iv, packed.p, packed.n, &box);
	snprintf(path, sizeof(path), "%s/%s-%u", folder, kinds[kind], i);
	if (rc == RC_OK)
		rc = file_write(path, box.p, box.n, 0644, f);
	buf_fmt(index, "%s %s-%u %s %u %zu\n", kinds[kind], kinds[kind], i, hex, chunk_adler(plain.p, plain.n),
		plain.n);
	buf_done(&plain);
	buf_done(&packed);
	buf_done(&box);
	return rc;
}

static int make(const char *folder)
{
	struct buf index = { 0 };
	struct fault f = { 0 };
	char path[1024];
	enum rc rc = RC_OK;

	for (enum chunk_kind k = CHUNK_LZMA; k <= CHUNK_ZIP; k++)
		for (unsigned i = 0; rc == RC_OK && i < CHUNKS; i++)
			rc = make_one(folder, k, i, &index, &f);
	snprintf(path, sizeof(path), "%s/index", folder);
	if (rc == RC_OK)
		rc = file_write(path, index.p, index.n, 0644, &f);
	buf_done(&index);
	return rc == RC_OK ? 0 : fail("make", &f);
}

/* The samples of a kind. */
static unsigned load(const char *kind, const char *folder, struct sample *to, struct fault *f)
{
	struct buf index = { 0 };
	char path[1024], of[8], file[32], hex[64], *rest = NULL;
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/index", folder);
	if (file_read(path, 1u << 20, &index, f) != RC_OK)
		return 0;
	buf_text(&index);
	for (char *line = strtok_r((char *)index.p, "\n", &rest); line && n < CHUNKS;
		line = strtok_r(NULL, "\n", &rest)) {
		struct sample *s = &to[n];
		if (sscanf(line, "%7s %31s %63s %u %u", of, file, hex, &s->want.adler, &s->want.size) != 5 ||
			strcmp(of, kind) != 0 || !tunnel_auth_of_hex(hex, s->sha, CHUNK_SHA))
			continue;
		s->want.sha = s->sha;
		snprintf(path, sizeof(path), "%s/%s", folder, file);
		n += file_read(path, 2 * CHUNK_SIZE, &s->box, f) == RC_OK;
	}
	buf_done(&index);
	return n;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(const char *kind, double seconds, const char *folder)
{
	static struct sample samples[CHUNKS];
	struct fault f = { 0 };
	struct buf out = { 0 };
	unsigned n = load(kind, folder, samples, &f);
	double bytes = 0, start = now();

	if (n == 0)
		return fail(kind, &f);
	for (unsigned i = 0; now() < start + seconds; i++) {
		const struct sample *s = &samples[i % n];
		out.n = 0;
		if (chunk_open(key, &s->want, s->box.p, s->box.n, &out, &f) != RC_OK)
			return fail(kind, &f);
		bytes += (double)out.n;
	}
	printf("%.3f\n", bytes / 1e6 / (now() - start));
	buf_done(&out);
	for (unsigned i = 0; i < n; i++)
		buf_done(&samples[i].box);
	return 0;
}

int main(int argc, char **argv)
{
	memset(key, 7, sizeof(key));
	if (argc == 3 && !strcmp(argv[1], "make"))
		return make(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "run"))
		return run(argv[2], atof(argv[3]), argv[4]);
	fprintf(stderr, "usage: chunks_bench make FOLDER | run vz|vsz|zip SECONDS FOLDER\n");
	return 2;
}
