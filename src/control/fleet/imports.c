#include "control/fleet/imports.h"
#include "base/rc.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/fleet/account_row.h"
#include "control/fleet/account_secrets.h"
#include "control/fleet/import_rows.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

struct import_in {
	int format;
	const char *content;
};
static const struct field import_in_fields[] = {
	{ .name = "format",
		.type = FIELD_ENUM,
		FIELD_AT(struct import_in, format),
		.flags = FIELD_REQUIRED,
		.words = import_rows_words,
		.doc = "csv: the first line names the columns. jsonl, asf and maFile: one JSON object a line." },
	{ .name = "content",
		.type = FIELD_STR,
		FIELD_AT(struct import_in, content),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = IMPORTS_BYTES_MAX,
		.doc = "The file's text." },
	{ 0 },
};

enum outcome { CREATED, UPDATED, UNCHANGED, REFUSED };
static const char *const outcome_words[] = { "created", "updated", "unchanged", "refused", NULL };

struct imported {
	uint32_t index;
	const char *login, *id;
	int outcome;
	const char *code, *detail;
};
static const struct field imported_fields[] = {
	{ .name = "index", .type = FIELD_U32, FIELD_AT(struct imported, index), .doc = "The row, from 0." },
	{ .name = "login",
		.type = FIELD_STR,
		FIELD_AT(struct imported, login),
		.doc = "Its login, when it has one." },
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct imported, id), .doc = "Of the account; null: refused." },
	{ .name = "outcome",
		.type = FIELD_ENUM,
		FIELD_AT(struct imported, outcome),
		.words = outcome_words,
		.doc = "updated: it was there, and has new secrets." },
	{ .name = "code", .type = FIELD_STR, FIELD_AT(struct imported, code), .doc = "Why refused, as a code." },
	{ .name = "detail", .type = FIELD_STR, FIELD_AT(struct imported, detail), .doc = "Why, in words." },
	{ 0 },
};

struct import_out {
	uint32_t created, updated, unchanged, refused;
	struct field_list results;
};
static const struct field import_out_fields[] = {
	{ .name = "created",
		.type = FIELD_U32,
		FIELD_AT(struct import_out, created),
		.doc = "Accounts that are new." },
	{ .name = "updated",
		.type = FIELD_U32,
		FIELD_AT(struct import_out, updated),
		.doc = "Accounts that have new secrets." },
	{ .name = "unchanged",
		.type = FIELD_U32,
		FIELD_AT(struct import_out, unchanged),
		.doc = "Accounts that had all of it." },
	{ .name = "refused", .type = FIELD_U32, FIELD_AT(struct import_out, refused), .doc = "Rows not taken." },
	{ .name = "results",
		.type = FIELD_LIST,
		FIELD_AT(struct import_out, results),
		.item = FIELD_OBJ,
		.sub = imported_fields,
		.sub_size = sizeof(struct imported),
		.doc = "One for each row." },
	{ 0 },
};

/* One row at work: what is wrong with it goes into its result, anything else ends the whole. */
struct row {
	struct call *c;
	struct tx tx;
	struct fault fault;
	struct field_reader reader;
	struct imported *to;
	const json_t *secrets; /* name to value */
};

static enum rc refuse(struct row *w, const char *code, const char *detail)
{
	w->to->outcome = REFUSED;
	w->to->id = NULL;
	w->to->code = code;
	w->to->detail = arena_str(w->tx.arena, detail);
	return RC_OK;
}

static enum rc find_login(struct row *w, const char *login)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM accounts WHERE login = $1 AND tenant_id = $2"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		w->tx.db, &find, STORE_ARGS(store_text(login), store_text(tx_tenant(&w->tx))), &r, &w->fault);
	if (rc == RC_OK)
		rc = decide_object(w->c, OBJECT_ACCOUNT, store_col_text(r, 0));
	if (rc == RC_OK)
		w->to->id = arena_str(w->tx.arena, store_col_text(r, 0));
	return rc;
}

static enum rc put_secret(struct row *w, const char *name, const char *text, bool *any)
{
	struct hush value = { 0 };
	bool changed = false;

	enum rc rc = hush_set(&value, text, strlen(text));
	if (rc == RC_OK)
		rc = account_secrets_put(&w->tx, w->to->id, name, &value, &changed);
	hush_done(&value);
	*any |= changed;
	return rc;
}

/* All are looked at before the first is stored: a row is taken whole or not at all. */
static bool check_secrets(struct row *w)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)w->secrets, name, v)
	{
		struct hush value = { 0 };
		const char *text = json_string_value(v);
		enum rc rc = text ? hush_set(&value, text, strlen(text)) : RC_INVALID;
		if (rc == RC_OK)
			rc = account_secrets_check(name, &value, &w->fault);
		else
			rc = fault_set(&w->fault, RC_INVALID, "%s: must be a text", name);
		hush_done(&value);
		if (rc != RC_OK)
			return false;
	}
	return true;
}

