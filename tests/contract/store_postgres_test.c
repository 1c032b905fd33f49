/* The PostgreSQL driver against the suite of its contract, and what becomes of it when its server dies, stalls or is read-only. */
#include "driver/store/postgres.h"
#include "tests/contract/store_suite.h"
#include "tests/system/pg.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct pg pg;
static const struct pg_limits quick = {
	.connect_s = 2, .statement_ms = 1500, .lock_ms = 300, .idle_ms = 3000, .answer_ms = 500
};

static struct store *open_with(const char *url, const struct pg_limits *limits)
{
	struct store *s = NULL;
	struct fault f = { 0 };
	enum rc rc = postgres_open(url, limits, &s, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
	return s;
}

static struct store *open_subject(void) { return open_with(pg.url, NULL); }
static struct store *open_quick(void) { return open_with(pg.url, &quick); }

static int64_t counter(struct store_conn *c) { return suite_int(c, QUERY("SELECT n FROM counter")); }

/* Until it works again: the driver pauses between its attempts. */
static void begin_when_back(struct store_conn *c)
{
	struct fault f = { 0 };
	enum rc rc = RC_AWAY;

	for (int i = 0; i < 3000 && rc == RC_AWAY; i++) {
		rc = store_begin(c, &f);
		if (rc == RC_AWAY)
			usleep(10000);
	}
	if (rc != RC_OK)
		fprintf(stderr, "%s: %s\n", rc_name(rc), f.text);
	CHECK(rc == RC_OK);
}

static void add_one(struct store_conn *c) { suite_do(c, QUERY("UPDATE counter SET n = n + 1"), STORE_NO_ARGS); }

static void addresses(void)
{
	static const char *const bad[] = { "", "mysql://x", "postgresql://u:s3cret@[h/d",
		"postgresql://u:s3cret@h/d?nothing=1", "host=x password=s3cret" };
	struct store *s = NULL;
	char place[100];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault f = { 0 };
		CHECK(postgres_open(bad[i], NULL, &s, &f) == RC_INVALID && !strstr(f.text, "s3cret"));
	}
	postgres_place("postgresql://u:s3cret@db.example:6543/fleet?sslmode=require", place, sizeof(place));
	CHECK_STR(place, "postgresql://db.example:6543/fleet");
	CHECK(postgres_is_url("postgres://h/d") && !postgres_is_url("sqlite:///x"));
}

/* Over TCP with a password; and what is said when it is wrong. */
static void passwords(void)
{
	struct fault f = { 0 };
	char url[200];
	struct store *s = open_with(pg.tcp_url, &quick);
	struct store_conn *c = suite_connect(s, STORE_READ), *none = NULL;

	CHECK(counter(c) == 0);
	store_disconnect(c);
	store_free(s);
	snprintf(url, sizeof(url), "postgresql://postgres:wr0ng@127.0.0.1:%u/postgres", pg.port);
	s = open_with(url, &quick);
	CHECK(store_connect(s, STORE_READ, &none, &f) == RC_AWAY && !none);
	CHECK(strstr(f.text, "password authentication failed") && !strstr(f.text, "wr0ng"));
	CHECK(!strstr(f.text, "127.0.0.1")); /* it may reach a caller of the API */
	store_free(s);
}

