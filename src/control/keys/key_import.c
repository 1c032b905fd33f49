#include "control/keys/key_import.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/engine/submit.h"
#include "control/events/events.h"
#include "control/keys/key_rows.h"
#include "control/keys/key_steps.h"
#include "model/job.h"
#include "wire/field_json.h"

#include <stdio.h>

#define LINES_BAD_MAX 20 /* of a text: bad lines that are told */

/* clang-format off */
static const struct field expect_fields[] = {
	{ .name = "sub", .type = FIELD_U32, FIELD_AT(struct key_in, expect.sub), .doc = "The package that it should give." },
	{ .name = "app", .type = FIELD_U32, FIELD_AT(struct key_in, expect.app), .doc = "The app that it should give." },
	{ 0 },
};
static const struct field key_fields[] = {
	{ .name = "key", .type = FIELD_STR, FIELD_AT(struct key_in, key), .flags = FIELD_REQUIRED | FIELD_SECRET, .min = KEY_TEXT_MIN, .max = KEY_TEXT_MAX, .chars = KEY_CHARS, .doc = "The key." },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct key_in, name), .flags = FIELD_NULLABLE, .max = 200, .doc = "What it should be." },
	{ .name = "accountId", .type = FIELD_STR, FIELD_AT(struct key_in, account_id), .flags = FIELD_NULLABLE, .max = 64, .doc = "With the distribution pinned: the account it is for." },
	{ .name = "expect", .type = FIELD_OBJ, .sub = expect_fields, .doc = "What it gives, when that is known: accounts that own it are passed over." },
	{ 0 },
};
static const struct field candidate_fields[] = {
	{ .name = "accounts", .type = FIELD_LIST, FIELD_AT(struct key_candidates, accounts), .item = FIELD_STR, .max = JOB_TARGETS_MAX, .doc = "Ids of accounts, in the order in which they shall get keys." },
	{ .name = "labels", .type = FIELD_MAP, FIELD_AT(struct key_candidates, labels), .doc = "Every account that has all these labels." },
	{ .name = "allAccounts", .type = FIELD_BOOL, FIELD_AT(struct key_candidates, all), .doc = "Every account." },
	{ 0 },
};
#define SETTINGS(kind) \
	{ .name = "distribution", .type = FIELD_ENUM, FIELD_AT(struct kind, distribution), .words = key_distribution_words, .doc = "Which account gets the next key." }, \
	{ .name = "maxTriesPerKey", .type = FIELD_U32, FIELD_AT(struct kind, max_tries), .min = 1, .max = 100, .def = 3, .doc = "On how many accounts a key is tried." }, \
	{ .name = "perAccountLimit", .type = FIELD_U32, FIELD_AT(struct kind, account_limit), .max = 100000, .doc = "Keys redeemed by one account; 0: no limit." }, \
	{ .name = "stopOnInvalidPercent", .type = FIELD_U32, FIELD_AT(struct kind, stop_percent), .max = 100, .doc = "Pauses when so many of the keys that are over were invalid, after the first twenty; 0: never." }, \
	{ .name = "priority", .type = FIELD_U32, FIELD_AT(struct kind, priority), .max = JOB_PRIORITY_MAX, .def = 4, .doc = "Of its tasks; 9 goes first." }, \
	{ .name = "start", .type = FIELD_BOOL, FIELD_AT(struct kind, start), .doc = "Start it at once." }

const struct field key_import_fields[] = {
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct key_batch_in, name), .flags = FIELD_NULLABLE, .max = 200, .doc = "For people." },
	{ .name = "keys", .type = FIELD_LIST, FIELD_AT(struct key_batch_in, keys), .flags = FIELD_REQUIRED, .item = FIELD_OBJ, .sub = key_fields, .sub_size = sizeof(struct key_in), .min = 1, .max = KEY_IMPORT_MAX, .doc = "The keys." },
	{ .name = "candidates", .type = FIELD_OBJ, FIELD_AT(struct key_batch_in, candidates), .sub = candidate_fields, .flags = FIELD_REQUIRED, .doc = "The accounts that may get them: one of accounts, labels or allAccounts." },
	SETTINGS(key_batch_in),
	{ 0 },
};
const struct field key_import_query[] = {
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct key_text_query, name), .max = 200, .doc = "With text: the batch's name." },
	{ .name = "accounts", .type = FIELD_STR, FIELD_AT(struct key_text_query, accounts), .doc = "With text: ids of accounts, parted by commas." },
	{ .name = "label", .type = FIELD_STR, FIELD_AT(struct key_text_query, label), .max = 200, .doc = "With text: NAME=VALUE of accounts." },
	{ .name = "allAccounts", .type = FIELD_BOOL, FIELD_AT(struct key_text_query, all), .doc = "With text: every account." },
	SETTINGS(key_text_query),
	{ 0 },
};
/* clang-format on */

