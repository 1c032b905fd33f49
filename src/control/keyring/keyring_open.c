#include "control/keyring/keyring_open.h"
#include "base/hush.h"
#include "base/log.h"
#include "contract/kek.h"
#include "control/access/vault.h"
#include "control/keyring/keyring.h"
#include "control/keyring/keyring_rows.h"
#include "control/secrets.h"
#include "control/tx.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

#define TRIES 8

static struct vault_at root_at(char number[static 24], int64_t n)
{
	snprintf(number, 24, "%lld", (long long)n);
	return (struct vault_at){ "keyring", number, "root" };
}

static bool wrapped_by(const struct kek *k, const char *wrapped)
{
	size_t n = k ? strlen(k->impl->name) : 0;
	return n && !strncmp(wrapped, k->impl->name, n) && wrapped[n] == ':';
}

enum rc keyring_open_unwrap(struct control *c, const struct keyring_row *row, struct hush *ret, struct fault *f)
{
	struct kek *k =
		!wrapped_by(c->kek, row->wrapped) && wrapped_by(c->old_kek, row->wrapped) ? c->old_kek : c->kek;
	char bound[KEYRING_ROWS_BOUND_MAX];

	if (!k)
		return fault_set(f, RC_CONFLICT, "there is no key ring, and the database needs %.64s", row->kek);
	keyring_rows_bound(row->number, bound);
	enum rc rc = kek_unwrap(k, bound, row->wrapped, ret, f);
	if (rc == RC_OK && ret->n != KEYRING_KEY)
		return fault_set(f, RC_DENIED, "the vault's key %lld has another length", (long long)row->number);
	return rc;
}

static enum rc load_one(struct control *c, const struct keyring_row *row, struct fault *f)
{
	struct hush key = { 0 };

	if (!*row->wrapped || keyring_has(c->secrets.ring, (uint32_t)row->number))
		return RC_OK;
	enum rc rc = keyring_open_unwrap(c, row, &key, f);
	if (rc == RC_OK)
		rc = keyring_put(c->secrets.ring, (uint32_t)row->number, key.p, f);
	hush_done(&key);
	return rc;
}

enum rc keyring_open_load(struct control *c, const struct keyring_row *rows, size_t n, struct fault *f)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n; i++) {
		enum rc one = load_one(c, &rows[i], rc == RC_OK ? f : NULL);
		rc = rc == RC_OK ? one : rc;
		if (one == RC_OK && !strcmp(rows[i].state, "current"))
			keyring_set_current(c->secrets.ring, (uint32_t)rows[i].number);
	}
	return rc;
}

enum rc keyring_open_root(const struct control *c, const struct keyring_row *row, struct hush *ret, struct fault *f)
{
	char number[24];
	struct vault_at at = root_at(number, row->number);

	enum rc rc = vault_open(&c->secrets, &at, row->number, row->root, ret, f);
	if (rc == RC_OK && ret->n != SECRETS_ROOT)
		return fault_set(f, RC_DENIED, "the root secret has another length");
	return rc;
}

/* Seals the root under a key that is loaded, but does not seal yet. */
static enum rc seal_root(struct control *c, struct arena *a, const uint8_t *root, struct keyring_row *row)
{
	struct control_secrets only = c->secrets; /* the vault as it is when that key is current */
	struct hush value = { 0 };
	struct buf text = { 0 };
	char number[24];
	struct vault_at at = root_at(number, row->number);
	uint8_t key[KEYRING_KEY];
	bool held = false;

	only.ring = NULL;
	if (!keyring_find(c->secrets.ring, (uint32_t)row->number, key))
		return RC_INTERNAL;
	enum rc rc = keyring_new(&only.ring, &held, NULL);
	if (rc == RC_OK)
		rc = keyring_put(only.ring, (uint32_t)row->number, key, NULL);
	if (rc == RC_OK) {
		keyring_set_current(only.ring, (uint32_t)row->number);
		rc = hush_set(&value, root, SECRETS_ROOT);
	}
	if (rc == RC_OK)
		rc = vault_seal(&only, &at, row->number, &value, &text);
	row->root = rc == RC_OK ? arena_str(a, buf_text(&text)) : NULL;
	hush_wipe(key, sizeof(key));
	hush_wipe(&only, offsetof(struct control_secrets, ring));
	keyring_free(only.ring);
	hush_done(&value);
	buf_done(&text);
	return rc == RC_OK && !row->root ? RC_NOMEM : rc;
}

