#include "tests/contract/store_suite.h"

#include "tests/unit/check.h"

#include <pthread.h>

/* The rc that was wanted, or the fault in words. */
static void expect(int line, enum rc rc, enum rc want, const struct fault *f)
{
	if (rc == want)
		return;
	fprintf(stderr, "%s:%d: %s, not %s: %s\n", __FILE__, line, rc_name(rc), rc_name(want), f->text);
	exit(1);
}
#define EXPECT(call, want)                                                 \
	do {                                                               \
		struct fault fault_ = { 0 }, *f = &fault_;                 \
		enum rc rc_ = (call);                                      \
		expect(__LINE__, rc_, (want), f);                          \
		CHECK(rc_ == RC_OK || (fault_.rc == rc_ && *fault_.text)); \
	} while (0)

struct store_conn *suite_connect(struct store *s, enum store_mode mode)
{
	struct store_conn *c = NULL;
	EXPECT(store_connect(s, mode, &c, f), RC_OK);
	CHECK(c && c->store == s && c->impl == s->impl);
	return c;
}

void suite_words(struct store_conn *c, const char *words) { EXPECT(c->impl->control(c, words, f), RC_OK); }
void suite_do(struct store_conn *c, const struct store_query *q, struct store_args args)
{
	EXPECT(store_do(c, q, args, f), RC_OK);
}
void suite_begin(struct store_conn *c) { EXPECT(store_begin(c, f), RC_OK); }
void suite_commit(struct store_conn *c) { EXPECT(store_commit(c, f), RC_OK); }

int64_t suite_int(struct store_conn *c, const struct store_query *q)
{
	auto_rows struct store_rows *r = NULL;
	EXPECT(store_one(c, q, STORE_NO_ARGS, &r, f), RC_OK);
	return store_col_int(r, 0);
}

static bool next(struct store_rows *r)
{
	bool row = false;
	EXPECT(store_next(r, &row, f), RC_OK);
	return row;
}

static struct store_rows *run(struct store_conn *c, const struct store_query *q, struct store_args args)
{
	struct store_rows *r = NULL;
	EXPECT(store_run(c, q, args, &r, f), RC_OK);
	return r;
}

static void add(struct store_conn *c, int64_t id, const char *name)
{
	suite_do(c, QUERY("INSERT INTO things (id, name) VALUES ($1, $2)"),
		STORE_ARGS(store_int(id), store_text(name)));
}

static int64_t things(struct store_conn *c) { return suite_int(c, QUERY("SELECT COUNT(*) FROM things")); }

static void clear(struct store_conn *c)
{
	suite_do(c, QUERY("DELETE FROM children"), STORE_NO_ARGS);
	suite_do(c, QUERY("DELETE FROM things"), STORE_NO_ARGS);
}

static void make_tables(struct store_conn *c)
{
	char words[1000];

	snprintf(words, sizeof(words),
		"CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT UNIQUE, n BIGINT, note TEXT);"
		"CREATE TABLE children (id BIGINT PRIMARY KEY, thing BIGINT NOT NULL REFERENCES things (id));"
		"CREATE TABLE late (thing BIGINT NOT NULL REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED);"
		"CREATE TABLE log (pos BIGINT PRIMARY KEY, line TEXT NOT NULL);"
		"CREATE TABLE serials (pos %s, name TEXT NOT NULL);"
		"CREATE TABLE counter (n BIGINT NOT NULL); INSERT INTO counter (n) VALUES (0)",
		c->impl->serial);
	suite_begin(c);
	suite_words(c, words);
	suite_commit(c);
}

static void commit_and_rollback(struct store_conn *c)
{
	suite_begin(c);
	add(c, 1, "one");
	CHECK(things(c) == 1); /* it sees its own */
	suite_commit(c);
	suite_begin(c);
	add(c, 2, "two");
	store_rollback(c);
	CHECK(things(c) == 1);
	suite_begin(c); /* nothing is left open */
	add(c, 2, "two");
	suite_commit(c);
	CHECK(things(c) == 2);
	store_rollback(c); /* without a transaction: nothing */
	CHECK(things(c) == 2);
	clear(c);
}

