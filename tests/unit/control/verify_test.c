/*
 * verify: a trail of some hundred records with checkpoints, kept subtrees and a pruned block is proven whole; then it is changed, once, in
 * every way that random finds: any column of any table edited, rows deleted, put in, exchanged, moved, the end cut off. Each change
 * has to be found, and when it is of a record's contents, that record has to be named. VERIFY_CHANGES sets how many (5,000; the soak: 100,000).
 *
 * Then what a single change cannot be: a trail that was cut off with all its checkpoints and a head made to fit, a restored backup,
 * another key.
 */
#include "control/access/audit.h"
#include "control/audit/checkpoints.h"
#include "control/audit/proofs.h"
#include "control/audit/prune.h"
#include "control/audit/verify_store.h"
#include "control/audit/verify_text.h"

#include "tests/unit/control/desk.h"

#include <inttypes.h>

#define DAY 86400000ll

static struct desk d;
static struct audit_conf conf;
static struct checkpoint_key key;
static uint64_t state = 88172645463325252ull;

static uint64_t any(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void ok(enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s\n", d.fault.text);
	exit(1);
}

static void add(int n)
{
	struct tx *tx = desk_begin(&d);
	for (int i = 0; i < n; i++) {
		tx->now_ms += 1000;
		tx->request_id = i % 3 ? "req_1" : NULL;
		tx->user_agent = i % 4 ? "curl/8" : NULL;
		tx->trace_id = i % 5 ? "0af7651916cd43dd8448eb211c80319c" : "";
		ok(audit_note(tx, i % 2 ? "job.create" : "account.update", i % 7 ? "job_1" : "acc_2",
			i % 6 ? NULL : "why"));
	}
	desk_commit(&d);
}

static void sign(void)
{
	struct checkpoints_made made;
	struct tx *tx = desk_begin(&d);
	ok(checkpoints_make(tx, NULL, &made));
	desk_commit(&d);
}

static struct verify_verdict verdict(const struct buf *outside)
{
	struct verify_verdict v = { 0 };
	ok(verify_store(d.tx.db, &key, outside, &v, &d.fault));
	return v;
}

static void is_whole(const struct buf *outside)
{
	struct verify_verdict v = verdict(outside);
	if (v.wrong) {
		fprintf(stderr, "%s", buf_text(&v.words));
		exit(1);
	}
	buf_done(&v.words);
}

/* A pruned block, then some hundred records; the last few are under no checkpoint. */
static void make(void)
{
	conf = (struct audit_conf){ .keep_ms = DAY };
	d.conf.audit = &conf;
	for (int i = 0; i < 3; i++) {
		add(120);
		sign();
	}
	d.tx.now_ms += 2 * DAY;
	bool more = true;
	struct tx *tx = desk_begin(&d);
	ok(prune_records(tx, &more));
	CHECK(!more);
	desk_commit(&d);
	for (int i = 0; i < 3; i++) {
		add(40);
		sign();
	}
	add(9);
	ok(checkpoints_public(d.tx.db, &key, &d.fault));
	is_whole(NULL);
	struct verify_verdict v = verdict(NULL);
	CHECK(v.records == 490 && v.pruned == 256 && v.prune == 361 && v.checkpoints == 6 && v.uncovered == 9);
	buf_done(&v.words);
}

/* ---- single changes ---- */

static const struct table {
	const char *name, *columns, *key;
	unsigned ints; /* so many of the columns are numbers: the first ones */
} tables[] = {
	{ "audit",
		"seq,ts,tenant_id,actor,session_id,peer,agent,action,resource,outcome,request_id,trace_id,words,"
		"after,leaf",
		"seq", 2 },
	{ "audit_head", "id,size,checkpoint,edge", "id", 3 },
	{ "audit_nodes", "level,i,hash", "i", 2 },
	{ "audit_checkpoints", "n,size,ts,note", "n", 3 },
	{ "audit_pruned", "block,leaves", "block", 1 },
};

static bool run(const char *sql) { return d.tx.db->impl->control(d.tx.db, sql, &d.fault) == RC_OK; }

/* The driver knows a statement by the address of its query. */
static const struct store_query *known(const char *sql)
{
	static struct {
		char sql[400];
		struct store_query q;
	} all[40];
	size_t i = 0;

	while (all[i].q.sql && strcmp(all[i].sql, sql) != 0)
		CHECK(++i < sizeof(all) / sizeof(*all));
	snprintf(all[i].sql, sizeof(all[i].sql), "%s", sql);
	all[i].q.sql = all[i].sql;
	return &all[i].q;
}

static int64_t ask(const char *sql, int64_t arg)
{
	auto_rows struct store_rows *r = NULL;
	const struct store_args args = strchr(sql, '$') ? STORE_ARGS(store_int(arg)) : STORE_NO_ARGS;
	return store_one(d.tx.db, known(sql), args, &r, &d.fault) == RC_OK ? store_col_int(r, 0) : 0;
}

static void column(const struct table *t, size_t i, char ret[static 32])
{
	const char *at = t->columns;
	while (i--)
		at += strcspn(at, ",") + 1;
	snprintf(ret, 32, "%.*s", (int)strcspn(at, ","), at);
}

static size_t columns_of(const struct table *t)
{
	size_t n = 1;
	for (const char *p = t->columns; *p; p++)
		n += *p == ',';
	return n;
}

/* A row, as a WHERE. */
static void row_of(const struct table *t, char *to, size_t n)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s", t->name);
	uint64_t rows = (uint64_t)ask(sql, 0);
	snprintf(sql, sizeof(sql), "SELECT rowid FROM %s ORDER BY rowid LIMIT 1 OFFSET $1", t->name);
	snprintf(to, n, "rowid = %" PRId64, ask(sql, (int64_t)any(rows)));
}

