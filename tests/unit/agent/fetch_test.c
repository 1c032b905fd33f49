/* The engine over a source of content in memory: whole trees, whatever is interrupted, broken or there already. */
#include "agent/content/fetch.h"

#include "agent/content/fetch_home.h"
#include "base/log.h"
#include "io/file.h"
#include "io/tree.h"
#include "model/content_match.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CHUNK 4096u
#define FILES 6

static char dir[] = "/tmp/footplate-fetch-XXXXXX";
static struct fetch_home *home;
static struct log quiet;
static struct fault f;

/* ---- a build of a thing: its files' bytes are drawn by numbers ---- */

struct build {
	const char *line;
	unsigned salt[FILES]; /* of each file: another salt, other bytes */
	size_t chunks[FILES];
	unsigned flags[FILES];
	bool slices, named;
};

static void draw(unsigned salt, size_t chunk, uint8_t *to)
{
	uint64_t s = salt * 1000003ull + chunk * 7919 + 1;
	for (size_t i = 0; i < CHUNK; i++) {
		s = s * 6364136223846793005ull + 1442695040888963407ull;
		to[i] = (uint8_t)(s >> 56);
	}
}

struct source {
	struct content_source base;
	const struct build *build;
	struct content_listing listing;
	size_t asked, fail_after; /* chunks that were put; after so many the source fails */
	enum rc fail;
	bool corrupt; /* the sum in the listing is wrong */
	bool hang;    /* puts nothing, until it is stopped */
	unsigned rounds;
	uint8_t (*bytes)[CHUNK]; /* of each chunk of the listing */
};

static const char *const names[FILES] = { "bin/tool", "data/a.pak", "data/b.pak", "Data/deep/er/c.pak", "empty",
	"z" };

static enum rc list(struct content_source *base, struct arena *a, struct content_listing *ret, struct fault *fault)
{
	struct source *s = (struct source *)base;
	size_t all = 0, c = 0;

	(void)fault;
	for (int i = 0; i < FILES; i++)
		all += s->build->chunks[i];
	s->bytes = arena_take(a, (all + 1) * CHUNK);
	struct content_chunk *chunks = arena_take(a, (all + 1) * sizeof(*chunks));
	struct content_file *files = arena_take(a, (FILES + 2) * sizeof(*files));
	for (int i = 0; i < FILES; i++) {
		size_t n = s->build->chunks[i];
		files[i] = (struct content_file){ .path = names[i],
			.size = n * CHUNK,
			.flags = s->build->flags[i],
			.summed = n > 0,
			.sum.kind = CONTENT_SHA1,
			.pieces = arena_take(a, (n + 1) * sizeof(struct content_piece)),
			.pieces_n = (uint32_t)n };
		for (size_t k = 0; k < n; k++, c++) {
			draw(s->build->salt[i], k, s->bytes[c]);
			chunks[c] = (struct content_chunk){
				.sum.kind = CONTENT_SHA1, .size = CHUNK, .packed = CHUNK / 2, .ref = (uint32_t)c
			};
			SHA1(s->bytes[c], CHUNK, chunks[c].sum.at);
			if (s->build->named)
				chunks[c].sum.kind = CONTENT_NAMED;
			files[i].pieces[k] = (struct content_piece){ k * CHUNK, (uint32_t)c, 0, CHUNK };
		}
		if (n)
			SHA1(s->bytes[c - n], n * CHUNK, files[i].sum.at);
		if (s->corrupt && i == 1)
			files[i].sum.at[3] ^= 1;
	}
	files[FILES] = (struct content_file){ .path = "lib", .link = "data", .flags = CONTENT_LINK };
	files[FILES + 1] = (struct content_file){ .path = "void", .flags = CONTENT_FOLDER };
	if (s->build->slices) { /* the second file is the halves of its own chunks, turned */
		size_t first = s->build->chunks[0], n = s->build->chunks[1];
		uint8_t *bytes = arena_take(a, n * CHUNK + 1);
		files[1].pieces_n = (uint32_t)(2 * n);
		files[1].pieces = arena_take(a, 2 * n * sizeof(struct content_piece));
		for (size_t k = 0; k < 2 * n; k++) {
			uint32_t chunk = (uint32_t)(first + k / 2), from = k % 2 ? 0 : CHUNK / 2;
			files[1].pieces[k] = (struct content_piece){ k * CHUNK / 2, chunk, from, CHUNK / 2 };
			memcpy(bytes + k * CHUNK / 2, s->bytes[chunk] + from, CHUNK / 2);
		}
		SHA1(bytes, n * CHUNK, files[1].sum.at);
	}
	*ret = s->listing = (struct content_listing){
		.files = files, .files_n = FILES + 2, .chunks = chunks, .chunks_n = c, .line = s->build->line
	};
	return RC_OK;
}