/* What is checked at the end only: the commit fails, nothing of it has happened, and the next can begin. */
static void commit_that_fails(struct store_conn *c)
{
	suite_begin(c);
	add(c, 1, "one");
	suite_do(c, QUERY("INSERT INTO late (thing) VALUES (99)"), STORE_NO_ARGS);
	EXPECT(store_commit(c, f), RC_CONFLICT);
	CHECK(things(c) == 0 && suite_int(c, QUERY("SELECT COUNT(*) FROM late")) == 0);
	suite_begin(c);
	suite_do(c, QUERY("INSERT INTO late (thing) VALUES (2)"), STORE_NO_ARGS);
	add(c, 2, "two");
	suite_commit(c);
	suite_do(c, QUERY("DELETE FROM late"), STORE_NO_ARGS);
	clear(c);
}

static void marks(struct store_conn *c)
{
	suite_begin(c);
	add(c, 1, "before");
	EXPECT(store_mark(c, f), RC_OK);
	add(c, 2, "kept");
	EXPECT(store_keep(c, f), RC_OK);
	EXPECT(store_mark(c, f), RC_OK);
	add(c, 3, "undone");
	store_undo(c);
	CHECK(things(c) == 2);

	/* A statement that fails spoils its mark alone. */
	EXPECT(store_mark(c, f), RC_OK);
	add(c, 4, "undone too");
	EXPECT(store_do(c, QUERY("INSERT INTO things (id) VALUES ($1)"), STORE_ARGS(store_int(1)), f), RC_EXISTS);
	store_undo(c);
	EXPECT(store_mark(c, f), RC_OK);
	add(c, 5, "after");
	EXPECT(store_keep(c, f), RC_OK);
	add(c, 6, "outside of a mark");
	suite_commit(c);
	CHECK(things(c) == 4 && suite_int(c, QUERY("SELECT SUM(id) FROM things")) == 1 + 2 + 5 + 6);

	/* What a mark kept goes with its transaction. */
	suite_begin(c);
	EXPECT(store_mark(c, f), RC_OK);
	add(c, 7, "seven");
	EXPECT(store_keep(c, f), RC_OK);
	store_rollback(c);
	CHECK(things(c) == 4);
	clear(c);
}

static void keys(struct store_conn *c)
{
	const struct store_query *child = QUERY("INSERT INTO children (id, thing) VALUES ($1, $2)");

	add(c, 1, "one");
	EXPECT(store_do(c, QUERY("INSERT INTO things (id, name) VALUES (1, 'other')"), STORE_NO_ARGS, f),
		RC_EXISTS);
	EXPECT(store_do(c, QUERY("INSERT INTO things (id, name) VALUES (2, 'one')"), STORE_NO_ARGS, f), RC_EXISTS);
	add(c, 2, "two");
	EXPECT(store_do(c, QUERY("UPDATE things SET name = 'one' WHERE id = 2"), STORE_NO_ARGS, f), RC_EXISTS);
	suite_do(c, child, STORE_ARGS(store_int(1), store_int(1)));
	EXPECT(store_do(c, child, STORE_ARGS(store_int(2), store_int(99)), f), RC_CONFLICT);
	EXPECT(store_do(c, child, STORE_ARGS(store_int(2), store_text(NULL)), f), RC_CONFLICT);
	EXPECT(store_do(c, QUERY("DELETE FROM things WHERE id = 1"), STORE_NO_ARGS, f), RC_CONFLICT);
	suite_do(c, child, STORE_ARGS(store_int(2), store_int(2))); /* the statement that failed can be run again */
	suite_do(c, QUERY("INSERT INTO things (id, name) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING"),
		STORE_NO_ARGS);
	suite_do(c,
		QUERY("INSERT INTO things (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y'"),
		STORE_NO_ARGS);
	CHECK(suite_int(c, QUERY("SELECT id FROM things WHERE name = 'y'")) == 1 && things(c) == 2);
	clear(c);
}