enum rc keyring_open_make(
	struct control *c, struct arena *a, const uint8_t *root, struct keyring_row *row, struct fault *f)
{
	uint8_t random[KEYRING_KEY];
	char bound[KEYRING_ROWS_BOUND_MAX];
	struct hush key = { 0 };
	struct buf text = { 0 };

	clock_random(random, sizeof(random));
	keyring_rows_bound(row->number, bound);
	enum rc rc = c->kek ? hush_set(&key, random, sizeof(random)) : RC_INTERNAL;
	if (rc == RC_OK)
		rc = kek_wrap(c->kek, bound, &key, &text, f);
	if (rc == RC_OK)
		rc = keyring_put(c->secrets.ring, (uint32_t)row->number, random, f);
	if (rc == RC_OK)
		rc = seal_root(c, a, root, row);
	if (rc == RC_OK) {
		row->wrapped = arena_str(a, buf_text(&text));
		row->kek = row->wrapped ? keyring_rows_kek(a, row->wrapped) : NULL;
		rc = row->kek ? RC_OK : RC_NOMEM;
	}
	hush_wipe(random, sizeof(random));
	hush_done(&key);
	buf_done(&text);
	return rc;
}

/* ---- the first key ---- */

/* The name of the root that the database was made with; RC_MISSING: it is new. */
static enum rc root_name(struct store_conn *db, struct arena *a, const char **ret, struct fault *f)
{
	static const struct store_query find = { .sql = "SELECT value FROM meta WHERE name = 'master_key'" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &find, STORE_NO_ARGS, &r, f);

	if (rc == RC_OK)
		*ret = arena_str(a, store_col_text(r, 0));
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

/* What was the master key of an old installation is its root for ever: agents and API keys know it. */
static enum rc old_root(struct control *c, struct hush *ret, struct fault *f)
{
	enum rc rc = kek_master(c->kek, ret, f);

	if (rc == RC_MISSING && c->old_kek)
		rc = kek_master(c->old_kek, ret, f);
	return rc == RC_MISSING
		       ? fault_set(f, RC_CONFLICT,
				 "the database was made with a master key that is not here: give it the one "
				 "it was made with (data.master_key, or DATA/master.key)")
		       : rc;
}

/* needs: the name of an old installation's root; NULL: the database is new. */
static enum rc first_root(struct control *c, const char *needs, struct hush *ret, struct fault *f)
{
	char name[SECRETS_NAME_MAX];
	uint8_t random[SECRETS_ROOT];
	enum rc rc = RC_OK;

	if (needs) {
		rc = old_root(c, ret, f);
	} else {
		clock_random(random, sizeof(random));
		rc = hush_set(ret, random, sizeof(random));
		hush_wipe(random, sizeof(random));
	}
	if (rc == RC_OK)
		rc = secrets_derive(ret->p, &c->secrets);
	secrets_name(&c->secrets, name);
	if (rc == RC_OK && needs && strcmp(needs, name) != 0)
		return fault_set(f, RC_CONFLICT,
			"the database belongs to another master key; give it the one it was made with");
	return rc;
}

static enum rc note_name(struct control *c, struct store_conn *db, struct fault *f)
{
	static const struct store_query note = {
		.sql = "INSERT INTO meta (name, value) VALUES ('master_key', $1) ON CONFLICT (name) DO NOTHING"
	};
	char name[SECRETS_NAME_MAX];

	secrets_name(&c->secrets, name);
	return store_do(db, &note, STORE_ARGS(store_text(name)), f);
}

/* Another control plane may have been first: what was made here is then dropped, and its key opened. */
static enum rc make_first(
	struct control *c, struct store_conn *db, struct arena *a, const char *needs, struct fault *f)
{
	struct keyring_row row = { .number = 1, .created_at = clock_wall_ms() };
	struct hush root = { 0 };
	bool made = false;