struct importing {
	struct call *c;
	const struct key_batch_in *in;
	const char *id;
	uint32_t seats;
};

static enum rc add_batch(struct importing *im)
{
	static const struct store_query insert = { .sql = "INSERT INTO key_batches (id, name, status, "
							  "distribution, max_tries, account_limit, stop_percent, "
							  "priority, created_by, version, created_at, updated_at, "
							  "tenant_id) VALUES ($1, $2, 'draft', $3, $4, $5, $6, "
							  "$7, $8, 1, $9, $9, $10)" };
	const struct key_batch_in *in = im->in;
	struct tx *tx = &im->c->tx;
	return store_do(tx->db, &insert,
		STORE_ARGS(store_text(im->id), store_text(in->name),
			store_text(key_distribution_words[in->distribution]), store_int(in->max_tries),
			store_int(in->account_limit), store_int(in->stop_percent), store_int(in->priority),
			store_text(tx->actor), store_int(tx->now_ms), store_text(tx_tenant(tx))),
		tx->fault);
}

/* RC_EXISTS spoils nothing: the next one can be added. */
static enum rc add_seat(struct importing *im, const char *account_id)
{
	static const struct store_query insert = { .sql = "INSERT INTO batch_accounts (batch_id, account_id, ord, "
							  "got, redeemed, not_before) VALUES ($1, $2, "
							  "$3, 0, 0, 0) ON CONFLICT DO NOTHING RETURNING ord" };
	auto_rows struct store_rows *r = NULL;
	struct tx *tx = &im->c->tx;
	uint32_t seat = im->seats++;
	enum rc rc = store_one(tx->db, &insert,
		STORE_ARGS(store_text(im->id), store_text(account_id), store_int(seat)), &r, tx->fault);
	return rc == RC_MISSING ? RC_EXISTS : rc;
}

/* Is it an account of the caller's tenant that they may give keys to? Else RC_MISSING. */
static enum rc may_redeem(struct call *c, const char *account_id)
{
	const struct decide_use use = { .account_id = account_id, .action = "keys.redeem" };
	return decide_use(&c->tx, c->who, SCOPE_GAME_KEYS_WRITE, &use);
}

static enum rc add_named(struct importing *im)
{
	const char *const *ids = im->in->candidates.accounts.at;
	struct call *c = im->c;
	enum rc rc = RC_OK;
	bool bad = false;

	for (size_t i = 0; rc == RC_OK && i < im->in->candidates.accounts.n; i++) {
		const char *pointer = arena_fmt(c->tx.arena, "/candidates/accounts/%zu", i);
		rc = may_redeem(c, ids[i]);
		if (rc == RC_OK)
			rc = add_seat(im, ids[i]);
		bad |= rc == RC_MISSING || rc == RC_EXISTS;
		if (rc == RC_MISSING)
			field_json_problem(c->reader, pointer, "not_one_of", "there is no such account");
		else if (rc == RC_EXISTS)
			field_json_problem(
				c->reader, pointer, "out_of_range", "the account stands in the list twice");
		rc = rc == RC_MISSING || rc == RC_EXISTS ? RC_OK : rc;
	}
	return bad ? RC_INVALID : rc;
}

/* One that was not named is left out when it is not for the caller. */
static enum rc add_fit(struct importing *im, const char *account_id)
{
	enum rc rc = decide_is_narrowed(im->c->who, SCOPE_GAME_KEYS_WRITE) ? may_redeem(im->c, account_id) : RC_OK;
	if (rc == RC_OK)
		rc = add_seat(im, account_id);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc add_selected(struct importing *im)
{
	static const struct store_query all = {
		.sql = "SELECT id, labels FROM accounts WHERE tenant_id = $1 ORDER BY id"
	};
	struct call *c = im->c;
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = store_run(c->tx.db, &all, STORE_ARGS(store_text(tx_tenant(&c->tx))), &r, c->tx.fault);

	while (rc == RC_OK && (rc = store_next(r, &row, c->tx.fault)) == RC_OK && row)
		if (im->in->candidates.all ||
			submit_has_labels(c->tx.arena, store_col_text(r, 1), &im->in->candidates.labels))
			rc = add_fit(im, store_col_text(r, 0));
	if (rc == RC_OK && im->seats == 0)
		return field_json_problem(c->reader, "/candidates", "out_of_range", "no account is selected");
	return rc;
}

static enum rc add_seats(struct importing *im)
{
	const struct key_candidates *k = &im->in->candidates;