struct worker {
	struct source *s;
	const struct content_run *r;
	size_t from;
};

static void *work(void *ctx)
{
	struct worker *w = ctx;

	for (size_t i = w->from; i < w->r->n; i += 3) {
		if (w->r->stop(w->r->ctx) ||
			__atomic_fetch_add(&w->s->asked, 1, __ATOMIC_RELAXED) >= w->s->fail_after)
			break;
		w->r->came(w->r->ctx, CHUNK / 2);
		if (!w->r->put(w->r->ctx, i, w->s->bytes[w->r->want[i]], CHUNK))
			break;
	}
	return NULL;
}

static enum rc give(struct content_source *base, const struct content_run *r, struct fault *fault)
{
	struct source *s = (struct source *)base;
	struct worker w[3];
	pthread_t t[3];

	(void)fault;
	s->rounds++;
	while (s->hang && !r->stop(r->ctx))
		usleep(1000);
	for (size_t i = 0; i < 3; i++) {
		w[i] = (struct worker){ s, r, i };
		CHECK(pthread_create(&t[i], NULL, work, &w[i]) == 0);
	}
	for (size_t i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	if (r->stop(r->ctx))
		return RC_CANCELED;
	if (s->asked < s->fail_after)
		return RC_OK;
	s->fail_after = SIZE_MAX;
	return s->fail;
}

static void drop(struct content_source *s) { (void)s; }
static const struct content_source_impl impl = { .list = list, .fetch = give, .free = drop };

/* ---- running it ---- */

struct trial {
	struct source s;
	const char *include, *base, *code;
	uint64_t max_bytes;
	uint32_t stall_s;
	int cancel_at; /* the number of the telling; 0: never */
	int told;
	struct action_download_progress last;
	uint64_t network, reused, bytes;
	char tree[FETCH_HOME_PATH];
	uint32_t chunks;
};

static enum rc tell(void *ctx, const struct action_download_progress *p)
{
	struct trial *t = ctx;
	t->last = *p;
	CHECK(p->bytes_done <= p->bytes_total || p->bytes_total == 0);
	CHECK(p->files_done <= p->files_total && p->current_files.n <= 4);
	return ++t->told == t->cancel_at ? RC_CANCELED : RC_OK;
}

static enum rc run_in(struct fetch_home *h, struct trial *t)
{
	struct arena a = { .limit = 1u << 30 };
	const struct field_list include = { &t->include, t->include ? 1 : 0 }, none = { 0 };
	struct content_match *m;
	struct fetch *x;

