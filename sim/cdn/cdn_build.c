#include "base/scan.h"
#include "io/file.h"
#include "sim/cdn/cdn_store.h"
#include "sim/dice.h"
#include "wire/steam/manifest_names.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE     (1u << 20) /* bytes of a chunk */
#define FILE_MAX  (256u << 20)
#define DEPTH_MAX 32
#define CREATED   1700000000u
#define SIGNATURE 128

/* One manifest in the making. */
struct maker {
	struct cdn *cdn;
	struct cdn_depot *depot;
	const struct cdn_line *how;
	struct arena *arena;
	struct fault *fault;
	struct manifest m;
	struct manifest_file *files; /* room for CDN_FILES_MAX */
};

static enum rc no_memory(struct maker *k)
{
	return fault_set(k->fault, RC_NOMEM, "depot %u: no memory", k->how->id);
}

static struct manifest_file *add(struct maker *k, const char *name, uint32_t flags)
{
	char slashed[1024];

	snprintf(slashed, sizeof(slashed), "%s", name);
	for (char *at = slashed; *at; at++)
		if (*at == '/')
			*at = '\\';
	const char *kept = arena_str(k->arena, slashed);
	if (!kept || k->m.files_n >= CDN_FILES_MAX)
		return NULL;
	struct manifest_file *file = &k->files[k->m.files_n++];
	*file = (struct manifest_file){ .name = kept, .flags = flags, .has_name_sha = true, .has_sha = true };
	manifest_name_sha(kept, file->name_sha);
	return file;
}

static enum rc add_content(struct maker *k, const char *name, uint32_t flags, const struct buf *in)
{
	struct manifest_file *file = add(k, name, flags);
	size_t pieces = (in->n + PIECE - 1) / PIECE;
	enum rc rc = RC_OK;

	if (!file)
		return fault_set(k->fault, RC_TOO_LARGE, "depot %u: over %d files", k->how->id, CDN_FILES_MAX);
	file->chunks = arena_take(k->arena, pieces * sizeof(*file->chunks) + 1);
	if (!file->chunks)
		return no_memory(k);
	if (in->n)
		SHA1(in->p, in->n, file->sha);
	file->size = in->n;
	k->m.size += in->n;
	for (size_t at = 0; rc == RC_OK && at < in->n; at += PIECE) {
		struct manifest_chunk *c = &file->chunks[file->chunks_n++];
		c->offset = at;
		c->size = (uint32_t)(in->n - at < PIECE ? in->n - at : PIECE);
		c->adler = chunk_adler(in->p + at, c->size);
		size_t before = map_count(&k->depot->chunks);
		struct cdn_piece piece = { .p = in->p + at, .n = c->size, .kind = k->how->kind };
		rc = cdn_store_chunk(k->cdn, k->depot, &piece, k->fault);
		memcpy(c->sha, piece.sha, sizeof(c->sha));
		c->packed = piece.packed;
		k->m.unique_chunks += map_count(&k->depot->chunks) > before;
		k->m.packed += c->packed;
	}
	return rc;
}

/* ---- a folder ---- */

static enum rc add_link(struct maker *k, const char *path, const char *name)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct manifest_file *file = n > 0 ? add(k, name, MANIFEST_SYMLINK) : NULL;

	if (!file)
		return fault_set(k->fault, RC_IO, "%s: cannot be read", path);
	target[n] = 0;
	file->link = arena_str(k->arena, target);
	return file->link ? RC_OK : no_memory(k);
}

static enum rc add_folder(struct maker *k, const char *path, const char *under, unsigned depth);

static enum rc add_entry(struct maker *k, const char *path, const char *name, unsigned depth)
{
	struct buf in = { 0 };
	struct stat st;

	if (lstat(path, &st) != 0)
		return fault_set(k->fault, RC_IO, "%s: cannot be read", path);
	if (S_ISLNK(st.st_mode))
		return add_link(k, path, name);
	if (S_ISDIR(st.st_mode))
		return add(k, name, MANIFEST_DIRECTORY) ? add_folder(k, path, name, depth + 1) : no_memory(k);
	enum rc rc = file_read(path, FILE_MAX, &in, k->fault);
	if (rc == RC_OK)
		rc = add_content(k, name, st.st_mode & S_IXUSR ? MANIFEST_EXECUTABLE : 0, &in);
	buf_done(&in);
	return rc;
}