static enum rc store_row(struct row *w, struct account *v)
{
	bool any = false;
	const char *name;
	json_t *value;

	enum rc rc = find_login(w, v->login);
	w->to->outcome = rc == RC_MISSING ? CREATED : UNCHANGED;
	if (rc == RC_MISSING) {
		rc = account_row_check(&w->tx, &w->reader, "", v, NULL);
		if (rc == RC_OK)
			rc = account_row_add(&w->tx, v);
		if (rc == RC_OK)
			rc = account_row_hold(w->c, v->id);
		w->to->id = v->id;
	}
	json_object_foreach((json_t *)w->secrets, name, value) if (rc == RC_OK) rc =
		put_secret(w, name, json_string_value(value), &any);
	if (rc == RC_OK && any && w->to->outcome == UNCHANGED)
		w->to->outcome = UPDATED;
	return rc;
}

/* Parts the row into what an account has, and its secrets. */
static json_t *part(json_t *row)
{
	json_t *secrets = json_object();
	for (size_t i = 0; secrets && import_rows_secrets[i]; i++) {
		json_t *v = json_object_get(row, import_rows_secrets[i]);
		if (v && json_object_set(secrets, import_rows_secrets[i], v) == 0)
			json_object_del(row, import_rows_secrets[i]);
	}
	return secrets;
}

static enum rc take_row(struct call *c, json_t *row, struct imported *to)
{
	struct row w = { .c = c, .tx = c->tx, .to = to, .reader = { .arena = c->tx.arena } };
	struct account v = { 0 };

	w.tx.fault = &w.fault;
	if (!json_is_object(row))
		return refuse(&w, "malformed", "the row is not of its format, or its password is encrypted");
	auto_json struct json_t *secrets = part(row);
	if (!secrets)
		return RC_NOMEM;
	w.secrets = secrets;
	enum rc rc = field_json_decode(account_row_in_fields, row, &w.reader, &v, &w.fault);
	if (rc == RC_INVALID && w.reader.problems_n)
		return refuse(&w, w.reader.problems[0].code,
			arena_fmt(
				c->tx.arena, "%s: %s", w.reader.problems[0].pointer, w.reader.problems[0].detail));
	if (rc != RC_OK)
		return rc;
	to->login = v.login;
	if (json_object_size(secrets) && !route_may(c->who, SCOPE_ACCOUNTS_SECRETS))
		return fault_set(c->tx.fault, RC_DENIED,
			"rows with secrets need the scope %s, which the key does not have",
			scope_text(SCOPE_ACCOUNTS_SECRETS));
	if (!check_secrets(&w))
		return refuse(&w, rc_code(RC_INVALID), w.fault.text);
	rc = store_row(&w, &v);
	c->tx.appended |= w.tx.appended;
	c->tx.bots |= w.tx.bots;
	if (rc == RC_INVALID || rc == RC_EXISTS)
		return refuse(&w, w.reader.problems_n ? w.reader.problems[0].code : rc_code(rc),
			w.reader.problems_n ? w.reader.problems[0].detail : w.fault.text);
	return rc == RC_OK ? RC_OK : fault_set(c->tx.fault, rc, "%s", w.fault.text);
}

static enum rc import(struct call *c, void *ret_out)
{
	const struct import_in *in = c->in;
	struct import_out *out = ret_out;
	auto_json struct json_t *rows = NULL;

	enum rc rc = import_rows_read(
		(enum import_rows_format)in->format, in->content, IMPORTS_ROWS_MAX, &rows, c->tx.fault);
	hush_wipe((char *)in->content, strlen(in->content)); /* it lies in this call's arena */
	size_t n = json_array_size(rows);
	struct imported *to = rc == RC_OK ? arena_take(c->tx.arena, (n + 1) * sizeof(*to)) : NULL;
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; to && rc == RC_OK && i < n; i++) {
		to[i].index = (uint32_t)i;
		rc = take_row(c, json_array_get(rows, i), &to[i]);
		uint32_t *const counts[] = { &out->created, &out->updated, &out->unchanged, &out->refused };
		++*counts[to[i].outcome];
	}
	if (!to)
		return RC_NOMEM;
	out->results = (struct field_list){ to, n };
	return rc == RC_OK ? audit_add(&c->tx, "account.import", import_rows_words[in->format]) : rc;
}

const struct route imports_routes[] = {
	{ .name = "importAccounts",
		.method = "POST",
		.path = "/v1/accounts/import",
		.reach = REACH_TENANT,
		.scope = SCOPE_ACCOUNTS_WRITE,
		.flags = ROUTE_NARROWED | ROUTE_WRITE | ROUTE_ACCEPTED,
		.in = import_in_fields,
		.in_size = sizeof(struct import_in),
		.out = import_out_fields,
		.out_size = sizeof(struct import_out),
		.run = import,
		.doc = "Takes up to 500 accounts with their secrets from a file's text. Secrets need the scope "
		       "accounts:secrets." },
	{ 0 },
};
