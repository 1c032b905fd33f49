/*
 * trail: numbers without gaps, whatever is undone; the head and the kept subtrees are those of the leaves; old records are taken in
 * piece by piece; nothing that a text holds breaks what is written; and no route that changes something leaves no record.
 */
#include "control/access/audit.h"
#include "control/audit/record_row.h"
#include "control/audit/trail.h"
#include "control/http/routes.h"
#include "control/rows.h"
#include "wire/tunnel_auth.h"

#include "tests/unit/control/desk.h"

static struct desk d;

static void ok(enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s\n", d.fault.text);
	exit(1);
}

/* The tree that all rows make, from nothing but their columns. */
static void recompute(struct merkle *ret)
{
	static const struct store_query all = { .sql = "SELECT " RECORD_ROW_COLUMNS
						       ", leaf FROM audit ORDER BY seq" };
	auto_rows struct store_rows *r = NULL;
	char hex[2 * MERKLE_HASH + 1];
	uint8_t leaf[MERKLE_HASH];
	bool row = false;

	*ret = (struct merkle){ 0 };
	ok(store_run(d.tx.db, &all, STORE_NO_ARGS, &r, &d.fault));
	while (store_next(r, &row, &d.fault) == RC_OK && row) {
		struct arena a = { 0 };
		struct audit_record rec = { 0 };
		ok(rows_read(r, audit_record_fields, &a, &rec, &d.fault));
		CHECK(rec.seq == (int64_t)ret->n + 1);
		ok(audit_record_leaf(&rec, leaf));
		tunnel_auth_hex(leaf, MERKLE_HASH, hex);
		CHECK_STR(store_col_text(r, 14), hex);
		merkle_add(ret, leaf, NULL);
		arena_done(&a);
	}
}

static void check_whole(void)
{
	struct trail_head h = { 0 };
	struct merkle m;
	uint8_t a[MERKLE_HASH], b[MERKLE_HASH];

	recompute(&m);
	ok(trail_head_read(d.tx.db, &h, &d.fault));
	merkle_root(&m, a);
	merkle_root(&h.tree, b);
	CHECK(m.n == h.tree.n && !memcmp(a, b, MERKLE_HASH));
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM audit_nodes WHERE level = 8"), NULL, NULL) ==
		(int64_t)(m.n >> 8));
}

/* As the writer does it: a batch of writes of which some are undone. */
static void batches(void)
{
	struct trail t = { 0 };
	int64_t want = 0;

	for (int batch = 0; batch < 12; batch++) {
		struct tx *tx = desk_begin(&d);
		tx->trail = &t;
		trail_begin(&t);
		for (int w = 0; w < 30; w++) {
			ok(store_mark(tx->db, &d.fault));
			trail_mark(&t);
			for (int i = 0; i <= w % 3; i++)
				ok(audit_note(tx, "job.create", "job_1", w % 2 ? "why" : NULL));
			trail_after(&t, "{}", 2);
			ok(trail_keep(tx));
			if (w % 5 == 4) {
				trail_undo(&t);
				store_undo(tx->db);
				continue;
			}
			ok(store_keep(tx->db, &d.fault));
			want += w % 3 + 1;
		}
		if (batch % 4 == 3) {
			want -= 48;
			store_rollback(tx->db);
			d.open = false;
			continue;
		}
		ok(trail_store(&t, tx->db, &d.fault));
		desk_commit(&d);
	}
	d.tx.trail = NULL;
	trail_done(&t);
	struct tx *tx = desk_begin(&d);
	ok(audit_add(tx, "alone", ""));
	desk_commit(&d);
	check_whole();
	CHECK(desk_number(&d, DESK_QUERY("SELECT MAX(seq) FROM audit"), NULL, NULL) == want + 1 && want > 256);
}

static void adopted(void)
{
	bool more = true;
	int rounds = 0;

	desk_begin(&d);
	ok(store_do(d.tx.db, DESK_QUERY("UPDATE audit SET leaf = ''"), STORE_NO_ARGS, &d.fault));
	ok(store_do(d.tx.db, DESK_QUERY("DELETE FROM audit_nodes"), STORE_NO_ARGS, &d.fault));
	ok(store_do(d.tx.db, DESK_QUERY("UPDATE audit_head SET size = 0, edge = ''"), STORE_NO_ARGS, &d.fault));
	for (int i = 0; i < 5200; i++) {
		ok(store_do(d.tx.db,
			DESK_QUERY("INSERT INTO audit (seq, ts, tenant_id, actor, peer, action, resource, outcome, "
				   "leaf) SELECT MAX(seq) + 1, 5, 'ten_default', 'system', '', 'x', 'y', 'done', "
				   "'' FROM audit"),
			STORE_NO_ARGS, &d.fault));
	}
	desk_commit(&d);
	for (; more; rounds++) {
		struct tx *tx = desk_begin(&d);
		ok(trail_adopt(tx, &more));
		if (rounds == 0) { /* killed before its commit */
			desk_again(&d);
			more = true;
			continue;
		}
		desk_commit(&d);
	}
	CHECK(rounds == 3);
	check_whole();
}

