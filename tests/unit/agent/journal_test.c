#include "agent/journal.h"

#include "io/file.h"
#include "tests/unit/check.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[] = "/tmp/journal_test_XXXXXX";
static char path[64];
static char seen[4096];

static void see(void *ctx, uint8_t kind, const char *key)
{
	size_t n = strlen(seen);
	(void)ctx;
	snprintf(seen + n, sizeof(seen) - n, "%s:%u ", key, kind);
}

static const char *all(const struct journal *j)
{
	seen[0] = 0;
	journal_walk(j, see, NULL);
	return seen;
}

static struct journal *open_at(uint64_t *ret_lost)
{
	struct journal *j = NULL;
	struct fault f = { 0 };
	uint64_t lost;
	enum rc rc = journal_open(path, &j, &lost, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
	if (ret_lost)
		*ret_lost = lost;
	return j;
}

static void put(struct journal *j, uint8_t kind, const char *key, const char *body)
{
	CHECK(journal_put(j, kind, key, body, strlen(body), NULL) == RC_OK);
}

static void check_body(struct journal *j, const char *key, const char *body)
{
	struct buf b = { 0 };
	CHECK(journal_read(j, key, &b, NULL) == RC_OK);
	CHECK_STR(buf_text(&b), body);
	buf_done(&b);
}

static void life(void)
{
	struct journal *j = open_at(NULL);
	struct buf b = { 0 };

	CHECK_STR(all(j), "");
	put(j, 1, "task_a 1", "will");
	put(j, 1, "task_b 1", "");
	CHECK(journal_sync(j, NULL) == RC_OK);
	put(j, 2, "task_a 1", "result");
	journal_drop(j, "task_b 1");
	journal_drop(j, "nobody");
	put(j, 3, "event 7", "{}");
	check_body(j, "task_a 1", "result"); /* syncs by itself */
	CHECK(journal_read(j, "task_b 1", &b, NULL) == RC_MISSING);
	CHECK_STR(all(j), "task_a 1:2 event 7:3 ");
	journal_free(j);

	j = open_at(NULL);
	CHECK_STR(all(j), "task_a 1:2 event 7:3 ");
	check_body(j, "task_a 1", "result");
	put(j, 1, "unsynced", "x");
	journal_free(j);
	j = open_at(NULL);
	CHECK_STR(all(j), "task_a 1:2 event 7:3 ");
	CHECK(journal_put(j, 0, "k", "", 0, NULL) == RC_INVALID &&
		journal_put(j, 1, "", "", 0, NULL) == RC_INVALID);
	journal_free(j);
}

/* What stood in the file before record i was complete must be there again, and no more; and the file must go on from there. */
static void every_truncation(void)
{
	static const char *const states[] = { "", "a:1 ", "a:1 b:2 ", "b:2 ", "b:3 " };
	uint64_t ends[5];
	struct buf whole = { 0 };

	unlink(path);
	struct journal *j = open_at(NULL);
	ends[0] = journal_bytes(j);
	for (int i = 1; i < 5; i++) {
		if (i == 1)
			put(j, 1, "a", "first");
		else if (i == 2)
			put(j, 2, "b", "second body");
		else if (i == 3)
			journal_drop(j, "a");
		else
			put(j, 3, "b", "");
		CHECK(journal_sync(j, NULL) == RC_OK);
		ends[i] = journal_bytes(j);
	}
	journal_free(j);
	CHECK(file_read(path, 4096, &whole, NULL) == RC_OK && whole.n == ends[4]);

	for (size_t n = 0; n <= whole.n; n++) {
		uint64_t lost;
		int i = 4;
		CHECK(file_write(path, whole.p, n, 0600, NULL) == RC_OK);
		while (i > 0 && ends[i] > n)
			i--;
		j = open_at(&lost);
		CHECK_STR(all(j), states[i]);
		CHECK(lost == (n < ends[0] ? 0 : n - ends[i]));
		put(j, 9, "c", "after");
		CHECK(journal_sync(j, NULL) == RC_OK);
		journal_free(j);
		j = open_at(&lost);
		CHECK(lost == 0);
		check_body(j, "c", "after");
		journal_free(j);
	}
	/* A byte that turned: all before its record counts. */
	for (size_t n = ends[0]; n < whole.n; n++) {
		int i = 4;
		whole.p[n] ^= 4;
		CHECK(file_write(path, whole.p, whole.n, 0600, NULL) == RC_OK);
		whole.p[n] ^= 4;
		while (i > 0 && ends[i] > n)
			i--;
		j = open_at(NULL);
		CHECK_STR(all(j), states[i]);
		journal_free(j);
	}
	whole.p[0] ^= 1;
	CHECK(file_write(path, whole.p, whole.n, 0600, NULL) == RC_OK);
	uint64_t lost;
	CHECK(journal_open(path, &j, &lost, NULL) == RC_INVALID);
	buf_done(&whole);
}

static void compaction(void)
{
	char key[32];
	static char body[10000];
	uint64_t most = 0;
	struct stat st;

	unlink(path);
	memset(body, 'x', sizeof(body) - 1);
	struct journal *j = open_at(NULL);
	put(j, 5, "stays", "here");
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "task_%d 1", i);
		put(j, 1, key, body);
		if (i >= 10) {
			snprintf(key, sizeof(key), "task_%d 1", i - 10);
			journal_drop(j, key);
		}
		if (i % 7 == 0)
			CHECK(journal_sync(j, NULL) == RC_OK);
		most = journal_bytes(j) > most ? journal_bytes(j) : most;
	}
	CHECK(journal_sync(j, NULL) == RC_OK);
	CHECK(most < 2 * JOURNAL_COMPACT_AT); /* of 20 MB that went through it */
	check_body(j, "stays", "here");
	check_body(j, "task_1995 1", body);
	put(j, 2, "task_1995 1", "new");
	check_body(j, "task_1995 1", "new");
	journal_free(j);
	j = open_at(NULL);
	check_body(j, "stays", "here");
	check_body(j, "task_1995 1", "new");
	check_body(j, "task_1999 1", body);
	CHECK(!strncmp(all(j), "stays:5 task_1990 1:1 ", 22));
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	journal_free(j);
}