static enum rc add_folder(struct maker *k, const char *path, const char *under, unsigned depth)
{
	struct dirent **list;
	enum rc rc = RC_OK;
	int n = depth > DEPTH_MAX ? -1 : scandir(path, &list, NULL, alphasort);

	if (n < 0)
		return fault_set(k->fault, RC_IO, "%s: cannot be read, or too deep", path);
	for (int i = 0; i < n; i++) {
		char below[1024], name[1024];
		const char *own = list[i]->d_name;
		int a = snprintf(below, sizeof(below), "%s/%s", path, own);
		int b = snprintf(name, sizeof(name), "%s%s%s", under, *under ? "/" : "", own);
		if (rc == RC_OK && (a >= (int)sizeof(below) || b >= (int)sizeof(name)))
			rc = fault_set(k->fault, RC_TOO_LARGE, "%s: a path that is too long", path);
		if (rc == RC_OK && strcmp(own, ".") != 0 && strcmp(own, "..") != 0)
			rc = add_entry(k, below, name, depth);
		free(list[i]);
	}
	free(list);
	return rc;
}

/* ---- the dice ---- */

/* Text of words, as much of it compressible as of a game's scripts. */
static void write_words(struct dice *d, size_t n, struct buf *to)
{
	static const char *const words[] = { "depot", "chunk", "river", "stone", "crowbar", "valve", "signal",
		"lambda", "north", "winter", "barrel", "copper", "window", "engine", "thread", "garden" };

	while (to->n < n && !to->bad) {
		uint64_t r = dice_roll(d);
		buf_fmt(to, "%s %x%c", words[r % 16], (unsigned)(r >> 48), r >> 32 & 7 ? ' ' : '\n');
	}
	if (to->n > n)
		to->n = n;
}

/* The last of three or more files is a copy of the first, so that chunks occur twice. */
static enum rc generate(struct maker *k)
{
	uint64_t files, bytes, seed;
	const char *at = k->how->generate;
	enum rc rc = RC_OK;

	if (!scan_u64(&at, "", CDN_FILES_MAX, &files) || !scan_u64(&at, ",", FILE_MAX, &bytes) ||
		!scan_u64(&at, ",", UINT32_MAX, &seed) || *at || files == 0)
		return fault_set(k->fault, RC_INVALID, "depot %u: generate=%.40s is not FILES,BYTES,SEED",
			k->how->id, k->how->generate);
	for (unsigned i = 0; rc == RC_OK && i < files; i++) {
		bool copy = files >= 3 && i == files - 1;
		struct dice d = dice_of(seed << 32 | (copy ? 0 : i + 1));
		if (copy || i == 0)
			d = dice_of(seed << 32 | 1);
		struct buf text = { 0 };
		char name[64];
		snprintf(name, sizeof(name), "content/%s%03u.txt", i % 4 == 3 ? "more/part_" : "part_", i);
		write_words(&d, bytes / files, &text);
		rc = text.bad ? no_memory(k) : add_content(k, name, 0, &text);
		buf_done(&text);
	}
	return rc;
}

/* ---- made when asked for ---- */

static enum rc add_large(struct maker *k, uint64_t seed, uint32_t number, uint32_t chunks)
{
	char name[32];
	struct cdn_recipe how = { .seed = seed, .file = number };
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	enum rc rc = sum && EVP_DigestInit_ex(sum, EVP_sha1(), NULL) == 1 ? RC_OK : no_memory(k);

	cdn_large_name(number, name);
	struct manifest_file *file = add(k, name, 0);
	if (file)
		file->chunks = arena_take(k->arena, chunks * sizeof(*file->chunks) + 1);
	if (rc == RC_OK && (!file || !file->chunks))
		rc = no_memory(k);
	for (; rc == RC_OK && how.index < chunks; how.index++) {
		struct cdn_piece piece = { .kind = k->how->kind };
		struct manifest_chunk *c = &file->chunks[file->chunks_n++];
		rc = cdn_store_recipe(k->cdn, k->depot, &how, &piece, k->fault);
		if (rc != RC_OK || EVP_DigestUpdate(sum, piece.p, piece.n) != 1)
			break;
		*c = (struct manifest_chunk){ .offset = file->size,
			.size = (uint32_t)piece.n,
			.packed = piece.packed,
			.adler = chunk_adler(piece.p, piece.n) };
		memcpy(c->sha, piece.sha, sizeof(c->sha));
		file->size += piece.n;
		k->m.packed += piece.packed;
		k->m.unique_chunks++;
	}
	if (rc == RC_OK && EVP_DigestFinal_ex(sum, file->sha, NULL) != 1)
		rc = no_memory(k);
	EVP_MD_CTX_free(sum);
	k->m.size += file ? file->size : 0;
	return rc;
}