/* Of a text: a character altered, put in or taken out, null, empty, or another text. */
static void edit_text(const struct table *t, const char *col, const char *where, char *sql, size_t n)
{
	uint64_t at = any(4) ? any(60) + 1 : any(20000) + 1;
	char c = (char)('!' + any(90));
	if (c == '\'')
		c = 'q';
	switch (any(6)) {
	case 0:
		snprintf(sql, n, "UPDATE %s SET %s = NULL WHERE %s", t->name, col, where);
		break;
	case 1:
		snprintf(sql, n, "UPDATE %s SET %s = '' WHERE %s", t->name, col, where);
		break;
	case 2:
		snprintf(sql, n, "UPDATE %s SET %s = COALESCE(%s, '') || '%c' WHERE %s", t->name, col, col, c,
			where);
		break;
	case 3:
		snprintf(sql, n,
			"UPDATE %s SET %s = substr(%s, 1, %" PRIu64 ") || substr(%s, %" PRIu64 ") WHERE %s",
			t->name, col, col, at - 1, col, at + 1, where);
		break;
	default:
		snprintf(sql, n,
			"UPDATE %s SET %s = substr(%s, 1, %" PRIu64 ") || '%c' || substr(%s, %" PRIu64 ") WHERE %s",
			t->name, col, col, at - 1, c, col, at + 1, where);
	}
}

static void edit(const struct table *t, char *sql, size_t n)
{
	char col[32], where[64];
	size_t i = any(columns_of(t));
	static const int64_t by[] = { 1, -1, 256, -256, 1000, 1000000, 4294967296 };

	column(t, i, col);
	row_of(t, where, sizeof(where));
	if (i < t->ints)
		snprintf(sql, n, "UPDATE %s SET %s = %s + (%" PRId64 ") WHERE %s", t->name, col, col, by[any(7)],
			where);
	else
		edit_text(t, col, where, sql, n);
}

