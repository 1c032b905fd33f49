#include "control/people/users.h"
#include "control/rows.h"
#include "model/role.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define BINDINGS_MAX 128 /* of one person, with those of their groups */

const struct field users_selector_fields[] = {
	{ .name = "own",
		.type = FIELD_BOOL,
		FIELD_AT(struct selector, own),
		.flags = FIELD_OMIT,
		.doc = "Only what they made themselves." },
	{ .name = "regions",
		.type = FIELD_LIST,
		FIELD_AT(struct selector, regions),
		.item = FIELD_STR,
		.flags = FIELD_OMIT,
		.max = 64,
		.doc = "Only in these regions, by id." },
	{ .name = "actions",
		.type = FIELD_LIST,
		FIELD_AT(struct selector, actions),
		.item = FIELD_STR,
		.flags = FIELD_OMIT,
		.max = 64,
		.doc = "Only these actions; one may end in *, such as trade.*." },
	{ .name = "accountLabels",
		.type = FIELD_MAP,
		FIELD_AT(struct selector, labels),
		.flags = FIELD_OMIT,
		.doc = "Only accounts that have all of these labels." },
	{ 0 },
};

static const struct field row_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct user_row, id) },
	{ .name = "tenant_id", .type = FIELD_STR, FIELD_AT(struct user_row, tenant_id) },
	{ .name = "login", .type = FIELD_STR, FIELD_AT(struct user_row, login) },
	{ .name = "name", .type = FIELD_STR, FIELD_AT(struct user_row, name) },
	{ .name = "password", .type = FIELD_STR, FIELD_AT(struct user_row, password) },
	{ .name = "source", .type = FIELD_STR, FIELD_AT(struct user_row, source) },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct user_row, enabled) },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct user_row, version) },
	{ 0 },
};
#define SELECT "SELECT id, tenant_id, login, name, password, source, enabled, version FROM users WHERE "

enum rc users_find(struct tx *tx, const char *id, struct user_row *ret)
{
	static const struct store_query one = { .sql = SELECT "id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)), (struct rows_into){ row_fields, tx->arena, ret },
		tx->fault);
}

const char *users_login(struct arena *a, const char *typed)
{
	char *s = arena_str(a, typed);

	for (char *p = s; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return s;
}

enum rc users_find_login(struct tx *tx, const char *login, struct user_row *ret)
{
	static const struct store_query one = { .sql = SELECT "login = $1" };
	const char *name = users_login(tx->arena, login);

	return name ? rows_one(tx->db, &one, STORE_ARGS(store_text(name)),
			      (struct rows_into){ row_fields, tx->arena, ret }, tx->fault)
		    : RC_NOMEM;
}

/* NULL in *ret: it narrows nothing. */
static enum rc read_selector(struct tx *tx, const char *text, const struct selector **ret)
{
	struct selector *s = arena_take(tx->arena, sizeof(*s));
	struct field_reader reader = { .arena = tx->arena };
	auto_json struct json_t *json = NULL;

	if (!s)
		return RC_NOMEM;
	enum rc rc = json_read(text, strlen(text), &json, tx->fault);
	if (rc == RC_OK)
		rc = field_json_decode(users_selector_fields, json, &reader, s, tx->fault);
	if (rc != RC_OK) /* never less narrow than it was meant */
		return fault_set(tx->fault, RC_INTERNAL, "a stored selector cannot be read");
	*ret = s->own || s->regions.n || s->actions.n || s->labels.n ? s : NULL;
	return RC_OK;
}

static enum rc built_in(struct tx *tx, enum role role, bool own, struct grant *ret)
{
	const char **texts = arena_take(tx->arena, SCOPE_COUNT * sizeof(*texts));
	size_t n = 0;

	if (!texts)
		return RC_NOMEM;
	if (!own && role_is_admin(role))
		texts[n++] = "admin:*";
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT && !(n && role_is_admin(role)); s++)
		if (role_covers(role, (enum scope)s, own))
			texts[n++] = scope_text((enum scope)s);
	ret->scopes = (struct field_list){ texts, n };
	return RC_OK;
}

static enum rc narrow_to_own(struct tx *tx, struct grant *g)
{
	struct selector *s = arena_take(tx->arena, sizeof(*s));

	if (!s)
		return RC_NOMEM;
	if (g->only)
		*s = *g->only;
	s->own = true;
	g->only = s;
	return RC_OK;
}