	enum rc rc = first_root(c, needs, &root, f);
	if (rc == RC_OK)
		rc = keyring_open_make(c, a, root.p, &row, f);
	hush_done(&root);
	if (rc == RC_OK)
		rc = store_begin(db, f);
	if (rc != RC_OK)
		return rc;
	rc = keyring_rows_first(db, &row, &made, f);
	if (rc == RC_OK && made)
		rc = note_name(c, db, f);
	if (rc == RC_OK && made)
		rc = store_commit(db, f);
	else
		store_rollback(db);
	if (rc != RC_OK || !made)
		keyring_drop(c->secrets.ring, 1);
	if (rc == RC_OK && made)
		log_info(c->log, "the vault has its first key kek=%s", row.kek);
	return rc;
}

/* ---- opening ---- */

static enum rc take_root(
	struct control *c, struct store_conn *db, struct arena *a, const struct keyring_row *row, struct fault *f)
{
	struct hush root = { 0 };
	const char *needs = NULL;
	char name[SECRETS_NAME_MAX];

	enum rc rc = keyring_open_root(c, row, &root, f);
	if (rc == RC_OK)
		rc = secrets_derive(root.p, &c->secrets);
	hush_done(&root);
	if (rc == RC_OK)
		rc = root_name(db, a, &needs, f);
	secrets_name(&c->secrets, name);
	if (rc == RC_OK && strcmp(needs, name) != 0)
		rc = fault_set(f, RC_CONFLICT, "the root secret is not the one that the database was made with");
	return rc;
}

/*
 * The root's name is read before the keys: another control plane that starts on the same empty database commits both at once, so a
 * name without a key is an old installation's, and never one that is being made.
 */
static enum rc open_once(struct control *c, struct store_conn *db, struct arena *a, bool *ret_done, struct fault *f)
{
	struct keyring_row *rows = NULL;
	const char *needs = NULL;
	size_t n = 0;

	*ret_done = false;
	enum rc rc = root_name(db, a, &needs, f);
	if (rc == RC_OK || rc == RC_MISSING)
		rc = keyring_rows_live(db, a, &rows, &n, f);
	if (rc != RC_OK)
		return rc;
	if (n == 0)
		return make_first(c, db, a, needs, f);
	rc = keyring_open_load(c, rows, n, f);
	for (size_t i = 0; rc == RC_OK && i < n && !*ret_done; i++)
		if (!strcmp(rows[i].state, "current")) {
			rc = take_root(c, db, a, &rows[i], f);
			*ret_done = true;
		}
	return rc == RC_OK && !*ret_done ? fault_set(f, RC_INTERNAL, "the vault has no current key") : rc;
}

enum rc keyring_open(struct control *c, struct store_conn *db, struct fault *f)
{
	struct arena arena = { 0 };
	bool held = false, done = false; /* main has said whether keys are kept out of swap */
	enum rc rc = c->secrets.ring ? RC_OK : keyring_new(&c->secrets.ring, &held, f);

	for (int i = 0; rc == RC_OK && !done; i++)
		rc = i < TRIES ? open_once(c, db, &arena, &done, f)
			       : fault_set(f, RC_INTERNAL, "the vault's first key was not made");
	arena_done(&arena);
	return rc;
}

enum rc keyring_open_enter(struct tx *tx)
{
	struct keyring_row *rows = NULL;
	uint32_t numbers[KEYRING_MAX + 1];
	size_t n = 0, loaded = 0;

	enum rc rc = keyring_rows_live(tx->db, tx->arena, &rows, &n, tx->fault);
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		if (!*rows[i].wrapped)
			continue;
		if (!keyring_has(tx->control->secrets.ring, (uint32_t)rows[i].number))
			return RC_STALE;
		if (!strcmp(rows[i].state, "current"))
			keyring_set_current(tx->control->secrets.ring, (uint32_t)rows[i].number);
		numbers[loaded++] = (uint32_t)rows[i].number;
	}
	return rc == RC_OK ? keyring_rows_known(tx, numbers, loaded) : rc;
}
