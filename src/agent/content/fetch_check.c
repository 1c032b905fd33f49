#include "agent/content/fetch_parts.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES  (1u << 20)
#define THREADS_MAX 4

static const EVP_MD *hash_of(uint8_t kind)
{
	return kind == CONTENT_MD5      ? EVP_md5()
	       : kind == CONTENT_SHA1   ? EVP_sha1()
	       : kind == CONTENT_SHA256 ? EVP_sha256()
					: NULL;
}

static bool is_sum(const struct content_sum *sum, const uint8_t *md, unsigned n)
{
	static const uint8_t zeros[CONTENT_SUM_MAX];
	return n <= CONTENT_SUM_MAX && memcmp(sum->at, md, n) == 0 &&
	       memcmp(sum->at + n, zeros, CONTENT_SUM_MAX - n) == 0;
}

bool fetch_sum_is(const struct content_sum *sum, const void *p, size_t n)
{
	const EVP_MD *hash = hash_of(sum->kind);
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned md_n = 0;

	return hash && EVP_Digest(p, n, md, &md_n, hash, NULL) == 1 && is_sum(sum, md, md_n);
}

struct check {
	struct fetch *x;
	_Atomic uint32_t next;
	bool *bad;
	_Atomic bool nomem;
};

static bool read_and_sum(struct fetch *x, const struct fetch_file *file, EVP_MD_CTX *c, uint8_t *room)
{
	auto_close int fd = tree_fd(x->tree, file->path);
	uint64_t at = 0;

	while (fd >= 0 && at < file->size && !x->stop) {
		ssize_t n = pread(fd, room, READ_BYTES, (off_t)at);
		if (n <= 0 || EVP_DigestUpdate(c, room, (size_t)n) != 1)
			return false;
		at += (uint64_t)n;
		pthread_mutex_lock(&x->lock);
		x->checked += (uint64_t)n;
		pthread_mutex_unlock(&x->lock);
	}
	return fd >= 0 && at == file->size;
}

static bool is_good(struct fetch *x, const struct fetch_file *file, EVP_MD_CTX *c, uint8_t *room)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned md_n = 0;

	if (!tree_has(x->tree, file->path, file->size, NULL))
		return false;
	if (!file->listed->summed || file->size == 0)
		return true; /* its chunks were checked one by one */
	return EVP_DigestInit_ex(c, hash_of(file->listed->sum.kind), NULL) == 1 && read_and_sum(x, file, c, room) &&
	       EVP_DigestFinal_ex(c, md, &md_n) == 1 && is_sum(&file->listed->sum, md, md_n);
}

static void *run(void *ctx)
{
	struct check *k = ctx;
	struct fetch *x = k->x;
	auto_free uint8_t *room = malloc(READ_BYTES);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (!room || !c)
		k->nomem = true;
	for (uint32_t i; room && c && !x->stop && (i = k->next++) < x->plan.files_n;)
		if (!(x->plan.files[i].flags & (CONTENT_FOLDER | CONTENT_LINK)))
			k->bad[i] = !is_good(x, &x->plan.files[i], c, room);
	EVP_MD_CTX_free(c);
	return NULL;
}

static bool is_noted(const struct fetch *x, uint32_t chunk)
{
	enum content_cell cell = content_journal_chunk(&x->journal, chunk);
	return cell == CONTENT_CELL_SURE || cell == CONTENT_CELL_WRITTEN;
}

/* Chunks of bad files are wanted again, those that can be seen to be good excepted. */
static enum rc want_again(struct fetch *x, const bool *bad, struct fault *f)
{
	auto_free uint8_t *room = malloc(CONTENT_CHUNK_MAX);
	enum rc rc = room ? RC_OK : RC_NOMEM;

	for (uint32_t i = 0; i < x->plan.chunks_n && rc == RC_OK; i++) {
		const struct content_chunk *c = fetch_plan_chunk(&x->plan, i);
		bool good = true;
		for (uint32_t k = x->plan.chunks[i].first; k < x->plan.chunks[i + 1].first && good; k++) {
			const struct fetch_place *p = &x->plan.places[k];
			good = !bad[p->file] || (fetch_plan_is_whole(&x->plan, i, p) &&
							tree_read(x->tree, x->plan.files[p->file].path, p->at, room,
								p->n, NULL) == RC_OK &&
							fetch_sum_is(&c->sum, room, p->n));
		}
		bool was = is_noted(x, i);
		if (good && was)
			continue;
		if (was)
			fetch_count(x, i, false);
		if (!good)
			rc = fetch_note_chunk(x, i, CONTENT_CELL_NONE, f);
	}
	return rc;
}

/* Counts what a chunk has brought to this file. */
static void count_places(struct fetch *x, uint32_t chunk, uint32_t file)
{
	for (uint32_t k = x->plan.chunks[chunk].first; k < x->plan.chunks[chunk + 1].first; k++)
		if (x->plan.places[k].file == file) {
			x->bytes_done += x->plan.places[k].n;
			x->files_done += --x->left[file] == 0;
		}
}

/* No more whole: nothing of it is there but what its chunks brought. */
static enum rc part_with(struct fetch *x, uint32_t i, struct fault *f)
{
	const struct fetch_file *file = &x->plan.files[i];

	x->whole[i] = false;
	x->left[i] = file->places;
	x->bytes_done -= file->size;
	x->bytes_reused -= x->bytes_reused < file->size ? x->bytes_reused : file->size;
	x->files_done--;
	/* Chunks of it that are noted were written to its other places alone. */
	for (uint32_t c = 0; c < x->plan.chunks_n; c++)
		if (is_noted(x, c))
			count_places(x, c, i);
	return fetch_note_file(x, i, CONTENT_CELL_NONE, f);
}

/* A file that was taken from an earlier build and is bad becomes one of our own: all of it is fetched. */
static enum rc own_again(struct fetch *x, const bool *bad, struct fault *f)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < x->plan.files_n && rc == RC_OK; i++) {
		const struct fetch_file *file = &x->plan.files[i];
		bool shared = false, there = tree_has(x->tree, file->path, file->size, &shared);
		if (!bad[i] || (there && !shared && !x->whole[i]))
			continue;
		if (x->whole[i])
			rc = part_with(x, i, f);
		if (rc == RC_OK)
			rc = tree_make(x->tree, file->path, file->size, f);
	}
	return rc;
}

enum rc fetch_check(struct fetch *x, uint32_t *ret_bad, struct fault *f)
{
	auto_free bool *bad = calloc((size_t)x->plan.files_n + 1, sizeof(*bad));
	struct check k = { .x = x, .bad = bad };
	pthread_t threads[THREADS_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	long n = 0, most = cores < THREADS_MAX ? cores : THREADS_MAX;

	if (!bad)
		return RC_NOMEM;
	while (n < most - 1 && pthread_create(&threads[n], NULL, run, &k) == 0)
		n++;
	run(&k);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	if (x->stop)
		return RC_CANCELED;
	uint32_t bad_n = 0;
	for (uint32_t i = 0; i < x->plan.files_n; i++)
		bad_n += bad[i];
	*ret_bad = bad_n;
	if (bad_n == 0 || k.nomem)
		return k.nomem ? RC_NOMEM : RC_OK;
	pthread_mutex_lock(&x->lock);
	enum rc rc = own_again(x, bad, f);
	if (rc == RC_OK)
		rc = want_again(x, bad, f);
	pthread_mutex_unlock(&x->lock);
	return rc;
}