static void round_trip(struct store_conn *c, int64_t n, const char *text)
{
	const struct store_query *put =
		QUERY("INSERT INTO things (id, n, note) VALUES (1, $1, $2) RETURNING n, note, id");
	auto_rows struct store_rows *r = run(c, put, STORE_ARGS(store_int(n), store_text(text)));

	CHECK(next(r) && store_col_int(r, 0) == n && store_col_int(r, 2) == 1);
	CHECK(text ? !strcmp(store_col_text(r, 1), text) : !store_col_text(r, 1));
	CHECK(!next(r));
	auto_rows struct store_rows *again =
		run(c, QUERY("SELECT note, n FROM things WHERE id = 1"), STORE_NO_ARGS);
	CHECK(next(again) && store_col_int(again, 1) == n);
	struct store_value v = again->impl->column(again, 0);
	CHECK(v.type == (text ? STORE_TEXT : STORE_NULL) && v.n == (text ? strlen(text) : 0));
	CHECK(!text || !strcmp(v.p, text));
	clear(c);
}

static void values(struct store_conn *c)
{
	const int64_t numbers[] = { 0, 1, -1, INT32_MAX, INT64_MAX, INT64_MIN, INT64_C(1) << 53,
		-(INT64_C(1) << 53) - 1 };
	const char *const texts[] = { NULL, "", "x", "'quoted' \"text\"; --", "$1 %s \\ \n\t",
		"l\xc3\xa4uft \xe2\x98\x83 \xf0\x9d\x84\x9e", "0", "123", "1e5", "NULL", " " };
	static char large[1 << 20];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		round_trip(c, numbers[i], "x");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		round_trip(c, 5, texts[i]);
	memset(large, 'L', sizeof(large) - 1);
	round_trip(c, 5, large);

	/* A NULL number reads as 0, and is not 0. */
	suite_do(c, QUERY("INSERT INTO things (id, n) VALUES (1, $1)"), STORE_ARGS(store_text(NULL)));
	auto_rows struct store_rows *r = run(c, QUERY("SELECT n FROM things WHERE n IS NULL"), STORE_NO_ARGS);
	CHECK(next(r) && store_col_int(r, 0) == 0 && r->impl->column(r, 0).type == STORE_NULL &&
		!store_col_text(r, 0));
	/* The length counts, not a NUL. */
	struct store_value cut = store_text("abcdef");
	cut.n = 3;
	suite_do(c, QUERY("UPDATE things SET note = $1"), STORE_ARGS(cut));
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things WHERE note = 'abc'")) == 1);
	store_close(take(r));
	clear(c);
}

static void arguments(struct store_conn *c)
{
	suite_do(c, QUERY("INSERT INTO things (id, n, note, name) VALUES ($3, $3, $1, $2)"),
		STORE_ARGS(store_text("first"), store_text("second"), store_int(3)));
	auto_rows struct store_rows *r = run(c,
		QUERY("SELECT id, note, name FROM things WHERE id = $2 AND n = $2 AND note = $1 AND id + n = 2 * "
		      "$2"),
		STORE_ARGS(store_text("first"), store_int(3)));
	CHECK(next(r) && store_col_int(r, 0) == 3);
	CHECK_STR(store_col_text(r, 1), "first");
	CHECK_STR(store_col_text(r, 2), "second");

	/* As many as a query may have; each at its place. */
	struct store_value all[32];
	for (int i = 0; i < 32; i++)
		all[i] = store_int(INT64_C(1) << i);
	suite_do(c,
		QUERY("UPDATE things SET n = $32+$31+$30+$29+$28+$27+$26+$25+$24+$23+$22+$21+$20+$19+$18+$17"
		      "+$16+$15+$14+$13+$12+$11+$10+$9+$8+$7+$6+$5+$4+$3+$2+$1+$1-$1 WHERE id = 3"),
		((struct store_args){ all, 32 }));
	CHECK(suite_int(c, QUERY("SELECT n FROM things")) == UINT32_MAX);

	/* One too many, one too few: our own mistake, and said so. */
	const struct store_query *two = QUERY("SELECT id FROM things WHERE id = $1 AND n = $2");
	struct store_rows *none = NULL;
	EXPECT(store_run(c, two, STORE_ARGS(store_int(1), store_int(2), store_int(3)), &none, f), RC_INTERNAL);
	EXPECT(store_run(c, two, STORE_ARGS(store_int(1)), &none, f), RC_INTERNAL);
	EXPECT(store_run(c, two, STORE_NO_ARGS, &none, f), RC_INTERNAL);
	EXPECT(store_do(c, QUERY("SELECT nothing FROM nowhere"), STORE_NO_ARGS, f), RC_INTERNAL);
	CHECK(!none);
	EXPECT(store_do(c, two, STORE_ARGS(store_int(1), store_int(2)), f), RC_OK);
	store_close(take(r));
	clear(c);
}