/* Many that live, more that died: what lives is copied piece by piece. Replacing a record makes its old one dead. */
static void large_compaction(void)
{
	char key[JOURNAL_KEY_MAX + 2];
	static char body[30000];
	uint64_t most = 0;

	unlink(path);
	memset(body, 'x', sizeof(body) - 1);
	struct journal *j = open_at(NULL);
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 200; i++) {
			snprintf(key, sizeof(key), "task_%d 1", i);
			body[0] = (char)('a' + round);
			body[1] = (char)('a' + i % 26);
			put(j, 1, key, body);
			if (i % 10 == 0)
				CHECK(journal_sync(j, NULL) == RC_OK);
			most = journal_bytes(j) > most ? journal_bytes(j) : most;
		}
	CHECK(journal_sync(j, NULL) == RC_OK);
	CHECK(most < 3 * 200 * sizeof(body) && !journal_is_slack(j)); /* of five times 200 */
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < 200; i++) {
			snprintf(key, sizeof(key), "task_%d 1", i);
			body[0] = 'e';
			body[1] = (char)('a' + i % 26);
			check_body(j, key, body);
		}
		journal_free(j);
		j = open_at(NULL);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "task_%d 1", i);
		journal_drop(j, key);
	}
	CHECK(journal_sync(j, NULL) == RC_OK && journal_bytes(j) < 100);
	memset(key, 'k', JOURNAL_KEY_MAX);
	key[JOURNAL_KEY_MAX] = 0;
	put(j, 1, key, "long");
	check_body(j, key, "long");
	journal_free(j);
	j = open_at(NULL);
	check_body(j, key, "long");
	key[JOURNAL_KEY_MAX] = 'k';
	key[JOURNAL_KEY_MAX + 1] = 0;
	CHECK(journal_put(j, 1, key, "", 0, NULL) == RC_INVALID);
	journal_free(j);
}

/* A body of the size of the largest result. */
static void large(void)
{
	size_t n = 64u << 20;
	char *body = malloc(n);
	struct buf b = { 0 };

	unlink(path);
	memset(body, 'y', n);
	struct journal *j = open_at(NULL);
	CHECK(journal_put(j, 1, "big", body, n, NULL) == RC_OK);
	CHECK(journal_put(j, 1, "too", body, JOURNAL_BODY_MAX + 1ul, NULL) == RC_TOO_LARGE);
	CHECK(journal_sync(j, NULL) == RC_OK);
	journal_free(j);
	j = open_at(NULL);
	CHECK(journal_read(j, "big", &b, NULL) == RC_OK && b.n == n && !memcmp(b.p, body, n));
	journal_drop(j, "big");
	CHECK(journal_sync(j, NULL) == RC_OK && journal_bytes(j) < 100);
	journal_free(j);
	buf_done(&b);
	free(body);
}

/* A disk that is full (here: a limit on the file's size): nothing is lost, and it goes on when there is room. */
static void full_disk(void)
{
	struct rlimit before, tight;
	static char body[5000];

	unlink(path);
	memset(body, 'z', sizeof(body) - 1);
	struct journal *j = open_at(NULL);
	put(j, 1, "a", "kept");
	CHECK(journal_sync(j, NULL) == RC_OK);
	uint64_t n = journal_bytes(j);

	CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
	tight = before;
	tight.rlim_cur = n + 1000;
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
	put(j, 1, "b", body);
	struct fault f = { 0 };
	CHECK(journal_sync(j, &f) == RC_IO && journal_bytes(j) == n && *f.text);
	CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
	CHECK(journal_sync(j, NULL) == RC_OK);
	journal_free(j);
	j = open_at(NULL);
	check_body(j, "a", "kept");
	check_body(j, "b", body);
	journal_free(j);
}

int main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/journal", dir);
	life();
	every_truncation();
	compaction();
	large_compaction();
	large();
	full_disk();
	unlink(path);
	rmdir(dir);
	return 0;
}
