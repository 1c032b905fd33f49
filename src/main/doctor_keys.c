#include "base/hush.h"
#include "contract/kek.h"
#include "control/control.h"
#include "control/keyring/keyring_open.h"
#include "control/keyring/keyring_rows.h"
#include "main/doctor_checks.h"
#include "main/open_kek.h"

static void open_all(struct doctor *d, struct control *c, const struct keyring_row *rows, size_t n)
{
	struct fault f = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct hush key = { 0 };
		if (!*rows[i].wrapped)
			continue;
		enum rc rc = keyring_open_unwrap(c, &rows[i], &key, &f);
		hush_done(&key);
		if (rc == RC_OK)
			continue;
		doctor_say(d, DOCTOR_FAIL, "master key",
			"put the key ring back that has this version: without it no secret opens",
			"the vault's key %lld is under %.64s: %.300s", (long long)rows[i].number, rows[i].kek,
			f.text);
		return;
	}
	doctor_say(d, DOCTOR_OK, "master key", NULL, "%s opens all %zu keys of the vault", c->kek->impl->name, n);
}

void doctor_keys(struct doctor *d, struct store_conn *db)
{
	static const struct store_query has_table = { .sql = "SELECT COUNT(*) FROM vault_keys" },
					has_name = { .sql = "SELECT value FROM meta WHERE name = 'master_key'" };
	auto_rows struct store_rows *r = NULL;
	auto_of(kek) struct kek *kek = NULL, *old = NULL;
	struct control c = { 0 };
	struct arena arena = { 0 };
	struct keyring_row *rows = NULL;
	struct fault f = { 0 };
	size_t n = 0;

	bool named = store_one(db, &has_name, STORE_NO_ARGS, &r, &f) == RC_OK;
	store_close(take(r));
	bool keyed = store_one(db, &has_table, STORE_NO_ARGS, &r, &f) == RC_OK && store_col_int(r, 0) > 0;
	store_close(take(r));
	enum rc rc = open_kek(d->conf, false, &kek, &old, &f); /* making one would hide that it is gone */
	if (rc == RC_MISSING && !named && !keyed)
		return;
	if (rc == RC_MISSING)
		doctor_say(
			d, DOCTOR_FAIL, "master key", "put it back: without it no secret opens", "%.300s", f.text);
	else if (rc != RC_OK)
		doctor_say(d, DOCTOR_FAIL, "master key", "put the right one back", "%.300s", f.text);
	else if (!keyed)
		doctor_say(d, DOCTOR_OK, "master key", NULL,
			"%s is there; the database has no key of the vault yet", kek->impl->name);
	else if (keyring_rows_live(db, &arena, &rows, &n, &f) != RC_OK)
		doctor_say(d, DOCTOR_FAIL, "master key", "look at the table vault_keys", "%.300s", f.text);
	else {
		c.kek = kek;
		c.old_kek = old;
		open_all(d, &c, rows, n);
	}
	arena_done(&arena);
}