/* What is put is told of at the latest by keep, of the mark that it was put in; and only that mark is undone. */
static void puts_fail_in_their_mark(void)
{
	const struct store_query *add = QUERY("INSERT INTO things (id, name) VALUES ($1, $2)");
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_WRITE);
	struct fault f = { 0 };

	suite_begin(c);
	for (int i = 0; i < 600; i++) { /* more than may be outstanding */
		CHECK(store_mark(c, &f) == RC_OK);
		enum rc rc = store_put(c, add, STORE_ARGS(store_int(i), store_text(NULL)), &f);
		if (rc == RC_OK)
			rc = store_put(c, add, STORE_ARGS(store_int(i % 3 ? i + 1000 : 0), store_text("x")), &f);
		if (rc == RC_OK)
			rc = store_keep(c, &f);
		CHECK(rc == (i == 1 ? RC_OK : RC_EXISTS)); /* "x" or 0 is there */
		if (rc != RC_OK)
			store_undo(c);
	}
	suite_commit(c);
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things")) == 2);

	/* And by commit outside of a mark. */
	suite_begin(c);
	CHECK(store_put(c, add, STORE_ARGS(store_int(7), store_text("seven")), &f) == RC_OK);
	CHECK(store_put(c, add, STORE_ARGS(store_int(7), store_text("again")), &f) == RC_OK);
	CHECK(store_commit(c, &f) == RC_EXISTS);
	/* One mark with many. */
	suite_begin(c);
	CHECK(store_mark(c, &f) == RC_OK);
	for (int i = 0; i < 2000; i++)
		CHECK(store_put(c, add, STORE_ARGS(store_int(5000 + i), store_text(NULL)), &f) == RC_OK);
	CHECK(store_keep(c, &f) == RC_OK);
	suite_commit(c);
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things")) == 2002);
	suite_do(c, QUERY("DELETE FROM things"), STORE_NO_ARGS);
	store_disconnect(c);
	store_free(s);
}

/* A type that is not known at first, because the first value was NULL. */
static void types_are_learnt(void)
{
	const struct store_query *q = QUERY(
		"UPDATE things SET n = $1, note = $2 WHERE id = $3 AND (CAST($1 AS BIGINT) IS NULL OR $1 > 0)");
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_WRITE);

	suite_do(c, QUERY("INSERT INTO things (id) VALUES (1)"), STORE_NO_ARGS);
	suite_do(c, q, STORE_ARGS(store_text(NULL), store_text(NULL), store_int(1)));
	suite_do(c, q, STORE_ARGS(store_int(INT64_C(1) << 40), store_text(NULL), store_int(1)));
	suite_do(c, q, STORE_ARGS(store_int(7), store_text("seven"), store_int(1)));
	suite_do(c, q, STORE_ARGS(store_int(8), store_text(NULL), store_int(1)));
	CHECK(suite_int(c, QUERY("SELECT COUNT(*) FROM things WHERE n = 8 AND note IS NULL")) == 1);
	suite_do(c, QUERY("DELETE FROM things"), STORE_NO_ARGS);
	store_disconnect(c);
	store_free(s);
}

struct holder {
	struct store_conn *conn;
	struct fault fault;
	enum rc rc;
};

static void *begin_and_wait(void *arg)
{
	struct holder *h = arg;
	h->rc = store_begin(h->conn, &h->fault);
	return NULL;
}

static void one_writer_at_a_time(void)
{
	struct store *s = open_quick(), *patient = open_subject(); /* two processes would not do otherwise */
	struct store_conn *first = suite_connect(s, STORE_WRITE);
	struct holder second = { .conn = suite_connect(s, STORE_WRITE) },
		      third = { .conn = suite_connect(patient, STORE_WRITE) };
	pthread_t thread;

	suite_begin(first);
	add_one(first);
	begin_and_wait(&second); /* until its patience ends */
	CHECK(second.rc == RC_OVERLOADED);
	CHECK(pthread_create(&thread, NULL, begin_and_wait, &third) == 0);
	CHECK(counter(second.conn) == 0); /* a reader waits for nobody */
	usleep(100000);
	suite_commit(first);
	pthread_join(thread, NULL);
	CHECK(third.rc == RC_OK && counter(third.conn) == 1);

	/* One that stalls inside of its transaction is ended by the server, and its turn goes on. */
	store_rollback(third.conn);
	suite_begin(first);
	add_one(first);
	third.rc = store_begin(third.conn, &third.fault); /* it would wait for longer than the other may stall */
	CHECK(third.rc == RC_OK && counter(third.conn) == 1);
	store_rollback(third.conn);
	CHECK(store_do(first, QUERY("UPDATE counter SET n = 99"), STORE_NO_ARGS, &second.fault) == RC_AWAY);
	CHECK(store_commit(first, &second.fault) == RC_AWAY);
	suite_begin(first);
	suite_do(first, QUERY("UPDATE counter SET n = 0"), STORE_NO_ARGS);
	suite_commit(first);
	store_disconnect(first);
	store_disconnect(second.conn);
	store_disconnect(third.conn);
	store_free(s);
	store_free(patient);
}

