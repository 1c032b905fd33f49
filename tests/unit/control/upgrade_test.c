/* A database of before titles had scopes (0037), with watches that have accounts: whose is what by then. */
#include "base/buf.h"
#include "control/migrate.h"
#include "driver/store/sqlite.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEFORE 36 /* migrations that had run */

extern const char migrate_0001[], migrate_0002[], migrate_0003[], migrate_0004[], migrate_0005[], migrate_0006[],
	migrate_0007[], migrate_0008[], migrate_0009[], migrate_0010[], migrate_0011[], migrate_0012[],
	migrate_0013[], migrate_0014[], migrate_0015[], migrate_0016[], migrate_0017[], migrate_0018[],
	migrate_0019[], migrate_0020[], migrate_0021[], migrate_0022[], migrate_0023[], migrate_0024[],
	migrate_0025[], migrate_0026[], migrate_0027[], migrate_0028[], migrate_0029[], migrate_0030[],
	migrate_0031[], migrate_0032[], migrate_0033[], migrate_0034[], migrate_0035[], migrate_0036[];
static const char *const texts[BEFORE] = { migrate_0001, migrate_0002, migrate_0003, migrate_0004, migrate_0005,
	migrate_0006, migrate_0007, migrate_0008, migrate_0009, migrate_0010, migrate_0011, migrate_0012,
	migrate_0013, migrate_0014, migrate_0015, migrate_0016, migrate_0017, migrate_0018, migrate_0019,
	migrate_0020, migrate_0021, migrate_0022, migrate_0023, migrate_0024, migrate_0025, migrate_0026,
	migrate_0027, migrate_0028, migrate_0029, migrate_0030, migrate_0031, migrate_0032, migrate_0033,
	migrate_0034, migrate_0035, migrate_0036 };

static struct store_conn *c;

static void says(const char *sql)
{
	struct fault f = { 0 };
	if (c->impl->control(c, sql, &f) == RC_OK)
		return;
	fprintf(stderr, "%.200s: %s\n", sql, f.text);
	exit(1);
}
#define SAYS(...)                                          \
	do {                                               \
		char sql_[1000];                           \
		snprintf(sql_, sizeof(sql_), __VA_ARGS__); \
		says(sql_);                                \
	} while (0)

static struct store *make(char path[])
{
	struct store *s = NULL;
	int fd = mkstemp(path);

	CHECK(fd >= 0 && close(fd) == 0 && sqlite_open(path, &s, NULL) == RC_OK);
	CHECK(store_connect(s, STORE_WRITE, &c, NULL) == RC_OK);
	return s;
}

static void gone(struct store *s, const char *path)
{
	char also[80];

	store_disconnect(c);
	store_free(s);
	CHECK(unlink(path) == 0);
	snprintf(also, sizeof(also), "%s-wal", path);
	unlink(also);
	snprintf(also, sizeof(also), "%s-shm", path);
	unlink(also);
}

static char notes[BEFORE][300];

/* What each migration notes of itself, from a database that has them all. */
static void learn(void)
{
	static const struct store_query all = {
		.sql = "SELECT name, checksum FROM migrations ORDER BY number LIMIT $1"
	};
	char path[] = "/tmp/footplate-upgrade-XXXXXX";
	struct store *s = make(path);
	struct store_rows *r = NULL;
	size_t ran = 0;
	bool row = false;

	CHECK(migrate_run(c, &ran, NULL) == RC_OK && ran > BEFORE);
	CHECK(store_run(c, &all, STORE_ARGS(store_int(BEFORE)), &r, NULL) == RC_OK);
	for (size_t i = 0; i < BEFORE; i++) {
		CHECK(store_next(r, &row, NULL) == RC_OK && row);
		snprintf(notes[i], sizeof(notes[i]), "INSERT INTO migrations VALUES (%zu, '%s', '%s', 1)", i + 1,
			store_col_text(r, 0), store_col_text(r, 1));
	}
	store_close(r);
	gone(s, path);
}

static void run_before(void)
{
	says("CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
	     "ran_at BIGINT "
	     "NOT NULL)");
	for (size_t i = 0; i < BEFORE; i++) {
		struct buf b = { 0 };
		const char *text = texts[i];
		for (const char *at; (at = strstr(text, "$SERIAL")); text = at + 7) {
			buf_put(&b, text, (size_t)(at - text));
			buf_str(&b, c->impl->serial);
		}
		buf_str(&b, text);
		says("BEGIN");
		says(buf_text(&b));
		says("COMMIT");
		buf_done(&b);
		says(notes[i]);
	}
}

/* A title that is known, with two builds and a change. */
static void title(int n, const char *access)
{
	SAYS("INSERT INTO titles (id, store, ref, state, access, facts, change_number, success_at, created_at, "
	     "watched) VALUES "
	     "('ttl_%026d', 'steam', '%d', 'known', '%s', '{\"steam.pics\":{}}', 5, 7, 1, 2)",
		n, n * 10, access);
	for (int i = 1; i <= 2; i++)
		SAYS("INSERT INTO builds (id, title_id, branch, os, build_id, direction, change_number, depots, "
		     "method, "
		     "announced_at, current_at) VALUES ('bld_%026d', 'ttl_%026d', 'public', '', '%d', 'first', 1, "
		     "'[]', 'm', 1, "
		     "1)",
			10 * n + i, n, i);
	SAYS("INSERT INTO changes (title_id, source, class, change_number, observed_at) VALUES ('ttl_%026d', 's', "
	     "'build', 1, "
	     "1)",
		n);
}

