#include "control/migrate.h"
#include "driver/store/sqlite.h"

#include "tests/unit/check.h"

#include <stdbool.h>
#include <unistd.h>

/* A query's address is its own, as the driver keeps statements by it. */
#define QUERY(text)                                                         \
	({                                                                  \
		static const struct store_query query_ = { .sql = (text) }; \
		&query_;                                                    \
	})

static char path[] = "/tmp/footplate-migrate-XXXXXX";

static struct store_conn *connect_to(struct store *s)
{
	struct store_conn *c = NULL;
	CHECK(store_connect(s, STORE_WRITE, &c, NULL) == RC_OK);
	return c;
}

static int64_t number(struct store_conn *c, const struct store_query *q)
{
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(c, q, STORE_NO_ARGS, &r, NULL) == RC_OK);
	return store_col_int(r, 0);
}

static void does(struct store_conn *c, const struct store_query *q)
{
	struct fault f = { 0 };
	if (store_do(c, q, STORE_NO_ARGS, &f) == RC_OK)
		return;
	fprintf(stderr, "%s\n", f.text);
	exit(1);
}

static size_t migrates(struct store_conn *c)
{
	struct fault f = { 0 };
	size_t ran = 999;
	if (migrate_run(c, &ran, &f) != RC_OK) {
		fprintf(stderr, "%s\n", f.text);
		exit(1);
	}
	return ran;
}

static void is_refused(struct store_conn *c, const char *why)
{
	struct fault f = { 0 };
	size_t ran = 999;
	CHECK(migrate_run(c, &ran, &f) == RC_CONFLICT && f.rc == RC_CONFLICT && ran == 999);
	CHECK_STR(f.text, why);
}

/* A new database gets all of them, in order; then there is nothing to do, for another connection and another start too. */
static void fresh(struct store *s)
{
	struct store_conn *c = connect_to(s);
	size_t all = migrates(c);

	CHECK(all > 0 && all < 1000);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM migrations")) == (int64_t)all);
	CHECK(number(c, QUERY("SELECT MIN(number) FROM migrations")) == 1);
	CHECK(number(c, QUERY("SELECT MAX(number) FROM migrations")) == (int64_t)all);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM migrations WHERE length(checksum) = 64 AND ran_at > 0")) ==
		(int64_t)all);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM jobs")) == 0); /* the tables are there */
	does(c, QUERY("INSERT INTO meta (name, value) VALUES ('kept', 'x')"));
	CHECK(migrates(c) == 0);
	store_disconnect(c);
	c = connect_to(s);
	CHECK(migrates(c) == 0);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM meta WHERE name = 'kept'")) == 1);
	store_disconnect(c);
}

/* A text that was changed after it had run, and one that had another name. */
static void changed(struct store_conn *c)
{
	char first[64], why[200];
	struct store_rows *r = NULL;

	CHECK(store_one(c, QUERY("SELECT name FROM migrations WHERE number = 1"), STORE_NO_ARGS, &r, NULL) ==
		RC_OK);
	snprintf(first, sizeof(first), "%s", store_col_text(r, 0));
	store_close(r);
	snprintf(why, sizeof(why), "migration %s ran with another text than this program has", first);

	does(c, QUERY("CREATE TABLE saved AS SELECT * FROM migrations"));
	does(c, QUERY("UPDATE migrations SET checksum = '0' || substr(checksum, 2) WHERE number = 1 "
		      "AND substr(checksum, 1, 1) <> '0'"));
	does(c, QUERY("UPDATE migrations SET checksum = '1' || substr(checksum, 2) WHERE number = 1 "
		      "AND checksum = (SELECT checksum FROM saved WHERE number = 1)"));
	is_refused(c, why);
	does(c, QUERY("UPDATE migrations SET checksum = (SELECT checksum FROM saved WHERE number = 1) WHERE number "
		      "= 1"));
	CHECK(migrates(c) == 0);
	does(c, QUERY("UPDATE migrations SET name = '0001_other' WHERE number = 1"));
	is_refused(c, why);
	does(c, QUERY("UPDATE migrations SET name = (SELECT name FROM saved WHERE number = 1) WHERE number = 1"));
	CHECK(migrates(c) == 0);
}

static void newer(struct store_conn *c)
{
	does(c, QUERY("INSERT INTO migrations (number, name, checksum, ran_at) VALUES (9999, '9999_future', 'x', "
		      "1)"));
	is_refused(c, "the database was migrated by a newer footplate (9999_future); run that one");
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM migrations WHERE number = 9999")) == 1);
	does(c, QUERY("DELETE FROM migrations WHERE number = 9999"));
	CHECK(migrates(c) == 0);
}

/* A migration that fails leaves nothing behind, and is tried again at the next start. */
static void fails_whole(struct store *s)
{
	struct store_conn *c = connect_to(s);
	struct fault f = { 0 };
	size_t ran = 999;

	does(c, QUERY("CREATE TABLE jobs (in_the_way TEXT)"));
	CHECK(migrate_run(c, &ran, &f) == RC_INTERNAL && strstr(f.text, "jobs already exists") && ran == 999);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM migrations")) == 0);
	CHECK(number(c, QUERY("SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'")) == 0);
	does(c, QUERY("DROP TABLE jobs"));
	CHECK(migrates(c) > 0);
	store_disconnect(c);
}

static void cannot_write(struct store *s)
{
	struct store_conn *c = NULL;
	struct fault f = { 0 };
	size_t ran = 999;

	CHECK(store_connect(s, STORE_READ, &c, NULL) == RC_OK);
	CHECK(migrate_run(c, &ran, &f) != RC_OK && *f.text && ran == 999);
	store_disconnect(c);
}

static struct store *empty(void)
{
	struct store *s = NULL;
	char also[64];

	CHECK(truncate(path, 0) == 0);
	snprintf(also, sizeof(also), "%s-wal", path);
	unlink(also);
	snprintf(also, sizeof(also), "%s-shm", path);
	unlink(also);
	CHECK(sqlite_open(path, &s, NULL) == RC_OK);
	return s;
}

int main(void)
{
	int fd = mkstemp(path);
	CHECK(fd >= 0 && close(fd) == 0);

	struct store *s = empty();
	cannot_write(s);
	fresh(s);
	struct store_conn *c = connect_to(s);
	changed(c);
	newer(c);
	store_disconnect(c);
	store_free(s);
	s = empty();
	fails_whole(s);
	store_free(s);
	store_free(empty());
	CHECK(unlink(path) == 0);
	return 0;
}