static enum rc large(struct maker *k)
{
	uint64_t files, mib, seed;
	const char *at = k->how->large;
	enum rc rc = RC_OK;

	if (!scan_u64(&at, "", CDN_FILES_MAX, &files) || !scan_u64(&at, ",", CDN_LARGE_MIB, &mib) ||
		!scan_u64(&at, ",", UINT16_MAX, &seed) || *at || files == 0 || mib < files)
		return fault_set(k->fault, RC_INVALID, "depot %u: large=%.40s is not FILES,MIB,SEED", k->how->id,
			k->how->large);
	for (uint64_t i = 0; rc == RC_OK && i < files; i++)
		rc = add_large(k, seed, (uint32_t)i, (uint32_t)(mib * (i + 1) / files - mib * i / files));
	return rc;
}

/* ---- both ---- */

/* Nobody can check a signature without Valve's key, and no client does: it has the right form. */
static void sign(struct maker *k, uint8_t *to)
{
	uint8_t said[CDN_KEY + 8];

	memcpy(said, k->depot->key, CDN_KEY);
	for (unsigned i = 0; i < SIGNATURE / SHA256_DIGEST_LENGTH; i++) {
		for (unsigned b = 0; b < 8; b++)
			said[CDN_KEY + b] = (uint8_t)((k->m.gid + i) >> 8 * b);
		SHA256(said, sizeof(said), to + (size_t)i * SHA256_DIGEST_LENGTH);
	}
	k->m.signature = to;
	k->m.signature_n = SIGNATURE;
}

static enum rc finish(struct maker *k)
{
	struct manifest *m = &k->m;
	uint8_t signature[SIGNATURE], seed[32];
	struct buf plain = { 0 };

	/* Sorted as clear names are, before the checksum of the clear form is taken. */
	SHA256(k->depot->key, CDN_KEY, seed);
	enum rc rc = manifest_names_encrypt(m, k->depot->key, seed, k->arena, k->fault);
	if (rc == RC_OK)
		rc = manifest_crc(m, &m->crc_encrypted, k->fault);
	struct manifest clear = *m;
	if (rc == RC_OK)
		rc = manifest_names_decrypt(&clear, k->depot->key, k->arena, k->fault);
	if (rc == RC_OK)
		rc = manifest_crc(&clear, &m->crc_clear, k->fault);
	if (rc == RC_OK && k->how->clear) {
		clear.crc_clear = m->crc_clear;
		*m = clear;
	}
	sign(k, signature);
	if (rc == RC_OK)
		rc = manifest_write(m, &plain, k->fault);
	if (rc == RC_OK)
		rc = cdn_store_manifest(k->cdn, k->depot, k->how, &plain, k->fault);
	buf_done(&plain);
	return rc;
}

enum rc cdn_build(
	struct cdn *c, struct cdn_depot *d, const struct cdn_line *how, const char *folder, struct fault *f)
{
	struct arena a = { .limit = 512u << 20 };
	struct maker k = { .cdn = c, .depot = d, .how = how, .arena = &a, .fault = f };
	char path[1024];
	enum rc rc = RC_OK;

	k.m = (struct manifest){
		.form = 5, .depot = d->id, .gid = how->gid, .created = how->time ? how->time : CREATED
	};
	k.files = arena_take(&a, CDN_FILES_MAX * sizeof(*k.files));
	k.m.files = k.files;
	if (!k.files)
		rc = no_memory(&k);
	else if (how->generate)
		rc = generate(&k);
	else if (how->large)
		rc = large(&k);
	else if (snprintf(path, sizeof(path), "%s%s", how->dir[0] == '/' ? "" : folder, how->dir) >=
		 (int)sizeof(path))
		rc = fault_set(f, RC_TOO_LARGE, "depot %u: a path that is too long", d->id);
	else
		rc = add_folder(&k, path, "", 0);
	if (rc == RC_OK)
		rc = finish(&k);
	arena_done(&a);
	return rc;
}