	if ((k->accounts.n > 0) + (k->labels.n > 0) + k->all != 1)
		return field_json_problem(im->c->reader, "/candidates", "required",
			"name accounts by one of accounts, labels or allAccounts");
	return k->accounts.n ? add_named(im) : add_selected(im);
}

/* Where the key is already: alive or spent in another batch. "" in none; then *ret_twice tells whether it is in this one. */
static enum rc find_known(struct importing *im, const char *hash, const char **ret_known, bool *ret_twice)
{
	static const struct store_query find = { .sql = "SELECT state, batch_id FROM batch_keys WHERE hash = $1 "
							"AND tenant_id = $2 AND state NOT IN "
							"('exhausted', 'canceled')" };
	struct tx *tx = &im->c->tx;
	auto_rows struct store_rows *r = NULL;
	enum rc rc =
		store_one(tx->db, &find, STORE_ARGS(store_text(hash), store_text(tx_tenant(tx))), &r, tx->fault);

	*ret_known = NULL;
	*ret_twice = false;
	if (rc != RC_OK)
		return rc == RC_MISSING ? RC_OK : rc;
	*ret_twice = !strcmp(store_col_text(r, 1), im->id);
	*ret_known = arena_fmt(tx->arena, "%s in %s", store_col_text(r, 0), store_col_text(r, 1));
	return *ret_known ? RC_OK : RC_NOMEM;
}

static enum rc insert_key(
	struct importing *im, const struct key_in *k, size_t ord, const char *hash, const char *known)
{
	static const struct store_query insert = { .sql = "INSERT INTO batch_keys (id, batch_id, ord, name, "
							  "masked, hash, sealed, sub, app, pinned, state, tries, "
							  "detail, packages, not_before, created_at, updated_at, "
							  "tenant_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
							  "$10, $11, 0, $12, '[]', 0, $13, $13, $14)" };
	struct tx *tx = &im->c->tx;
	const char *id = tx_id(tx, "key"), *sealed = NULL;
	char masked[KEY_TEXT_MAX + 1];

	key_mask(k->key, strlen(k->key), masked);
	enum rc rc = id ? key_rows_seal(tx, id, k->key, &sealed) : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	return store_do(tx->db, &insert,
		STORE_ARGS(store_text(id), store_text(im->id), store_int((int64_t)ord), store_text(k->name),
			store_text(masked), store_text(hash), store_text(sealed), store_int(k->expect.sub),
			store_int(k->expect.app), store_text(k->account_id),
			store_text(key_words[known ? KEY_CANCELED : KEY_QUEUED]), store_text(known),
			store_int(tx->now_ms), store_text(tx_tenant(tx))),
		tx->fault);
}

static enum rc add_key(struct importing *im, const struct key_in *k, size_t ord)
{
	char key[KEY_TEXT_MAX + 1], hash[65];
	const char *known;
	bool twice;
	enum rc rc = RC_OK;

	if ((im->in->distribution == KEY_PINNED) != (k->account_id != NULL))
		return field_json_problem(im->c->reader, arena_fmt(im->c->tx.arena, "/keys/%zu/accountId", ord),
			k->account_id ? "out_of_range" : "required",
			"an account stands with each key when the distribution is pinned, and only then");
	if (k->account_id && (rc = may_redeem(im->c, k->account_id)) != RC_OK)
		return rc == RC_MISSING ? field_json_problem(im->c->reader,
						  arena_fmt(im->c->tx.arena, "/keys/%zu/accountId", ord),
						  "not_one_of", "there is no such account")
					: rc;
	snprintf(key, sizeof(key), "%s", k->key);
	key_canonical(key);
	key_rows_hash(im->c->tx.control, key, hash);
	hush_wipe(key, sizeof(key));
	rc = find_known(im, hash, &known, &twice);
	return rc == RC_OK && !twice ? insert_key(im, k, ord, hash, known) : rc;
}

enum rc key_import_new(struct call *c, const struct key_batch_in *in, const char **ret_id)
{
	struct importing im = { .c = c, .in = in, .id = tx_id(&c->tx, "kbt") };
	const struct key_in *k = in->keys.at;
	struct key_batch b = { 0 };