static void rows(struct store_conn *c)
{
	const struct store_query *all = QUERY("SELECT id, name FROM things WHERE id > $1 ORDER BY id");
	char name[16];
	struct store_rows *one = NULL;

	CHECK(store_one(c, all, STORE_ARGS(store_int(0)), &one, NULL) == RC_MISSING &&
		!one); /* the caller has the words */
	suite_begin(c);
	for (int i = 1; i <= 100; i++) {
		snprintf(name, sizeof(name), "thing %d", i);
		add(c, i, name);
	}
	suite_commit(c);

	/* Three cursors of one query, each at its own place; closing one does not end the others. */
	struct store_rows *a = run(c, all, STORE_ARGS(store_int(0))), *b = run(c, all, STORE_ARGS(store_int(50)));
	struct store_rows *third = run(c, all, STORE_ARGS(store_int(99)));
	CHECK(a != b);
	for (int i = 1; i <= 50; i++) {
		CHECK(next(a) && store_col_int(a, 0) == i);
		CHECK(next(b) && store_col_int(b, 0) == 50 + i);
		snprintf(name, sizeof(name), "thing %d", 50 + i);
		CHECK_STR(store_col_text(b, 1), name);
	}
	CHECK(!next(b));
	store_close(b);
	CHECK(next(third) && store_col_int(third, 0) == 100);
	store_close(third);
	CHECK(next(a) && store_col_int(a, 0) == 51);
	b = run(c, all, STORE_ARGS(store_int(98)));
	CHECK(next(b) && store_col_int(b, 0) == 99);
	store_close(a); /* before its end */
	CHECK(next(b) && store_col_int(b, 0) == 100 && !next(b));
	store_close(b);
	store_close(NULL);

	EXPECT(store_one(c, all, STORE_ARGS(store_int(10)), &one, f), RC_OK);
	CHECK(store_col_int(one, 0) == 11);
	store_close(one);
	suite_do(c, all, STORE_ARGS(store_int(0))); /* rows that nobody wants */
	clear(c);
}

/* After the last row there is none: the query is not begun again. */
static void after_the_end(struct store_conn *c)
{
	auto_rows struct store_rows *r = run(
		c, QUERY("INSERT INTO serials (name) VALUES ($1) RETURNING pos"), STORE_ARGS(store_text("once")));
	CHECK(next(r));
	for (int i = 0; i < 3; i++)
		CHECK(!next(r));
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM serials")) == 1);
}

static void serial_numbers_grow(struct store_conn *c)
{
	int64_t before = suite_int(c, QUERY("SELECT MAX(pos) FROM serials"));

	for (int i = 0; i < 20; i++) {
		suite_begin(c);
		int64_t at = suite_int(c, QUERY("INSERT INTO serials (name) VALUES ('x') RETURNING pos"));
		suite_commit(c);
		CHECK(at > before);
		before = at;
		if (i % 5 == 4) /* the old ones may go */
			suite_do(c, QUERY("DELETE FROM serials WHERE pos < $1"), STORE_ARGS(store_int(at)));
	}
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM serials")) == 1);
}