static void watch(int n, int of, const char *tenant, const char *account)
{
	SAYS("INSERT INTO watches (id, title_id, branches, classes, labels, interval_s, priority, account_id, "
	     "state, since, "
	     "tenant_id, created_by, version, created_at, updated_at) VALUES ('wat_%026d', 'ttl_%026d', '[]', "
	     "'[]', '{}', %d, 5, "
	     "%s, 'active', 1, '%s', 'x', 1, 1, 1)",
		900 + n, of, 100 + n, account, tenant);
}

static int64_t number(const struct store_query *q)
{
	struct store_rows *r = NULL;

	CHECK(store_one(c, q, STORE_NO_ARGS, &r, NULL) == RC_OK);
	int64_t n = store_col_int(r, 0);
	store_close(r);
	return n;
}
/* Of one title's row in a scope; a query's address is its own, as the driver keeps statements by it. */
#define OF(ref, scope, what)                                                                                     \
	({                                                                                                       \
		static const struct store_query query_ = {                                                       \
			.sql = "SELECT " what " FROM titles t WHERE t.ref = '" ref "' AND t.scope = '" scope "'" \
		};                                                                                               \
		number(&query_);                                                                                 \
	})
#define BUILDS  "(SELECT COUNT(*) FROM builds b WHERE b.title_id = t.id)"
#define CHANGES "(SELECT COUNT(*) FROM changes c WHERE c.title_id = t.id)"
#define WATCHES "(SELECT COUNT(*) FROM watches w WHERE w.title_id = t.id)"
#define KNOWN   "(CASE WHEN t.facts IS NULL THEN 0 ELSE 1 END)"

/* What everybody may see is everybody's, and the beginning of the row of who has an account. */
static void for_all(void)
{
	CHECK(OF("10", "", KNOWN) == 1 && OF("10", "", BUILDS) == 2 && OF("10", "", CHANGES) == 1);
	CHECK(OF("10", "", WATCHES) == 1 && OF("10", "", "t.watched") == 1 && OF("10", "", "t.interval_s") == 102);
	CHECK(OF("10", "ten_a", KNOWN) == 1 && OF("10", "ten_a", BUILDS) == 2 && OF("10", "ten_a", CHANGES) == 0);
	CHECK(OF("10", "ten_a", WATCHES) == 1 && OF("10", "ten_a", "t.watched") == 1 &&
		OF("10", "ten_a", "t.before_pos") > 0 && OF("10", "ten_a", "t.interval_s") == 101);
	CHECK(OF("40", "", KNOWN) == 1 && OF("40", "", BUILDS) == 2 && OF("40", "", WATCHES) == 1);
}

/* What the one account saw is its tenant's, and the others' no more; what one of several saw is nobody's. */
static void for_some(void)
{
	CHECK(OF("20", "", KNOWN) == 0 && OF("20", "", BUILDS) == 0 && OF("20", "", CHANGES) == 0);
	CHECK(OF("20", "", WATCHES) == 1 && OF("20", "", "t.wanted_number > t.change_number") == 1);
	CHECK(OF("20", "ten_a", KNOWN) == 1 && OF("20", "ten_a", BUILDS) == 2 && OF("20", "ten_a", CHANGES) == 1);
	CHECK(OF("30", "", KNOWN) == 0 && OF("30", "ten_a", KNOWN) == 0 && OF("30", "ten_b", KNOWN) == 0);
	CHECK(OF("30", "", BUILDS) == 0 && OF("30", "ten_a", BUILDS) == 0 && OF("30", "ten_b", BUILDS) == 0);
	CHECK(OF("30", "ten_a", WATCHES) == 1 && OF("30", "ten_b", WATCHES) == 1);
	CHECK(OF("30", "ten_b", "t.wanted_number > t.change_number") == 1);
}

int main(void)
{
	static const struct store_query watches = { .sql = "SELECT COUNT(*) FROM watches w JOIN titles b ON b.id = "
							   "w.base_id AND b.scope = ''" };
	static const struct store_query loose = {
		.sql = "SELECT COUNT(*) FROM changes WHERE title_id NOT IN (SELECT id "
		       "FROM titles)"
	};
	char path[] = "/tmp/footplate-upgrade-XXXXXX";
	struct fault f = { 0 };
	size_t ran = 0;

	learn();
	struct store *s = make(path);
	run_before();
	title(1, "public");
	title(2, "token");
	title(3, "denied");
	title(4, "token");
	watch(1, 1, "ten_a", "'acc_1'");
	watch(2, 1, "ten_b", "NULL");
	watch(3, 2, "ten_a", "'acc_1'");
	watch(4, 2, "ten_b", "NULL");
	watch(5, 3, "ten_a", "'acc_1'");
	watch(6, 3, "ten_b", "'acc_2'");
	watch(7, 4, "ten_b", "NULL");
	if (migrate_run(c, &ran, &f) != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(ran == migrate_known() - BEFORE);
	CHECK(number(&watches) == 7 && number(&loose) == 0);
	for_all();
	for_some();
	gone(s, path);
	return 0;
}