	t->code = NULL;
	t->s.base.impl = &impl;
	t->s.asked = 0;
	if (!t->s.fail_after)
		t->s.fail_after = SIZE_MAX;
	f = (struct fault){ 0 };
	CHECK(content_match_new(&include, &none, &none, &a, &m, &f) == RC_OK);
	const struct fetch_ask ask = { .home = h,
		.source = &t->s.base,
		.match = m,
		.base_content = t->base,
		.arena = &a,
		.code = &t->code,
		.tell = tell,
		.ctx = t,
		.max_bytes = t->max_bytes,
		.stall_s = t->stall_s };
	CHECK(fetch_new(&ask, &x, &f) == RC_OK);
	enum rc rc = fetch_run(x, &f);
	if (rc == RC_OK) {
		snprintf(t->tree, sizeof(t->tree), "%s", fetch_folder(x));
		t->chunks = fetch_plan_of(x)->chunks_n;
		t->bytes = fetch_plan_of(x)->bytes;
		char id[FETCH_PLAN_HEX];
		snprintf(id, sizeof(id), "content-%.40s", fetch_plan_of(x)->hex);
		CHECK(fetch_keep(x, id, &f) == RC_OK);
	}
	t->network = fetch_bytes_network(x);
	t->reused = fetch_bytes_reused(x);
	fetch_free(x);
	arena_done(&a);
	return rc;
}

static enum rc run(struct trial *t) { return run_in(home, t); }

/* Every file of the tree has the build's bytes. */
static void is_whole(const struct trial *t)
{
	const struct build *b = t->s.build;
	struct tree *tree;
	uint8_t want[CHUNK], got[CHUNK];
	char path[FETCH_HOME_PATH + 40];
	struct stat st;

	CHECK(tree_open(t->tree, &tree, &f) == RC_OK);
	for (int i = 0; i < FILES; i++) {
		CHECK(tree_has(tree, i == 3 ? "data/deep/er/c.pak" : names[i], b->chunks[i] * CHUNK, NULL));
		for (size_t k = 0; k < b->chunks[i]; k++) {
			draw(b->salt[i], k, want);
			CHECK(tree_read(tree, i == 3 ? "data/deep/er/c.pak" : names[i], k * CHUNK, got, CHUNK,
				      &f) == RC_OK);
			size_t half = b->slices && i == 1 ? CHUNK / 2 : 0;
			CHECK(memcmp(got, want + half, CHUNK - half) == 0 &&
				memcmp(got + CHUNK - half, want, half) == 0);
		}
		snprintf(path, sizeof(path), "%s/%s", t->tree, i == 3 ? "data/deep/er/c.pak" : names[i]);
		CHECK(stat(path, &st) == 0 &&
			(st.st_mode & 0777) == (b->flags[i] & CONTENT_EXECUTABLE ? 0755 : 0644));
	}
	char target[10] = "";
	snprintf(path, sizeof(path), "%s/lib", t->tree);
	CHECK(readlink(path, target, sizeof(target)) == 4 && !strcmp(target, "data"));
	snprintf(path, sizeof(path), "%s/void", t->tree);
	CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	tree_free(tree);
}

/* ---- what it must do ---- */

static const struct build first = { .line = "thing",
	.salt = { 1, 2, 3, 2, 0, 5 },
	.chunks = { 3, 50, 40, 50, 0, 1 },
	.flags = { CONTENT_EXECUTABLE } };

static void whole_and_once(void)
{
	struct trial t = { .s.build = &first };

	CHECK(run(&t) == RC_OK);
	is_whole(&t);
	/* The second and the fourth file are the same: their chunks came once. */
	CHECK(t.chunks == 94 && t.s.asked == 94 && t.network == 94 * CHUNK / 2 && t.bytes == 144 * CHUNK &&
		t.reused == 0);
	/* Once more: nothing is fetched. */
	CHECK(run(&t) == RC_OK && t.s.asked == 0 && t.s.rounds == 1 && t.network == 0 && t.reused == t.bytes);
	is_whole(&t);
	/* Somebody has changed the cache: what is bad is fetched, and that alone. */
	struct tree *tree;
	CHECK(tree_open(t.tree, &tree, &f) == RC_OK &&
		tree_write(tree, "data/b.pak", 5 * CHUNK + 7, "xx", 2, &f) == RC_OK);
	tree_free(tree);
	CHECK(run(&t) == RC_OK && t.s.asked == 1);
	is_whole(&t);
}

static void goes_on_after_a_failure(void)
{
	static const struct build other = { .salt = { 11, 12, 13, 14, 0, 15 }, .chunks = { 3, 50, 40, 50, 0, 1 } };
	struct trial t = { .s.build = &other, .s.fail_after = 60, .s.fail = RC_REFUSED };

	CHECK(run(&t) == RC_REFUSED);
	struct trial u = { .s.build = &other };
	CHECK(run(&u) == RC_OK && u.s.asked == 144 - 60 && u.reused == 60 * CHUNK);
	is_whole(&u);
}

/* The journal says what was not synced yet; the files have lost it. */
static void power_is_lost(bool torn)
{
	static const struct build builds[2] = { { .salt = { 21, 22, 23, 24, 0, 25 },
							.chunks = { 3, 50, 40, 50, 0, 1 } },
		{ .salt = { 31, 32, 33, 34, 0, 35 }, .chunks = { 3, 50, 40, 50, 0, 1 } } };
	struct trial t = { .s.build = &builds[torn], .s.fail_after = 100, .s.fail = RC_REFUSED };
	char path[FETCH_HOME_PATH] = "", command[FETCH_HOME_PATH + 100];
	uint8_t zeros[2 * CHUNK] = { 0 };
	struct tree *tree;

	CHECK(run(&t) == RC_REFUSED);
	snprintf(command, sizeof(command), "ls -td %s/*/stage | head -1", dir);
	FILE *p = popen(command, "r");
	CHECK(p && fgets(path, sizeof(path), p) && pclose(p) == 0);
	path[strcspn(path, "\n")] = 0;
	CHECK(tree_open(path, &tree, &f) == RC_OK);
	CHECK(tree_write(tree, "data/a.pak", 3 * CHUNK, zeros, sizeof(zeros), &f) == RC_OK);
	tree_free(tree);
	if (torn) { /* and the journal's page is half of one */
		strcpy(strrchr(path, '/'), "/journal");
		int fd = open(path, O_RDWR);
		CHECK(fd >= 0 && pwrite(fd, zeros, 100, 4096 + 2000) == 100 && close(fd) == 0);
	}
	struct trial u = { .s.build = &builds[torn] };
	/* What is not synced is looked at before anything is fetched: one round, and nothing bad is found at the end. */
	CHECK(run(&u) == RC_OK && u.s.asked == 44 + 2 && u.s.rounds == 1);
	is_whole(&u);
}

static void a_later_build(void)
{
	static const struct build later = {
		.line = "thing", .salt = { 1, 2, 99, 2, 0, 5 }, .chunks = { 3, 55, 2, 50, 0, 1 }
	};
	struct trial t = { .s.build = &later };

	/* Of the second file 50 chunks were there, the third is another, the first is no program any more. */
	CHECK(run(&t) == RC_OK && t.s.asked == 5 + 2);
	is_whole(&t);
	CHECK(t.reused > 100 * CHUNK && t.network == 7 * CHUNK / 2);
	struct trial again = { .s.build = &first };
	CHECK(run(&again) == RC_OK && again.s.asked == 0);
	is_whole(&again); /* nothing of it was written to */
	/* The base is bad by now: what was taken from it is fetched instead. */
	static const struct build last = {
		.line = "thing", .salt = { 1, 2, 77, 2, 0, 5 }, .chunks = { 3, 55, 2, 50, 0, 1 }
	};
	char path[FETCH_HOME_PATH + 20];
	snprintf(path, sizeof(path), "%s/z", t.tree);
	/* A file with a second name is written to by the test itself, behind the engine's back. */
	int fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && pwrite(fd, "!", 1, 9) == 1 && close(fd) == 0);
	struct trial u = { .s.build = &last };
	CHECK(run(&u) == RC_OK && u.s.asked == 5 + 2 + 1);
	is_whole(&u);
}

