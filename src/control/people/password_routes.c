#include "base/hush.h"
#include "control/control.h"
#include "control/people/logins.h"
#include "control/people/passwords.h"
#include "control/people/sessions.h"
#include "control/people/user_routes.h"
#include "control/people/user_row.h"
#include "control/people/users.h"
#include "wire/field_json.h"

/* What `before` found. */
struct found {
	char stored[PASSWORDS_STORED_MAX];
	const struct logins_found *old;
};

struct password_in {
	const char *password, *old;
};
#define NEW_ROW                                                                                                    \
	{                                                                                                          \
		.name = "password", .type = FIELD_STR, FIELD_AT(struct password_in, password),                     \
		.flags = FIELD_REQUIRED | FIELD_SECRET, .min = 1, .max = PASSWORDS_MAX, .doc = "The new password." \
	}
static const struct field set_fields[] = { NEW_ROW, { 0 } };
static const struct field own_fields[] = { NEW_ROW,
	{ .name = "oldPassword",
		.type = FIELD_STR,
		FIELD_AT(struct password_in, old),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = PASSWORDS_MAX,
		.doc = "The one until now." },
	{ 0 } };

/* Moves a text of the request into a hush: it lies in the request's arena no more. */
static enum rc take_secret(const char *text, struct hush *ret)
{
	enum rc rc = hush_set(ret, text, strlen(text));
	hush_wipe((char *)text, strlen(text));
	return rc;
}

static enum rc hash_new(struct call *c, const char *login, struct found *f)
{
	const struct password_in *in = c->in;
	struct hush password = { 0 };
	enum rc rc = take_secret(in->password, &password);

	if (rc == RC_OK)
		rc = passwords_fit(c->tx.control, login, &password, c->tx.fault);
	if (rc == RC_INVALID)
		rc = field_json_problem(c->reader, "/password", "too_weak", c->tx.fault->text);
	if (rc == RC_OK)
		rc = passwords_hash(c->tx.control, &password, f->stored);
	hush_done(&password);
	return rc;
}

/* Sets it, and ends all sessions but this one of the caller's own. */
static enum rc store(struct call *c, const char *stored, struct user_view *v)
{
	static const struct store_query set = { .sql = "UPDATE users SET password = $2, bcrypt_cost = 0, "
						       "password_at = $3, failures = 0 WHERE id = $1" };
	bool own = c->who->kind == PRINCIPAL_USER && !strcmp(c->who->id, v->id);

	enum rc rc = store_do(c->tx.db, &set,
		STORE_ARGS(store_text(v->id), store_text(stored), store_int(c->tx.now_ms)), c->tx.fault);
	if (rc == RC_OK)
		rc = people_sessions_revoke_user(&c->tx, v->id, own ? c->who->session_id : NULL, "password");
	return rc == RC_OK ? user_row_changed(c, "user.password_changed", v) : rc;
}

static enum rc before_set(struct call *c)
{
	struct found *f = arena_take(c->tx.arena, sizeof(*f));
	struct user_row user;

	enum rc rc = f ? users_find(&c->tx, c->arg[0], &user) : RC_NOMEM;
	if (rc == RC_OK)
		rc = hash_new(c, user.login, f);
	c->found = f;
	return rc;
}

static enum rc set(struct call *c, void *ret_out)
{
	const struct found *f = c->found;
	enum rc rc = user_row_for_change(c, ret_out);

	return rc == RC_OK ? store(c, f->stored, ret_out) : rc;
}

static enum rc before_own(struct call *c)
{
	const struct password_in *in = c->in;
	struct found *f = arena_take(c->tx.arena, sizeof(*f));
	struct hush old = { 0 };
	struct user_row user;

	if (c->who->kind != PRINCIPAL_USER)
		return fault_set(c->tx.fault, RC_CONFLICT, "a key has no password");
	enum rc rc = f ? users_find(&c->tx, c->who->id, &user) : RC_NOMEM;
	if (rc == RC_OK)
		rc = take_secret(in->old, &old);
	if (rc == RC_OK)
		rc = logins_look(&c->tx, user.login, &user, &old, &f->old);
	hush_done(&old);
	if (rc == RC_OK)
		rc = hash_new(c, user.login, f);
	c->found = f;
	return rc;
}

static enum rc change_own(struct call *c, void *ret_out)
{
	const struct found *f = c->found;
	struct user_view *v = ret_out;
	struct user_row user;

	enum rc rc = logins_settle(&c->tx, f->old, &user);
	if (rc == RC_UNAUTHENTICATED || rc == RC_LIMIT) {
		c->refuse = rc == RC_LIMIT ? rc : fault_set(c->tx.fault, RC_DENIED, "the old password is wrong");
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = user_row_load(&c->tx, user.id, v);
	return rc == RC_OK ? store(c, f->stored, v) : rc;
}

#define OUT .out = user_row_fields, .out_size = sizeof(struct user_view)

const struct route password_routes[] = {
	{ .name = "setUserPassword",
		.method = "PUT",
		.path = "/v1/users/{id}/password",
		.reach = REACH_TENANT,
		.object = OBJECT_USER,
		.scope = SCOPE_USERS_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.in = set_fields,
		.in_size = sizeof(struct password_in),
		OUT,
		.before = before_set,
		.run = set,
		.doc = "Sets the password of a person who may no more than you. Their sessions end." },
	{ .name = "changePassword",
		.method = "PUT",
		.path = "/v1/auth/password",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.in = own_fields,
		.in_size = sizeof(struct password_in),
		OUT,
		.before = before_own,
		.run = change_own,
		.doc = "Changes your own password. Your other sessions end." },
	{ 0 },
};