enum rc users_role_grants(struct tx *tx, const char *role, const char *scopes, const char *selector,
	struct grant ret[static 2], size_t *ret_n)
{
	static const struct field scopes_row = { .name = "scopes", .type = FIELD_LIST, .item = FIELD_STR };
	const struct selector *only = NULL;
	enum role r = role_find(role);
	struct grant all = { 0 }, own = { 0 };

	*ret_n = 0;
	enum rc rc = read_selector(tx, selector, &only);
	if (rc != RC_OK || (r == ROLE_COUNT && !scopes)) /* a role that is gone gives nothing */
		return rc;
	all.only = own.only = only;
	if (r == ROLE_COUNT) {
		rc = field_json_text(&scopes_row, scopes, tx->arena, &all.scopes, tx->fault);
	} else {
		rc = built_in(tx, r, false, &all);
		if (rc == RC_OK)
			rc = built_in(tx, r, true, &own);
		if (rc == RC_OK)
			rc = narrow_to_own(tx, &own);
	}
	if (rc == RC_OK && all.scopes.n)
		ret[(*ret_n)++] = all;
	if (rc == RC_OK && own.scopes.n)
		ret[(*ret_n)++] = own;
	return rc;
}

static enum rc read_grants(struct tx *tx, const struct store_query *q, const char *subject_id, struct grants *ret)
{
	struct grant *at = arena_take(tx->arena, (size_t)2 * BINDINGS_MAX * sizeof(*at));
	auto_rows struct store_rows *r = NULL;
	size_t n = 0, more = 0;
	bool row = false;

	enum rc rc = at ? store_run(tx->db, q, STORE_ARGS(store_text(subject_id), store_int(BINDINGS_MAX)), &r,
				  tx->fault)
			: RC_NOMEM;
	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		const char *role = arena_str(tx->arena, store_col_text(r, 0));
		rc = role ? users_role_grants(tx, role, store_col_text(r, 1), store_col_text(r, 2), at + n, &more)
			  : RC_NOMEM;
		n += more;
	}
	if (rc == RC_OK)
		*ret = (struct grants){ at, n };
	return rc;
}

/* What is cut off at the limit gives nothing; but who asks what somebody may has to hear of all. */
static enum rc count_bindings(struct tx *tx, const struct store_query *q, const char *subject_id)
{
	auto_rows struct store_rows *r = NULL;
	bool row = true;
	size_t n = 0;

	enum rc rc = store_run(
		tx->db, q, STORE_ARGS(store_text(subject_id), store_int(BINDINGS_MAX + 1)), &r, tx->fault);
	while (rc == RC_OK && row && (rc = store_next(r, &row, tx->fault)) == RC_OK)
		n += row;
	return rc == RC_OK && n > BINDINGS_MAX
		       ? fault_set(tx->fault, RC_CONFLICT, "more than %d roles are bound to them", BINDINGS_MAX)
		       : rc;
}

/* A binding counts in its own tenant only. */
#define BOUND                                                                                                      \
	"SELECT b.role, r.scopes, b.selector FROM users u JOIN role_bindings b ON b.tenant_id = u.tenant_id LEFT " \
	"JOIN roles r ON r.id = b.role AND r.tenant_id = b.tenant_id WHERE u.id = $1 AND (b.subject_id = u.id OR " \
	"b.subject_id IN (SELECT m.group_id FROM group_members m JOIN groups g ON g.id = m.group_id WHERE "        \
	"m.user_id = u.id AND g.tenant_id = u.tenant_id)) "

enum rc users_grants(struct tx *tx, const char *user_id, struct grants *ret)
{
	static const struct store_query enabled = { .sql = BOUND "AND u.enabled = 1 ORDER BY b.id LIMIT $2" };

	return read_grants(tx, &enabled, user_id, ret);
}

enum rc users_subject_grants(struct tx *tx, const char *subject_id, struct grants *ret)
{
	static const struct store_query person = { .sql = BOUND "ORDER BY b.id LIMIT $2" };
	static const struct store_query group = {
		.sql = "SELECT b.role, r.scopes, b.selector FROM role_bindings b LEFT JOIN roles r ON r.id = "
		       "b.role AND "
		       "r.tenant_id = b.tenant_id WHERE b.subject_id = $1 ORDER BY b.id LIMIT $2"
	};

	const struct store_query *q = strncmp(subject_id, "grp_", 4) ? &person : &group;

	enum rc rc = count_bindings(tx, q, subject_id);
	return rc == RC_OK ? read_grants(tx, q, subject_id, ret) : rc;
}
