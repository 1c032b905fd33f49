/*
 * Attacks on passwords: guessing one login from many addresses, many logins from one address, at the same time, by names that there
 * are not; waiting for a lock's end; a password that changes between the hash and the answer.
 */
#include "base/buf.h"
#include "base/metric.h"
#include "control/people/lockout.h"
#include "control/people/logins.h"
#include "io/clock.h"

#include "tests/unit/control/people_desk.h"

#define RIGHT "a right password"
#define WRONG "a wrong password"

static struct desk d;
static int64_t now = 1700000000000;

static const struct logins_found *look(const char *login, const char *password, const char *address, enum rc *ret)
{
	const struct logins_found *f = NULL;
	struct hush h = people_hush(password);

	d.tx.peer = address;
	*ret = logins_look(&d.tx, login, NULL, &h, &f);
	hush_done(&h);
	return f;
}

static enum rc settle(const struct logins_found *f, const char *address)
{
	struct user_row u;

	d.tx.peer = address;
	return logins_settle(&d.tx, f, &u);
}

static enum rc try(const char *login, const char *password, const char *address)
{
	enum rc rc;
	const struct logins_found *f = look(login, password, address, &rc);

	return rc == RC_OK ? settle(f, address) : rc;
}

static void pass(int64_t ms)
{
	now += ms;
	desk_now(&d, now);
}

static long hashes(const char *kind)
{
	struct buf b = { 0 };
	char row[96];

	metric_write(d.control.metrics, &b);
	snprintf(row, sizeof(row), "footplate_password_hashes_total{kind=\"%s\"} ", kind);
	const char *at = strstr(buf_text(&b), row);
	long n = at ? atol(at + strlen(row)) : 0;
	buf_done(&b);
	return n;
}

/* One login from as many addresses as tries: five wrong ones, then not even the right one. Another login is not concerned. */
static void one_login(void)
{
	char address[32];

	for (int i = 0; i < 5; i++) {
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		CHECK(try("ann", WRONG, address) == RC_UNAUTHENTICATED);
	}
	CHECK(try("Ann", RIGHT, "198.51.100.77") == RC_LIMIT && try("ann", RIGHT, "198.51.100.78") == RC_LIMIT);
	CHECK(try("bob", RIGHT, "198.51.100.78") == RC_OK);
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM events WHERE type = $1", "user.locked") == 1);
	CHECK(DESK_INT(&d, "SELECT failures FROM users WHERE login = $1", "ann") == 6);
	pass(29999);
	CHECK(try("ann", RIGHT, "198.51.100.78") == RC_LIMIT);
	pass(1); /* the lock is over: one try, and the next lock is twice as long */
	CHECK(try("ann", WRONG, "198.51.100.78") == RC_UNAUTHENTICATED &&
		try("ann", RIGHT, "198.51.100.78") == RC_LIMIT);
	pass(59999);
	CHECK(try("ann", RIGHT, "198.51.100.78") == RC_LIMIT);
	pass(1);
	CHECK(try("ann", RIGHT, "198.51.100.78") == RC_OK);
	CHECK(DESK_INT(&d, "SELECT failures FROM users WHERE login = $1", "ann") == 0);
	for (int i = 0; i < 4; i++) /* all forgotten */
		CHECK(try("ann", WRONG, "198.51.100.78") == RC_UNAUTHENTICATED);
	CHECK(try("ann", RIGHT, "198.51.100.78") == RC_OK);
	const struct lockout of = { LOCKOUT_LOGIN, "ann" };
	for (int i = 0; i < 6; i++)
		CHECK(try("ann", WRONG, "198.51.100.79") != RC_OK);
	desk_ok(&d, lockout_end(&d.tx, &of)); /* somebody helps */
	CHECK(try("ann", RIGHT, "198.51.100.79") == RC_OK);
}

/* One address, many logins; the right password of an own account in between gives nothing back. IPv6: the whole /64 is one. */
static void one_address(void)
{
	char login[32], address[64];
	int judged = 0;

	pass(86400000);
	for (int i = 0; i < 64; i++) {
		snprintf(login, sizeof(login), "name%d", i);
		snprintf(address, sizeof(address), "2001:db8:1:2:%x::%x", i, i + 1);
		judged += try(login, WRONG, address) == RC_UNAUTHENTICATED;
		if (judged < 30)
			CHECK(try("bob", RIGHT, address) == RC_OK);
	}
	CHECK(judged == 30);
	CHECK(try("bob", RIGHT, "2001:db8:1:2::99") == RC_LIMIT && try("bob", RIGHT, "2001:db8:1:3::99") == RC_OK);
	pass(86400000);
	for (int i = 0; i < 64; i++)
		judged += try("nobody", WRONG, "::ffff:192.0.2.1") == RC_UNAUTHENTICATED;
	CHECK(judged == 35);
	for (int i = 0; i < 64; i++) {
		snprintf(login, sizeof(login), "other%d", i);
		judged += try(login, WRONG, i % 2 ? "::ffff:192.0.2.1" : "192.0.2.1") == RC_UNAUTHENTICATED;
	}
	CHECK(judged == 35 + 25);
}

/* 32 that are all hashed before the first is counted: no more are judged than in turn, and the right one among them is not. */
static void at_once(void)
{
	const struct logins_found *f[32];
	int judged = 0, let_in = 0;
	enum rc rc;

	pass(86400000);
	for (int i = 0; i < 32; i++) {
		f[i] = look("ann", i == 20 ? RIGHT : WRONG, "203.0.113.1", &rc);
		CHECK(rc == RC_OK);
	}
	for (int i = 0; i < 32; i++) {
		rc = settle(f[i], "203.0.113.1");
		judged += rc == RC_UNAUTHENTICATED;
		let_in += rc == RC_OK;
	}
	CHECK(judged == 5 && let_in == 0);
}