/* Two records, or two rows of another table, change their places, or one stands twice. */
static void exchange(const struct table *t, char *sql, size_t n)
{
	char a[64], b[64], rest[200] = "";
	size_t i = any(columns_of(t) - 1) + 1;
	char col[32];

	row_of(t, a, sizeof(a));
	row_of(t, b, sizeof(b));
	column(t, i, col);
	if (any(2) && strcmp(t->name, "audit_head") != 0) {
		snprintf(rest, sizeof(rest), "%s", strchr(t->columns, ',') + 1);
		snprintf(sql, n, "UPDATE %s SET (%s) = (SELECT %s FROM %s WHERE %s) WHERE %s", t->name, rest, rest,
			t->name, b, a);
	} else {
		snprintf(sql, n,
			"UPDATE %s SET %s = CASE WHEN %s THEN (SELECT %s FROM %s WHERE %s) ELSE (SELECT %s FROM %s "
			"WHERE %s) END WHERE %s OR %s",
			t->name, col, a, col, t->name, b, col, t->name, a, a, b);
	}
}

static const struct table *change(char *sql, size_t n)
{
	/* Most are of records: there are most of them. */
	const struct table *t = &tables[any(3) ? 0 : any(5)];
	char where[64];
	uint64_t how = any(10);

	row_of(t, where, sizeof(where));
	if (how < 5)
		edit(t, sql, n);
	else if (how < 6)
		snprintf(sql, n, "DELETE FROM %s WHERE %s", t->name, where);
	else if (how < 8)
		exchange(t, sql, n);
	else if (how < 9) /* the end cut off */
		snprintf(sql, n, "DELETE FROM %s WHERE %s >= (SELECT %s FROM %s WHERE %s)", t->name, t->key, t->key,
			t->name, where);
	else if (any(2)) /* one put in, at an end or into a gap that is made for it */
		snprintf(sql, n, "INSERT INTO %s (%s) SELECT %s + %d, %s FROM %s WHERE %s", t->name, t->columns,
			"(SELECT MAX(rowid) FROM audit)", (int)any(5) + 1, strchr(t->columns, ',') + 1, t->name,
			where);
	else {
		t = &tables[0];
		snprintf(sql, n, "INSERT INTO audit (%s) SELECT %d, %s FROM audit ORDER BY seq LIMIT 1",
			tables[0].columns, -(int)any(600), strchr(tables[0].columns, ',') + 1);
	}
	return t;
}

/* All of a table in one number: a change that changes nothing is none. */
static uint64_t print_of(const struct table *t)
{
	auto_rows struct store_rows *r = NULL;
	uint64_t sum = 0;
	bool row = false;
	char sql[400];

	snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY rowid", t->columns, t->name);
	ok(store_run(d.tx.db, known(sql), STORE_NO_ARGS, &r, &d.fault));
	while (store_next(r, &row, &d.fault) == RC_OK && row)
		for (size_t c = 0; c < columns_of(t); c++) {
			struct store_value v = r->impl->column(r, c);
			sum = sum * 1099511628211ull + (uint64_t)v.type * 7 +
			      (uint64_t)(v.type == STORE_INT ? v.i : 0);
			for (size_t k = 0; v.type == STORE_TEXT && k < v.n; k++)
				sum = (sum ^ (uint8_t)v.p[k]) * 1099511628211ull;
		}
	return sum;
}

static void single_changes(void)
{
	const char *env = getenv("VERIFY_CHANGES");
	long want = env ? atol(env) : 5000, done = 0, same = 0, named = 0;
	char sql[1200];

	uint64_t was[sizeof(tables) / sizeof(*tables)];
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		was[i] = print_of(&tables[i]);
	while (done < want) {
		desk_begin(&d);
		const struct table *t = change(sql, sizeof(sql));
		bool ran = run(sql);
		if (!ran || print_of(t) == was[t - tables]) { /* a key that is taken, or the same value again */
			store_rollback(d.tx.db);
			CHECK(++same < want * 4 + 1000);
			continue;
		}
		struct verify_verdict v = { 0 };
		enum rc rc = verify_store(d.tx.db, &key, NULL, &v, &d.fault);
		if (rc == RC_OK && v.wrong == 0) {
			fprintf(stderr, "not found: %s\n", sql);
			exit(1);
		}
		named += v.first != 0;
		buf_done(&v.words);
		store_rollback(d.tx.db);
		done++;
	}
	printf("%ld changes, all found; %ld name a record\n", done, named);
	is_whole(NULL);
}

