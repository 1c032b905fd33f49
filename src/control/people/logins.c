#include "control/people/logins.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/people/lockout.h"
#include "control/people/passwords.h"
#include "wire/json.h"

struct logins_found {
	const char *login;
	const char *user_id; /* NULL: there is none */
	const char *stored;  /* what the password was held against */
	struct passwords_found check;
};

enum rc logins_look(struct tx *tx, const char *login, const struct user_row *user, const struct hush *password,
	const struct logins_found **ret)
{
	struct logins_found *f = arena_take(tx->arena, sizeof(*f));
	struct user_row found = { 0 };
	unsigned cost = 0;

	if (!f || !(f->login = users_login(tx->arena, login)))
		return RC_NOMEM;
	const struct lockout of[] = { { LOCKOUT_LOGIN, f->login }, { LOCKOUT_ADDRESS, tx->peer } };
	enum rc rc = lockout_look(tx, of, 2);
	if (rc == RC_OK)
		rc = passwords_bcrypt_cost(tx, &cost);
	if (rc != RC_OK)
		return rc;
	if (!user) {
		rc = users_find_login(tx, f->login, &found);
		user = rc == RC_OK ? &found : NULL;
		if (rc != RC_OK && rc != RC_MISSING)
			return rc;
	}
	f->user_id = user ? user->id : NULL;
	f->stored = user && user->enabled ? user->password : NULL;
	const struct passwords_try t = { f->stored, password, cost };
	rc = passwords_check(tx->control, &t, &f->check);
	if (rc == RC_OK)
		*ret = f;
	return rc;
}

static enum rc tell_lock(struct tx *tx, const char *user_id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = "user.locked", .resource = user_id });

	return rc == RC_OK ? audit_add(tx, "user.lock", user_id) : rc;
}

static enum rc failed(struct tx *tx, const char *user_id, bool struck)
{
	static const struct store_query count = { .sql = "UPDATE users SET failures = failures + 1 WHERE id = $1" };
	struct buf payload = { 0 };

	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, "password\nrefused", 1);
	buf_str(&payload, "{\"address\":");
	json_put_str(&payload, tx->peer);
	buf_str(&payload, "}");
	enum rc rc = store_do(tx->db, &count, STORE_ARGS(store_text(user_id)), tx->fault);
	if (rc == RC_OK)
		rc = events_add(tx,
			&(struct event){
				.type = "user.login_failed", .resource = user_id, .payload = buf_text(&payload) });
	if (rc == RC_OK)
		rc = audit_add(tx, "user.login_failed", user_id ? user_id : "");
	if (rc == RC_OK && struck && user_id)
		rc = tell_lock(tx, user_id);
	buf_done(&payload);
	return rc;
}

enum rc logins_failed(struct tx *tx, const struct user_row *user, bool struck)
{
	return failed(tx, user->id, struck);
}

/* The same person, enabled, with the same password as when it was hashed? */
static enum rc still(struct tx *tx, const struct logins_found *f, struct user_row *ret, bool *ret_right)
{
	enum rc rc = f->user_id ? users_find(tx, f->user_id, ret) : RC_MISSING;

	*ret_right = rc == RC_OK && f->check.right && ret->enabled && ret->password && f->stored &&
		     !strcmp(ret->password, f->stored);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc right(struct tx *tx, const struct logins_found *f)
{
	static const struct store_query renew = {
		.sql = "UPDATE users SET password = $2, bcrypt_cost = 0, failures = 0 WHERE id = $1"
	};
	const struct lockout of[] = { { LOCKOUT_LOGIN, f->login }, { LOCKOUT_ADDRESS, tx->peer } };
	enum rc rc = lockout_right(tx, of, 2);

	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, "password\nok", 1);
	return rc == RC_OK ? store_do(tx->db, &renew,
				     STORE_ARGS(store_text(f->user_id),
					     store_text(*f->check.rehash ? f->check.rehash : f->stored)),
				     tx->fault)
			   : rc;
}

enum rc logins_settle(struct tx *tx, const struct logins_found *f, struct user_row *ret)
{
	const struct lockout of[] = { { LOCKOUT_LOGIN, f->login }, { LOCKOUT_ADDRESS, tx->peer } };
	struct user_row user = { 0 };
	bool struck = false, is_right = false;

	enum rc rc = still(tx, f, &user, &is_right);
	if (rc != RC_OK)
		return rc;
	rc = lockout_take(tx, of, 2, &struck);
	if (rc == RC_LIMIT) {
		rc = failed(tx, f->user_id, struck);
		return rc == RC_OK ? RC_LIMIT : rc;
	}
	if (rc != RC_OK)
		return rc;
	if (!is_right) {
		rc = failed(tx, f->user_id, false);
		return rc == RC_OK ? fault_set(tx->fault, RC_UNAUTHENTICATED, "the login or the password is wrong")
				   : rc;
	}
	rc = right(tx, f);
	if (rc == RC_OK)
		*ret = user;
	return rc;
}