	enum rc rc = im.id ? add_batch(&im) : RC_NOMEM;
	if (rc == RC_OK)
		rc = add_seats(&im);
	for (size_t i = 0; rc == RC_OK && i < in->keys.n; i++)
		rc = add_key(&im, &k[i], i);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "key_batch.created",
						.resource = im.id,
						.payload = arena_fmt(c->tx.arena, "{\"keys\":%zu}", in->keys.n) });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "key_batch.create", im.id);
	if (rc == RC_OK && in->start)
		rc = key_rows_batch(&c->tx, im.id, &b);
	if (rc == RC_OK && in->start)
		rc = key_rows_batch_move(&c->tx, &b, KEY_BATCH_RUNNING);
	if (rc == RC_OK && in->start)
		rc = key_steps_run(&c->tx, im.id, true);
	*ret_id = im.id;
	return rc;
}

/* ---- lines of text ---- */

/* One line: "key", or "name<TAB>key". False: no key in it. */
static bool read_line(struct arena *a, const char *p, size_t n, struct key_in *k)
{
	const char *tab = memrchr(p, '\t', n);
	const char *key = tab ? tab + 1 : p;
	size_t key_n = n - (size_t)(key - p);

	while (key_n && *key == ' ')
		key++, key_n--;
	while (key_n && (key[key_n - 1] == ' ' || key[key_n - 1] == '\r'))
		key_n--;
	if (!key_is_text(key, key_n))
		return false;
	k->key = arena_strn(a, key, key_n);
	k->name = tab && tab > p ? arena_strn(a, p, (size_t)(tab - p)) : NULL;
	return k->key != NULL;
}

static bool is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			return false;
	return true;
}

static enum rc read_lines(struct call *c, struct key_batch_in *in)
{
	struct key_in *keys = arena_take(c->tx.arena, (KEY_IMPORT_MAX + 1) * sizeof(*keys));
	const char *p = c->text, *end = p + c->text_n;
	size_t n = 0, line = 0, bad = 0;

	if (!keys)
		return RC_NOMEM;
	while (p < end && bad < LINES_BAD_MAX) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		line++;
		if (n == KEY_IMPORT_MAX)
			return fault_set(
				c->tx.fault, RC_INVALID, "more than %d keys; make several batches", KEY_IMPORT_MAX);
		if (!is_blank(p, len) && !read_line(c->tx.arena, p, len, &keys[n++])) {
			field_json_problem(c->reader, arena_fmt(c->tx.arena, "/line/%zu", line), "malformed",
				"is neither a key nor a name, a tab and a key");
			bad++;
		}
		p = stop ? stop + 1 : end;
	}
	in->keys = (struct field_list){ keys, n };
	if (!bad && !n)
		return fault_set(c->tx.fault, RC_INVALID, "there is no key in the text");
	return bad ? RC_INVALID : RC_OK;
}

static enum rc read_accounts(struct call *c, const char *text, struct field_list *to)
{
	size_t n = 1;
	for (const char *p = text; *p; p++)
		n += *p == ',';
	const char **ids = arena_take(c->tx.arena, n * sizeof(*ids));
	for (size_t i = 0; ids && i < n; i++) {
		size_t len = strcspn(text, ",");
		ids[i] = arena_strn(c->tx.arena, text, len);
		text += len + (text[len] == ',');
	}
	*to = (struct field_list){ ids, n };
	return ids ? RC_OK : RC_NOMEM;
}

enum rc key_import_text(struct call *c, const struct key_text_query *q, const char **ret_id)
{
	struct key_batch_in in = { .name = q->name,
		.candidates.all = q->all,
		.distribution = q->distribution,
		.max_tries = q->max_tries,
		.account_limit = q->account_limit,
		.stop_percent = q->stop_percent,
		.priority = q->priority,
		.start = q->start };
	const char *equals = q->label ? strchr(q->label, '=') : NULL;
	struct field_pair label = { 0 };

	if (q->label && !equals)
		return field_json_problem(c->reader, "?label", "malformed", "is not NAME=VALUE");
	if (equals) {
		label = (struct field_pair){ arena_strn(c->tx.arena, q->label, (size_t)(equals - q->label)),
			equals + 1 };
		in.candidates.labels = (struct field_list){ &label, 1 };
	}
	enum rc rc = q->accounts ? read_accounts(c, q->accounts, &in.candidates.accounts) : RC_OK;
	if (rc == RC_OK)
		rc = read_lines(c, &in);
	return rc == RC_OK ? key_import_new(c, &in, ret_id) : rc;
}