static void slices_and_names(void)
{
	static const struct build sliced = {
		.salt = { 41, 42, 43, 44, 0, 45 }, .chunks = { 1, 20, 1, 1, 0, 1 }, .slices = true
	};
	static const struct build named = {
		.salt = { 51, 52, 53, 54, 0, 55 }, .chunks = { 1, 20, 1, 1, 0, 1 }, .named = true
	};
	struct trial t = { .s.build = &sliced },
		     u = { .s.build = &named, .s.fail_after = 10, .s.fail = RC_REFUSED };

	CHECK(run(&t) == RC_OK && t.s.asked == 24);
	is_whole(&t);
	CHECK(run(&u) == RC_REFUSED);
	u.s.fail_after = SIZE_MAX;
	CHECK(run(&u) == RC_OK);
	is_whole(&u);
}

static void what_ends_it(void)
{
	static const struct build b = { .salt = { 61, 62, 63, 64, 0, 65 }, .chunks = { 1, 20, 1, 1, 0, 1 } };
	struct trial bad = { .s.build = &b, .s.corrupt = true };
	CHECK(run(&bad) == RC_MALFORMED && !strcmp(bad.code, "integrity"));
	struct trial large = { .s.build = &b, .max_bytes = 24 * CHUNK - 1 };
	CHECK(run(&large) == RC_TOO_LARGE && !strcmp(large.code, "max_bytes"));
	struct trial none = { .s.build = &b, .include = "nothing" };
	CHECK(run(&none) == RC_MISSING && !strcmp(none.code, "not_found"));
	struct trial canceled = { .s.build = &b, .s.hang = true, .cancel_at = 2 };
	CHECK(run(&canceled) == RC_CANCELED && !canceled.code && canceled.told == 2);
	CHECK_STR(canceled.last.state, "downloading");
	struct trial stalled = { .s.build = &b, .s.hang = true, .stall_s = 1 };
	CHECK(run(&stalled) == RC_TIMEOUT && !strcmp(stalled.code, "stalled"));
	struct trial good = { .s.build = &b, .max_bytes = 24 * CHUNK };
	CHECK(run(&good) == RC_OK);
	is_whole(&good);
}