/* Those that there are and those that there are not: the same words, the same lock, the same hashing. */
static void names(void)
{
	static const char *const logins[] = { "ann", "nobody-at-all", "off", "sso", "old" };
	char words[128] = "", locked[128] = "";

	pass(86400000);
	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++) {
		for (int k = 0; k < 6; k++) {
			long argon = hashes("argon2id"), bcrypt = hashes("bcrypt");
			enum rc rc = try(logins[i], WRONG, "");
			CHECK(rc == (k < 5 ? RC_UNAUTHENTICATED : RC_LIMIT));
			CHECK(hashes("argon2id") == argon + 1 && hashes("bcrypt") == bcrypt + 1);
			char *to = rc == RC_LIMIT ? locked : words;
			if (!*to)
				snprintf(to, sizeof(words), "%.*s", (int)sizeof(words) - 1, d.fault.text);
			CHECK_STR(d.fault.text, to);
		}
		long argon = hashes("argon2id");
		CHECK(try(logins[i], WRONG, "") == RC_LIMIT && hashes("argon2id") == argon);
	}
	/* What was typed is nowhere: it may be a password. */
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM lockouts WHERE name LIKE $1", "%nobody%") == 0);
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM events WHERE data LIKE $1", "%nobody%") == 0);
	pass(86400000);
	CHECK(try("off", RIGHT, "") == RC_UNAUTHENTICATED);
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM lockouts WHERE name > $1", "") > 5);
	desk_ok(&d, lockout_sweep(&d.tx));
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM lockouts WHERE name > $1", "") == 1);
}

/* The bcrypt hash of an imported person becomes ours at the first right password. */
static void imported(void)
{
	pass(86400000);
	CHECK(try("old", "U*U", "") == RC_OK);
	CHECK(DESK_INT(&d,
		      "SELECT COUNT(*) FROM users WHERE password LIKE '$argon2id$%' AND bcrypt_cost = 0 AND login "
		      "= $1",
		      "old") == 1);
	long bcrypt = hashes("bcrypt");
	CHECK(try("old", "U*U", "") == RC_OK && try("old", "U*U*", "") == RC_UNAUTHENTICATED &&
		hashes("bcrypt") == bcrypt);
}

/* What was changed between the hash and the answer counts: another password, a person who was disabled or deleted. */
static void meanwhile(void)
{
	enum rc rc;
	static const struct store_query changes[] = {
		{ .sql = "UPDATE users SET password = 'x' || password WHERE login = $1" },
		{ .sql = "UPDATE users SET enabled = 0 WHERE login = $1" },
		{ .sql = "DELETE FROM users WHERE login = $1" },
	};

	pass(86400000);
	people_user(&d, "ten_a", "eve", RIGHT);
	CHECK(try("eve", RIGHT, "") == RC_OK);
	for (size_t i = 0; i < 3; i++) {
		const struct logins_found *f = look("eve", RIGHT, "", &rc);
		CHECK(rc == RC_OK);
		desk_ok(&d, store_do(d.tx.db, &changes[i], STORE_ARGS(store_text("eve")), &d.fault));
		CHECK(settle(f, "") == RC_UNAUTHENTICATED);
		DESK_DO(&d, "DELETE FROM users WHERE login = $1", store_text("eve"));
		people_user(&d, "ten_a", "eve", RIGHT);
	}
}

static int by_size(const void *a, const void *b)
{
	return *(const int64_t *)a < *(const int64_t *)b ? -1 : *(const int64_t *)a > *(const int64_t *)b;
}

/* Printed, not judged: `names` counts the hashing. */
static void timing(void)
{
	enum { TRIES = 21 };
	const char *logins[] = { "tim", "nobody" };
	int64_t us[2][TRIES];

	people_rules.argon2_kib = 8192;
	people_user(&d, "ten_a", "tim", RIGHT);
	for (int i = 0; i < 2 * TRIES; i++) { /* in turn, so that both see the same weather */
		const struct lockout of = { LOCKOUT_LOGIN, logins[i % 2] };
		uint64_t began = clock_mono_us();
		CHECK(try(logins[i % 2], WRONG, "") == RC_UNAUTHENTICATED);
		us[i % 2][i / 2] = (int64_t)(clock_mono_us() - began);
		desk_ok(&d, lockout_end(&d.tx, &of));
	}
	for (int i = 0; i < 2; i++)
		qsort(us[i], TRIES, sizeof(us[i][0]), by_size);
	printf("a wrong password: known login %lld us, unknown login %lld us, ratio of medians %.3f\n",
		(long long)us[0][TRIES / 2], (long long)us[1][TRIES / 2],
		(double)us[0][TRIES / 2] / (double)us[1][TRIES / 2]);
}

int main(void)
{
	desk_open(&d, now);
	d.conf.people = &people_rules;
	people_user(&d, "ten_a", "ann", RIGHT);
	people_user(&d, "ten_a", "bob", RIGHT);
	people_user(&d, "ten_a", "off", RIGHT);
	people_user(&d, "ten_a", "sso", NULL);
	people_user(&d, "ten_a", "old", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
	DESK_DO(&d, "UPDATE users SET enabled = 0 WHERE login = $1", store_text("off"));
	one_login();
	one_address();
	at_once();
	names();
	imported();
	meanwhile();
	pass(86400000);
	timing();
	desk_close(&d);
	return 0;
}