#define MANY 700

/* More queries than a driver keeps prepared, in rounds, some open at once. */
static void many_queries(struct store_conn *c)
{
	static struct store_query queries[MANY];
	static char texts[MANY][64];
	struct store_rows *open[8] = { 0 };

	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "SELECT n + %d FROM counter WHERE n >= $1", i);
		queries[i].sql = texts[i];
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++) {
			struct store_rows **slot = &open[i % 8];
			store_close(*slot);
			*slot = run(c, &queries[i], STORE_ARGS(store_int(0)));
			CHECK(next(*slot) && store_col_int(*slot, 0) == i);
			struct store_rows *twice = run(c, &queries[i], STORE_ARGS(store_int(0)));
			CHECK(next(twice) && store_col_int(twice, 0) == i && !next(twice));
			store_close(twice);
		}
	for (int i = 0; i < 8; i++)
		store_close(open[i]);
}

/* A reader sees what was committed when it asked, and waits for nobody. */
static void readers(struct store *s, struct store_conn *c)
{
	struct store_conn *reader = suite_connect(s, STORE_READ);

	add(c, 1, "one");
	CHECK(things(reader) == 1);
	suite_begin(c);
	add(c, 2, "two");
	suite_do(c, QUERY("UPDATE things SET name = 'changed' WHERE id = 1"), STORE_NO_ARGS);
	CHECK(things(reader) == 1 && things(c) == 2);
	CHECK(suite_int(reader, QUERY("SELECT COUNT(*) FROM things WHERE name = 'one'")) == 1);
	suite_commit(c);
	CHECK(things(reader) == 2);
	CHECK(suite_int(reader, QUERY("SELECT COUNT(*) FROM things WHERE name = 'one'")) == 0);
	suite_begin(c);
	suite_do(c, QUERY("DELETE FROM things"), STORE_NO_ARGS);
	store_rollback(c);
	CHECK(things(reader) == 2);

	/* It cannot write, by whatever words. */
	struct fault f = { 0 };
	static const struct store_query writes[] = {
		{ .sql = "INSERT INTO things (id) VALUES (9)" },
		{ .sql = "DELETE FROM things" },
		{ .sql = "UPDATE things SET n = 1" },
		{ .sql = "CREATE TABLE mine (id BIGINT)" },
	};
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		enum rc rc = store_do(reader, &writes[i], STORE_NO_ARGS, &f);
		CHECK(rc != RC_OK && rc != RC_INTERNAL && f.rc == rc);
	}
	CHECK(things(reader) == 2 && things(c) == 2);
	store_disconnect(reader);
	store_disconnect(NULL);
	clear(c);
}

/* Whoever goes without a commit leaves nothing behind; what was committed is there for the next. */
static void durable(const struct store_subject *subject, struct store **s, struct store_conn **c)
{
	struct store_conn *other = suite_connect(*s, STORE_WRITE);

	suite_begin(*c);
	add(*c, 1, "durable");
	suite_commit(*c);
	suite_begin(other);
	add(other, 2, "lost");
	store_disconnect(other);
	CHECK(things(*c) == 1);
	add(*c, 3, "outside of a transaction");
	store_disconnect(*c);
	store_free(*s);
	*s = subject->open();
	*c = suite_connect(*s, STORE_WRITE);
	CHECK(things(*c) == 2);
	CHECK(suite_int(*c, QUERY("SELECT COUNT(*) FROM things WHERE name = 'durable'")) == 1);
	clear(*c);
}

#define WRITERS 3
#define TURNS   40

struct writer {
	struct store *store;
	int refused;
};