/* Whose contents are edited is named, and only that. */
static void names_the_record(void)
{
	char sql[160];

	for (int seq = 257; seq < 490; seq += 17) {
		desk_begin(&d);
		snprintf(sql, sizeof(sql), "UPDATE audit SET actor = 'user:usr_other' WHERE seq = %d", seq);
		CHECK(run(sql));
		struct verify_verdict v = verdict(NULL);
		CHECK(v.wrong == 1 && v.first == (uint64_t)seq &&
			strstr(buf_text(&v.words), "is not as it was written"));
		buf_done(&v.words);
		store_rollback(d.tx.db);
	}
}

/* ---- what is more than one change ---- */

static void read_notes(struct buf *to, bool json)
{
	static const struct store_query all = { .sql = "SELECT note FROM audit_checkpoints ORDER BY n" };
	auto_rows struct store_rows *r = NULL;
	bool row = false;

	ok(store_run(d.tx.db, &all, STORE_NO_ARGS, &r, &d.fault));
	while (store_next(r, &row, &d.fault) == RC_OK && row) {
		if (!json) {
			buf_str(to, store_col_text(r, 0));
			buf_str(to, any(2) ? "\n" : "");
			continue;
		}
		buf_str(to, "<110>1 2026 host footplate - - - {\"note\":\"");
		for (const char *p = store_col_text(r, 0); *p; p++)
			buf_fmt(to, *p == '\n' ? "\\n" : "%c", *p);
		buf_str(to, "\"}\n");
	}
}

/* The trail is cut off at `to`, and all else is made to fit, as who owns the database can. */
static void cut_off(int to)
{
	struct trail_head h = { .loaded = true };
	struct merkle_source s = proofs_source(d.tx.db);
	char sql[200];

	snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE seq > %d", to);
	CHECK(run(sql));
	snprintf(sql, sizeof(sql), "DELETE FROM audit_checkpoints WHERE size > %d", to);
	CHECK(run(sql));
	snprintf(sql, sizeof(sql), "DELETE FROM audit_nodes WHERE (i + 1) * 256 > %d", to);
	CHECK(run(sql));
	h.tree.n = (uint64_t)to;
	for (unsigned l = 0, from = 0; l < MERKLE_LEVELS; l++) {
		unsigned bit = MERKLE_LEVELS - 1 - l;
		if (!((uint64_t)to >> bit & 1))
			continue;
		ok(s.full(s.ctx, bit, from >> bit, h.tree.edge[bit], &d.fault));
		from += 1u << bit;
	}
	h.checkpoint = ask("SELECT COUNT(*) FROM audit_checkpoints", 0);
	ok(trail_head_write(d.tx.db, &h, &d.fault));
}

static void cutting_off(void)
{
	struct buf outside = { 0 }, lines = { 0 };

	read_notes(&outside, false);
	read_notes(&lines, true);
	is_whole(&outside);
	is_whole(&lines);
	for (int to = 370; to < 490; to += 10) {
		desk_begin(&d);
		cut_off(to);
		is_whole(NULL); /* without the anchors nobody can tell */
		struct verify_verdict v = verdict(&outside), w = verdict(&lines);
		CHECK((v.wrong > 0) == (to < 481) && v.wrong == w.wrong);
		CHECK(to >= 481 || (v.first == (uint64_t)to + 1 && strstr(buf_text(&v.words), "was cut off")));
		buf_done(&v.words);
		buf_done(&w.words);
		store_rollback(d.tx.db);
	}
	/* Cut off, and grown again to the same size: another tree. */
	desk_begin(&d);
	cut_off(380);
	for (int i = 0; i < 110; i++)
		ok(audit_add(&d.tx, "job.create", "forged"));
	struct verify_verdict v = verdict(&outside);
	CHECK(v.wrong == 3 && strstr(buf_text(&v.words), "signs another tree"));
	buf_done(&v.words);
	/* The same after a restore that says so. */
	store_rollback(d.tx.db);
	desk_begin(&d);
	cut_off(380);
	d.tx.now_ms += DAY;
	ok(audit_note(&d.tx, "database.restore", "database", "of a backup"));
	for (int i = 0; i < 60; i++)
		ok(audit_add(&d.tx, "job.create", "job_2"));
	d.tx.now_ms -= DAY;
	v = verdict(&outside);
	CHECK(v.wrong == 0 && v.lost == 3 && strstr(buf_text(&v.words), "a restore took back, as record 381 says"));
	buf_done(&v.words);
	store_rollback(d.tx.db);
	buf_done(&outside);
	buf_done(&lines);
}

