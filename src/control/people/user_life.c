#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/people/gives.h"
#include "control/people/lockout.h"
#include "control/people/mfa.h"
#include "control/people/sessions.h"
#include "control/people/user_routes.h"
#include "control/people/user_row.h"
#include "control/quotas/quotas.h"

/* Keys of theirs are refused while they are disabled (access/keys); of who is deleted, they are revoked. */
static enum rc end_keys(struct call *c, const char *user_id)
{
	static const struct store_query next = {
		.sql = "SELECT id FROM api_keys WHERE user_id = $1 AND revoked_at = 0 LIMIT 1"
	};
	static const struct store_query end = { .sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc;

	while ((rc = store_one(c->tx.db, &next, STORE_ARGS(store_text(user_id)), &r, c->tx.fault)) == RC_OK) {
		const char *id = arena_str(c->tx.arena, store_col_text(r, 0));
		store_close(take(r));
		rc = id ? store_do(c->tx.db, &end, STORE_ARGS(store_text(id), store_int(c->tx.now_ms)), c->tx.fault)
			: RC_NOMEM;
		if (rc == RC_OK)
			rc = quotas_settle(&c->tx, id);
		if (rc == RC_OK)
			rc = events_add(&c->tx, &(struct event){ .type = "api_key.revoked", .resource = id });
		if (rc == RC_OK)
			rc = audit_add(&c->tx, "api_key.revoke", id);
		if (rc != RC_OK)
			return rc;
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc set_enabled(struct call *c, struct user_view *v, bool enabled)
{
	static const struct store_query set = { .sql = "UPDATE users SET enabled = $2 WHERE id = $1" };
	int64_t owners = 0;

	enum rc rc = user_row_for_change(c, v);
	if (rc == RC_OK && v->enabled == enabled) {
		c->version = v->version;
		return RC_OK; /* a repeat */
	}
	if (rc == RC_OK)
		rc = gives_owners(&c->tx, v->tenant_id, &owners);
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &set, STORE_ARGS(store_text(v->id), store_int(enabled)), c->tx.fault);
	if (rc == RC_OK)
		rc = gives_owner_left(&c->tx, v->tenant_id, owners);
	if (rc == RC_OK && !enabled)
		rc = people_sessions_revoke_user(&c->tx, v->id, NULL, "user_disabled");
	return rc == RC_OK ? user_row_changed(c, enabled ? "user.enabled" : "user.disabled", v) : rc;
}

static enum rc enable(struct call *c, void *ret_out) { return set_enabled(c, ret_out, true); }
static enum rc disable(struct call *c, void *ret_out) { return set_enabled(c, ret_out, false); }

static enum rc unlock(struct call *c, void *ret_out)
{
	static const struct store_query forget = { .sql = "UPDATE users SET failures = 0 WHERE id = $1" };
	struct user_view *v = ret_out;

	enum rc rc = user_row_for_change(c, v);
	if (rc == RC_OK)
		rc = lockout_end(&c->tx, &(struct lockout){ LOCKOUT_LOGIN, v->login });
	if (rc == RC_OK)
		rc = lockout_end(&c->tx, &(struct lockout){ LOCKOUT_CODE, v->id });
	if (rc == RC_OK)
		rc = store_do(c->tx.db, &forget, STORE_ARGS(store_text(v->id)), c->tx.fault);
	return rc == RC_OK ? user_row_changed(c, "user.unlocked", v) : rc;
}

/* What hangs on the person. Their sessions and keys stay as ended ones, what they made stays theirs. */
static enum rc forget(struct call *c, const char *id)
{
	static const struct store_query all[] = {
		{ .sql = "DELETE FROM role_bindings WHERE subject_id = $1" },
		{ .sql = "DELETE FROM group_members WHERE user_id = $1" },
		{ .sql = "DELETE FROM user_identities WHERE user_id = $1" },
		{ .sql = "DELETE FROM users WHERE id = $1" },
	};
	enum rc rc = mfa_drop(&c->tx, id, NULL);

	for (size_t i = 0; rc == RC_OK && i < sizeof(all) / sizeof(*all); i++)
		rc = store_do(c->tx.db, &all[i], STORE_ARGS(store_text(id)), c->tx.fault);
	return rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	struct user_view v;
	int64_t owners = 0;
	(void)ret_out;

	enum rc rc = user_row_for_change(c, &v);
	if (rc == RC_OK)
		rc = gives_owners(&c->tx, v.tenant_id, &owners);
	if (rc == RC_OK)
		rc = people_sessions_revoke_user(&c->tx, v.id, NULL, "user_deleted");
	if (rc == RC_OK)
		rc = end_keys(c, v.id);
	if (rc == RC_OK)
		rc = forget(c, v.id);
	if (rc == RC_OK)
		rc = gives_owner_left(&c->tx, v.tenant_id, owners);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "user.deleted", .resource = v.id });
	return rc == RC_OK ? audit_add(&c->tx, "user.deleted", v.id) : rc;
}

/* Somebody lost it: who may all that they may takes it away. Their sessions end, for they were opened with it. */
static enum rc reset(struct call *c, void *ret_out)
{
	struct user_view *v = ret_out;
	bool had = false;

	enum rc rc = user_row_for_change(c, v);
	if (rc == RC_OK)
		rc = mfa_drop(&c->tx, v->id, &had);
	if (rc == RC_OK && had)
		rc = people_sessions_revoke_user(&c->tx, v->id, NULL, "mfa_reset");
	return rc == RC_OK ? user_row_changed(c, "mfa.disabled", v) : rc;
}

#define OUT .out = user_row_fields, .out_size = sizeof(struct user_view)
#define CHANGE(name_, verb, run_, doc_)                                                                      \
	{                                                                                                    \
		.name = (name_), .method = "POST", .path = "/v1/users/{id}/" verb, .reach = REACH_TENANT,    \
		.object = OBJECT_USER, .scope = SCOPE_USERS_WRITE, .flags = ROUTE_WRITE, OUT, .run = (run_), \
		.doc = (doc_)                                                                                \
	}

const struct route user_life_routes[] = {
	{ .name = "deleteUser",
		.method = "DELETE",
		.path = "/v1/users/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.scope = SCOPE_USERS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH | ROUTE_STEP_UP,
		.status = 204,
		.run = drop,
		.doc = "Deletes a person who may no more than you, and is not the last owner: their sessions and "
		       "keys end at "
		       "once." },
	CHANGE("enableUser", "enable", enable, "Lets a person in again."),
	CHANGE("disableUser", "disable", disable,
		"Lets a person in no more: their sessions end at once, their keys are refused. Not the last "
		"owner."),
	CHANGE("unlockUser", "unlock", unlock, "Ends the lock after too many wrong passwords or codes."),
	{ .name = "resetUserMfa",
		.method = "POST",
		.path = "/v1/users/{id}/mfa/reset",
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.scope = SCOPE_USERS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.out = user_row_fields,
		.out_size = sizeof(struct user_view),
		.run = reset,
		.doc = "Takes a lost second factor away from a person who may no more than you. Their sessions "
		       "end." },
	{ 0 },
};