/* The server is killed while a transaction is open, and comes back. */
static void killed(void)
{
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_WRITE), *reader = suite_connect(s, STORE_READ);
	struct fault f = { 0 };

	for (int i = 0; i < 3; i++) {
		suite_begin(c);
		add_one(c);
		suite_commit(c);
		suite_begin(c);
		add_one(c);
		CHECK(store_mark(c, &f) == RC_OK);
		pg_kill9(&pg);
		CHECK(store_do(c, QUERY("UPDATE counter SET n = 77"), STORE_NO_ARGS, &f) == RC_AWAY);
		store_undo(c);
		CHECK(store_mark(c, &f) == RC_AWAY);
		CHECK(store_commit(c, &f) == RC_AWAY);
		CHECK(store_begin(c, &f) == RC_AWAY && strstr(f.text, "cannot be reached"));
		struct store_rows *r = NULL;
		CHECK(store_run(reader, QUERY("SELECT n FROM counter"), STORE_NO_ARGS, &r, &f) == RC_AWAY && !r);
		pg_start(&pg, NULL);
		begin_when_back(c);
		CHECK(counter(c) == i + 1); /* what was committed, and no more */
		suite_commit(c);
		for (int k = 0; k < 300 &&
				store_run(reader, QUERY("SELECT n FROM counter"), STORE_NO_ARGS, &r, &f) != RC_OK;
			k++)
			usleep(10000);
		CHECK(r != NULL);
		store_close(r);
	}
	/* It goes away and comes back while nobody asks: the next one notices nothing. */
	pg_kill9(&pg);
	pg_start(&pg, NULL);
	suite_begin(c);
	CHECK(counter(c) == 3 && counter(reader) == 3);
	suite_do(c, QUERY("UPDATE counter SET n = 0"), STORE_NO_ARGS);
	suite_commit(c);
	store_disconnect(c);
	store_disconnect(reader);
	store_free(s);
}

static void *kill_soon(void *arg)
{
	usleep(*(useconds_t *)arg);
	pg_kill9(&pg);
	return NULL;
}

/* It is killed at any moment of a transaction. Told done: it is there. Told it failed: it is not. Told away: it may be. */
static void killed_in_a_commit(void)
{
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_WRITE);
	int away = 0, there = 0;

	for (int i = 0; i < 12; i++) {
		useconds_t after = (useconds_t)(i * 400);
		struct fault f = { 0 };
		pthread_t thread;
		int64_t sure = counter(c), unsure = 0;
		CHECK(pthread_create(&thread, NULL, kill_soon, &after) == 0);
		for (enum rc rc = RC_OK; rc != RC_AWAY;) {
			rc = store_begin(c, &f);
			if (rc == RC_OK)
				rc = store_do(c, QUERY("UPDATE counter SET n = n + 1"), STORE_NO_ARGS, &f);
			if (rc != RC_OK) {
				CHECK(rc == RC_AWAY);
				store_rollback(c);
				break;
			}
			rc = store_commit(c, &f);
			CHECK(rc == RC_OK || rc == RC_AWAY);
			sure += rc == RC_OK;
			unsure = rc == RC_AWAY;
		}
		pthread_join(thread, NULL);
		pg_start(&pg, NULL);
		begin_when_back(c);
		store_rollback(c);
		CHECK(counter(c) >= sure && counter(c) <= sure + unsure);
		away += (int)unsure;
		there += counter(c) > sure;
	}
	printf("killed in 12 loads: %d commits without an answer, %d of them done\n", away, there);
	suite_do(c, QUERY("UPDATE counter SET n = 0"), STORE_NO_ARGS);
	store_disconnect(c);
	store_free(s);
}