static void harmless(void)
{
	static const char evil[] = "a\nb\r\x1b[2Jc\x7f\xc2\x9b"
				   "d\xe2\x80\xae"
				   "e\xe2\x80\xa8"
				   "f\xff,\"=1\xef\xbb\xbf";
	struct arena a = { 0 };
	char longest[3 * AUDIT_RECORD_WORDS];
	const char *s = audit_record_clean(&a, evil, AUDIT_RECORD_SHORT);

	CHECK_STR(s, "a\\u{a}b\\u{d}\\u{1b}[2Jc\\u{7f}\\u{9b}d\\u{202e}e\\u{2028}f\xef\xbf\xbd,\"=1\\u{feff}");
	CHECK(audit_record_is_clean(s, AUDIT_RECORD_SHORT) && !audit_record_is_clean(evil, AUDIT_RECORD_SHORT));
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = "\xe2\x82\xac"[i % 3];
	longest[sizeof(longest) - 1] = 0;
	s = audit_record_clean(&a, longest, AUDIT_RECORD_SHORT);
	CHECK(strlen(s) == AUDIT_RECORD_SHORT / 3 * 3 && audit_record_is_clean(s, AUDIT_RECORD_SHORT));
	struct tx *tx = desk_begin(&d);
	tx->actor = evil;
	tx->user_agent = longest;
	ok(audit_note(tx, evil, evil, longest));
	tx->actor = "system";
	tx->user_agent = NULL;
	desk_commit(&d);
	check_whole();
	arena_done(&a);
}

/* No member can pass for another, nor nothing for an empty text. */
static void canonical(void)
{
	const struct audit_record one = { .seq = 1,
		.ts = 2,
		.tenant_id = "t",
		.actor = "ab",
		.peer = "",
		.action = "",
		.resource = "",
		.outcome = "done" };
	uint8_t was[MERKLE_HASH], is[MERKLE_HASH];

	ok(audit_record_leaf(&one, was));
	for (const struct field *f = audit_record_fields; f->type != FIELD_END; f++) {
		struct audit_record other = one;
		const char **text = (const char **)(void *)((char *)&other + f->at);
		if (f->type == FIELD_STR)
			*text = *text && !**text ? NULL : "";
		else
			(*(int64_t *)(void *)((char *)&other + f->at))++;
		ok(audit_record_leaf(&other, is));
		CHECK(memcmp(was, is, MERKLE_HASH) != 0);
	}
}

static enum rc silent(struct call *c, void *ret)
{
	(void)c, (void)ret;
	return RC_OK;
}
static enum rc refuses(struct call *c, void *ret)
{
	(void)c, (void)ret;
	return RC_CONFLICT;
}
static enum rc speaks(struct call *c, void *ret)
{
	(void)ret;
	return audit_add(&c->tx, "own.words", "it");
}

/* Every row of the API, with a handler that forgot. */
static void no_route_is_silent(void)
{
	struct trail t = { 0 };
	size_t writes = 0, reads = 0;

	for (const struct route *const *table = routes; *table; table++)
		for (const struct route *row = *table; row->name; row++) {
			struct route r = *row;
			struct tx *tx = desk_begin(&d);
			struct call c = { .tx = *tx, .route = &r, .arg = { "thing_1" } };
			c.tx.trail = &t;
			trail_begin(&t);
			trail_mark(&t);
			r.run = silent;
			ok(route_run(&c, NULL));
			bool write = r.flags & ROUTE_WRITE;
			CHECK(trail_waits(&t) == (write ? 1 : 0));
			ok(trail_keep(&c.tx));
			writes += write;
			reads += !write;
			CHECK(!write || desk_number(&d,
						DESK_QUERY("SELECT COUNT(*) FROM audit WHERE action = 'api.' || $1 "
							   "AND resource = 'thing_1'"),
						r.name, NULL) == 1);
			r.run = speaks;
			trail_mark(&t);
			ok(route_run(&c, NULL));
			CHECK(trail_waits(&t) == 1);
			r.run = refuses;
			trail_mark(&t);
			CHECK(route_run(&c, NULL) == RC_CONFLICT && trail_waits(&t) == 0);
			store_rollback(tx->db);
		}
	CHECK(writes > 50 && reads > 30);
	trail_done(&t);
}

int main(void)
{
	desk_open(&d);
	canonical();
	batches();
	adopted();
	harmless();
	no_route_is_silent();
	desk_close(&d);
	return 0;
}