static void *work(void *arg)
{
	struct writer *w = arg;
	struct store_conn *c = suite_connect(w->store, STORE_WRITE);
	struct fault f;

	for (int i = 0; i < TURNS; i++) {
		enum rc rc = store_begin(c, &f);
		if (rc == RC_OK)
			rc = store_do(c, QUERY("UPDATE counter SET n = n + 1"), STORE_NO_ARGS, &f);
		if (rc == RC_OK)
			rc = store_commit(c, &f);
		else
			store_rollback(c);
		CHECK(rc == RC_OK || rc == RC_OVERLOADED); /* who does not wait is told to come again */
		w->refused += rc != RC_OK;
	}
	store_disconnect(c);
	return NULL;
}

static void writers(struct store *s, struct store_conn *c)
{
	pthread_t threads[WRITERS];
	struct writer all[WRITERS];
	int refused = 0;

	for (int i = 0; i < WRITERS; i++) {
		all[i] = (struct writer){ .store = s };
		CHECK(pthread_create(&threads[i], NULL, work, &all[i]) == 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		refused += all[i].refused;
	}
	CHECK(suite_int(c, QUERY("SELECT n FROM counter")) == WRITERS * TURNS - refused);
	CHECK(refused < WRITERS * TURNS);
	suite_do(c, QUERY("UPDATE counter SET n = 0"), STORE_NO_ARGS);
}

#define LOG_TURNS 30

/* Writes to a log, and changes its mind about every third line. */
static void *keep_log(void *arg)
{
	struct writer *w = arg;
	struct store_conn *c = suite_connect(w->store, STORE_WRITE);
	const struct store_query *line =
		QUERY("INSERT INTO log (pos, line) VALUES ((SELECT COALESCE(MAX(pos), 0) + 1 FROM log), $1)");
	struct fault f;

	for (int i = 0; i < LOG_TURNS; i++) {
		enum rc rc = store_begin(c, &f);
		for (int k = 0; rc == RC_OK && k < 3; k++) {
			rc = store_mark(c, &f);
			if (rc == RC_OK)
				rc = store_put(c, line, STORE_ARGS(store_text("a line")), &f);
			if (rc == RC_OK && (i + k) % 3)
				rc = store_keep(c, &f);
			else
				store_undo(c);
		}
		if (rc == RC_OK && i % 10 != 9)
			rc = store_commit(c, &f);
		else
			store_rollback(c);
		CHECK(rc == RC_OK || rc == RC_OVERLOADED);
		w->refused += rc != RC_OK;
	}
	store_disconnect(c);
	return NULL;
}

/* Whenever it is read, a log has each position up to its last. That is what a cursor lives on. */
static void positions(struct store *s)
{
	struct store_conn *reader = suite_connect(s, STORE_READ);
	const struct store_query *gaps = QUERY("SELECT COALESCE(MAX(pos), 0) - COUNT(*) FROM log");
	pthread_t threads[WRITERS];
	struct writer all[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		all[i] = (struct writer){ .store = s };
		CHECK(pthread_create(&threads[i], NULL, keep_log, &all[i]) == 0);
	}
	for (int i = 0; i < 200; i++)
		CHECK(suite_int(reader, gaps) == 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	CHECK(suite_int(reader, gaps) == 0);
	CHECK(suite_int(reader, QUERY("SELECT COUNT(*) FROM log")) > 0);
	store_disconnect(reader);
}

void store_suite(const struct store_subject *subject)
{
	struct store *s = subject->open();
	struct store_conn *c = suite_connect(s, STORE_WRITE);

	CHECK_STR(s->impl->name, subject->name);
	make_tables(c);
	commit_and_rollback(c);
	commit_that_fails(c);
	marks(c);
	keys(c);
	values(c);
	arguments(c);
	rows(c);
	after_the_end(c);
	serial_numbers_grow(c);
	many_queries(c);
	readers(s, c);
	durable(subject, &s, &c);
	writers(s, c);
	positions(s);
	store_disconnect(c);
	store_free(s);
	store_free(NULL);
}