static void room_is_made(void)
{
	static const struct build builds[3] = { { .salt = { 71, 72 }, .chunks = { 10, 10 } },
		{ .salt = { 81, 82 }, .chunks = { 10, 10 } }, { .salt = { 91, 92 }, .chunks = { 10, 60 } } };
	char sub[100];
	struct fetch_home *small;
	struct trial t[3] = { { .s.build = &builds[0] }, { .s.build = &builds[1] }, { .s.build = &builds[2] } };

	snprintf(sub, sizeof(sub), "%s/small", dir);
	const struct fetch_home_conf conf = {
		.folder = sub, .bytes_max = 45 * CHUNK, .percent_max = 99, .log = &quiet
	};
	CHECK(fetch_home_new(&conf, &small, &f) == RC_OK);
	CHECK(run_in(small, &t[0]) == RC_OK && run_in(small, &t[1]) == RC_OK);
	CHECK(access(t[0].tree, F_OK) == 0 && access(t[1].tree, F_OK) == 0);
	CHECK(run_in(small, &t[2]) == RC_QUOTA && !strcmp(t[2].code, "disk_full"));
	fetch_home_free(small);
	const struct fetch_home_conf full = { .folder = sub, .percent_max = 1, .log = &quiet };
	CHECK(fetch_home_new(&full, &small, &f) == RC_OK);
	CHECK(run_in(small, &t[2]) == RC_QUOTA && strstr(f.text, "mark"));
	CHECK(access(t[0].tree, F_OK) != 0); /* what nobody uses was given up for it */
	fetch_home_free(small);
}

/* ---- one writer ---- */

static bool never(void *ctx) { return *(bool *)ctx; }

static void one_writer(void)
{
	static const char hex[] = "0123456789012345678901234567890123456789012345678901234567890123";
	struct fetch_hold *a, *b = NULL;
	bool end = true, go = false;

	CHECK(fetch_home_hold(home, hex, never, &go, &a, &f) == RC_OK);
	CHECK(fetch_home_hold(home, hex, never, &end, &b, &f) == RC_CANCELED && !b);
	fetch_hold_free(a);
	CHECK(fetch_home_hold(home, hex, never, &end, &b, &f) == RC_OK);
	fetch_hold_free(b);
}

/* What was promised to one is not promised to another, though the disk shows it as free until it was taken. */
static void room_is_promised_once(void)
{
	static const char *const hex[] = { "1111111111111111111111111111111111111111111111111111111111111111",
		"2222222222222222222222222222222222222222222222222222222222222222" };
	struct fetch_hold *a, *b;
	struct statvfs s;
	bool go = false;

	CHECK(statvfs(dir, &s) == 0);
	uint64_t all = (uint64_t)s.f_blocks * s.f_frsize, left = (uint64_t)s.f_bavail * s.f_frsize;
	const struct fetch_home_conf conf = { .folder = dir, .percent_max = 99, .log = &quiet };
	struct fetch_home *h;
	CHECK(left > all / 50); /* else this cannot be tested here */
	uint64_t most = (left - all / 100) / 10 * 6;
	CHECK(fetch_home_new(&conf, &h, &f) == RC_OK);
	CHECK(fetch_home_hold(h, hex[0], never, &go, &a, &f) == RC_OK);
	CHECK(fetch_home_hold(h, hex[1], never, &go, &b, &f) == RC_OK);
	CHECK(fetch_hold_room(a, most, &f) == RC_OK);
	CHECK(fetch_hold_room(b, most, &f) == RC_QUOTA);
	CHECK(fetch_hold_room(a, most, &f) == RC_OK); /* its own is no other's */
	fetch_hold_placed(a);
	CHECK(fetch_hold_room(b, most, &f) == RC_OK);
	fetch_hold_free(b); /* and it ends with who had it */
	CHECK(fetch_hold_room(a, most, &f) == RC_OK);
	fetch_hold_free(a);
	fetch_home_free(h);
}

int main(void)
{
	quiet = (struct log){ 0 };
	CHECK(mkdtemp(dir));
	const struct fetch_home_conf conf = { .folder = dir, .percent_max = 99, .log = &quiet };
	CHECK(fetch_home_new(&conf, &home, &f) == RC_OK);
	whole_and_once();
	goes_on_after_a_failure();
	power_is_lost(false);
	power_is_lost(true);
	a_later_build();
	slices_and_names();
	what_ends_it();
	room_is_made();
	one_writer();
	room_is_promised_once();
	fetch_home_free(home);
	CHECK(tree_remove(dir, &f) == RC_OK);
	return 0;
}