static void other_keys(void)
{
	uint8_t seed[CHECKPOINT_KEY] = { 9 };
	struct checkpoint_key mine = key;
	struct checkpoint forged = { .size = 3, .n = 1, .time_ms = 1 };
	struct verify_verdict v = { 0 };
	struct buf text = { 0 }, note = { 0 };

	ok(checkpoint_key_of(key.origin, seed, &mine));
	ok(verify_store(d.tx.db, &mine, NULL, &v, &d.fault));
	CHECK(v.wrong >= 6 && v.checkpoints == 0);
	buf_done(&v.words);
	snprintf(forged.origin, sizeof(forged.origin), "%s", key.origin);
	ok(checkpoint_write(&forged, seed, &note));
	v = verdict(&note);
	CHECK(v.wrong == 1 && strstr(buf_text(&v.words), "not signed by the key"));
	buf_done(&v.words);
	checkpoint_key_write(&key, &text);
	ok(checkpoint_key_read(buf_text(&text), &mine, &d.fault));
	CHECK(!memcmp(&mine, &key, sizeof(key)));
	text.p[text.n - 3] ^= 1;
	CHECK(checkpoint_key_read(buf_text(&text), &mine, &d.fault) == RC_MALFORMED);
	buf_done(&text);
	buf_done(&note);
}

/* Every bit of a signed text counts. */
static void notes(void)
{
	struct buf text = { 0 };
	struct checkpoint c;

	read_notes(&text, false);
	size_t n = (size_t)((char *)memmem(text.p, text.n, "\n\xe2\x80\x94", 4) - (char *)text.p) + 1;
	n += strcspn((char *)text.p + n, "\n") + 1;
	CHECK(checkpoint_read((char *)text.p, n, &key, &c, NULL) == RC_OK && c.n == 1 && c.size == 120);
	for (size_t i = 0; i < n * 8; i++) {
		text.p[i / 8] ^= (uint8_t)(1u << i % 8);
		CHECK(checkpoint_read((char *)text.p, n, &key, &c, NULL) != RC_OK);
		text.p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t k = 0; k < n; k++)
		CHECK(checkpoint_read((char *)text.p, k, &key, &c, NULL) == RC_MALFORMED);
	buf_done(&text);
}

/* Inclusion of every record, pruned ones too, in every checkpoint; each checkpoint grew from each before. */
static void proofs(void)
{
	struct merkle_source s = proofs_source(d.tx.db);
	const uint64_t sizes[] = { 120, 256, 300, 360, 441, 490 };
	struct merkle_proof p;
	uint8_t roots[6][MERKLE_HASH], leaf[MERKLE_HASH];

	for (size_t k = 0; k < 6; k++) {
		ok(merkle_root_of(&s, sizes[k], roots[k], &d.fault));
		for (uint64_t i = 0; i < sizes[k]; i += 13) {
			ok(s.full(s.ctx, 0, i, leaf, &d.fault));
			ok(merkle_prove(&s, i, sizes[k], &p, &d.fault));
			CHECK(merkle_is_in(&p, i, sizes[k], leaf, roots[k]));
		}
		for (size_t j = 0; j <= k; j++) {
			ok(merkle_prove_grown(&s, sizes[j], sizes[k], &p, &d.fault));
			CHECK(merkle_is_grown(&p, sizes[j], roots[j], sizes[k], roots[k]));
		}
	}
}

int main(void)
{
	desk_open(&d);
	make();
	notes();
	proofs();
	names_the_record();
	cutting_off();
	other_keys();
	single_changes();
	desk_close(&d);
	return 0;
}