/* An administrator ends the connection in the middle. */
static void terminated(void)
{
	struct store *s = open_subject();
	struct store_conn *c = suite_connect(s, STORE_WRITE), *other = suite_connect(s, STORE_WRITE);
	struct fault f = { 0 };
	const struct store_query *end =
		QUERY("SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = $1");

	suite_begin(c);
	add_one(c);
	int64_t pid = suite_int(c, QUERY("SELECT pg_backend_pid()"));
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(other, end, STORE_ARGS(store_int(pid)), &r, &f) == RC_OK);
	usleep(100000);
	CHECK(store_commit(c, &f) == RC_AWAY);
	suite_begin(c);
	CHECK(counter(c) == 0);
	store_rollback(c);
	store_disconnect(c);
	store_disconnect(other);
	store_free(s);
}

static void read_only(void)
{
	static const char *const standing[] = { "-c", "default_transaction_read_only=on", NULL };
	struct store *s = open_quick();
	struct store_conn *c = suite_connect(s, STORE_WRITE), *reader = suite_connect(s, STORE_READ);
	struct fault f = { 0 };

	pg_stop(&pg);
	pg_start(&pg, standing);
	for (int i = 0; i < 3; i++)
		CHECK(store_begin(c, &f) == RC_READ_ONLY && strstr(f.text, "read-only"));
	CHECK(counter(reader) == 0 && counter(c) == 0); /* it can still be read */
	CHECK(store_do(c, QUERY("UPDATE counter SET n = 5"), STORE_NO_ARGS, &f) == RC_READ_ONLY);
	pg_stop(&pg);
	pg_start(&pg, NULL);
	suite_begin(c);
	add_one(c);
	store_rollback(c);
	CHECK(counter(reader) == 0);
	store_disconnect(c);
	store_disconnect(reader);
	store_free(s);
}

/* A statement that takes too long is ended by the server; a server that does not answer at all is given up. */
static void slow(void)
{
	struct store *s = open_quick();
	struct store_conn *c = suite_connect(s, STORE_WRITE), *other = suite_connect(s, STORE_READ);
	struct fault f = { 0 };

	suite_begin(c);
	CHECK(store_do(c, QUERY("SELECT pg_sleep(30)"), STORE_NO_ARGS, &f) == RC_OVERLOADED);
	store_rollback(c);
	suite_begin(c);
	store_rollback(c);
	CHECK(store_do(other, QUERY("SELECT pg_sleep(30)"), STORE_NO_ARGS, &f) == RC_OVERLOADED);
	CHECK(counter(other) == 0);

	suite_begin(c);
	add_one(c);
	pg_pause(&pg);
	CHECK(store_commit(c, &f) == RC_AWAY);
	CHECK(store_begin(c, &f) == RC_AWAY);
	pg_resume(&pg);
	begin_when_back(c);
	CHECK(counter(c) <= 1); /* nobody knew; now it is seen */
	suite_do(c, QUERY("UPDATE counter SET n = 0"), STORE_NO_ARGS);
	suite_commit(c);
	store_disconnect(c);
	store_disconnect(other);
	store_free(s);
}

int main(void)
{
	const struct store_subject postgres = { .name = "postgresql", .open = open_subject };

	addresses();
	pg_start(&pg, NULL);
	store_suite(&postgres);
	passwords();
	puts_fail_in_their_mark();
	types_are_learnt();
	one_writer_at_a_time();
	killed();
	killed_in_a_commit();
	terminated();
	read_only();
	slow();
	pg_done(&pg);
	return 0;
}
