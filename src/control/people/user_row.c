#include "control/people/user_row.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/people/gives.h"
#include "control/people/lockout.h"
#include "control/rows.h"

#define AT(member) FIELD_AT(struct user_view, member)

const struct field user_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "usr_ and a ULID." },
	{ .name = "tenantId", .type = FIELD_STR, AT(tenant_id), .doc = "Whose person it is." },
	{ .name = "login",
		.type = FIELD_STR,
		AT(login),
		.doc = "What they log in with; unique in the installation." },
	{ .name = "name", .type = FIELD_STR, AT(name), .doc = "What people call them." },
	{ .name = "email", .type = FIELD_STR, AT(email), .doc = "Their address; null: none is known." },
	{ .name = "enabled", .type = FIELD_BOOL, AT(enabled), .doc = "Whether they may do anything." },
	{ .name = "hasPassword",
		.type = FIELD_BOOL,
		AT(has_password),
		.doc = "Whether they can log in with a password." },
	{ .name = "secondFactor",
		.type = FIELD_BOOL,
		AT(second_factor),
		.doc = "Whether they have an authenticator." },
	{ .name = "source",
		.type = FIELD_STR,
		AT(source),
		.doc = "Id of the identity provider that made them; empty: somebody here did." },
	{ .name = "failures",
		.type = FIELD_I64,
		AT(failures),
		.doc = "Wrong passwords and codes since the last right password." },
	{ .name = "passwordAt",
		.type = FIELD_TIME,
		AT(password_at),
		.doc = "When their password was set; null: never." },
	{ .name = "lastLoginAt",
		.type = FIELD_TIME,
		AT(last_login_at),
		.doc = "When they logged in last; null: never." },
	{ .name = "createdBy", .type = FIELD_STR, AT(created_by), .doc = "Who made them." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When they were made." },
	{ .name = "updatedAt", .type = FIELD_TIME, AT(updated_at), .doc = "When they were changed last." },
	{ .name = "version", .type = FIELD_I64, AT(version), .doc = "It is the ETag." },
	{ .name = "lockedUntil",
		.type = FIELD_TIME,
		AT(locked_until),
		.flags = FIELD_OMIT,
		.doc = "Locked out after wrong passwords until then; only in the answer about one person." },
	{ 0 },
};

/* Without lockedUntil, which is no column. */
static const struct field *columns(struct field ret[static 17])
{
	memcpy(ret, user_row_fields, 16 * sizeof(*ret));
	ret[16] = (struct field){ 0 };
	return ret;
}

enum rc user_row_load(struct tx *tx, const char *id, struct user_view *ret)
{
	static const struct store_query one = { .sql = USER_ROW_SELECT "WHERE u.id = $1" };
	struct field row[17];

	*ret = (struct user_view){ 0 };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ columns(row), tx->arena, ret }, tx->fault);
	return rc == RC_OK ? lockout_until(tx, &(struct lockout){ LOCKOUT_LOGIN, ret->login }, &ret->locked_until)
			   : rc;
}

enum rc user_row_for_change(struct call *c, struct user_view *ret)
{
	enum rc rc = user_row_load(&c->tx, c->arg[0], ret);

	if (rc == RC_OK)
		rc = route_match(c, ret->version);
	return rc == RC_OK ? gives_subject(c, ret->id) : rc;
}

enum rc user_row_changed(struct call *c, const char *event, struct user_view *ret)
{
	static const struct store_query count = {
		.sql = "UPDATE users SET version = version + 1, updated_at = $2 WHERE id = $1"
	};
	const char *id = ret->id;
	enum rc rc = store_do(c->tx.db, &count, STORE_ARGS(store_text(id), store_int(c->tx.now_ms)), c->tx.fault);

	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = event, .resource = id });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, event, id);
	if (rc == RC_OK)
		rc = user_row_load(&c->tx, id, ret);
	c->version = ret->version;
	return rc;
}
