#include "control/people/sessions_check.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/people/users.h"
#include "control/writer.h"
#include "model/apikey.h"

#include <stdio.h>

#define TOUCH_MS 60000 /* seen_at may be as old as this */

static const char *const kinds[] = { "cookie", "token" };

/* Moves seen_at on, apart from whatever the request does. */
struct touch {
	struct write write;
	char id[CONTROL_NAME_MAX];
};

static enum rc run_touch(struct write *w, struct tx *tx)
{
	static const struct store_query set = {
		.sql = "UPDATE auth_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2 AND revoked_at = 0"
	};
	const struct touch *t = (struct touch *)(void *)w;

	return store_do(tx->db, &set, STORE_ARGS(store_text(t->id), store_int(tx->now_ms)), tx->fault);
}

static void on_touched(struct write *w) { free(w); }

static void touch(const struct tx *tx, const char *id, int64_t seen_at)
{
	struct touch *t = tx->now_ms - seen_at >= TOUCH_MS ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return;
	t->write = (struct write){ .control = tx->control, .run = run_touch, .done = on_touched };
	snprintf(t->id, sizeof(t->id), "%s", id);
	if (writer_push(&t->write) != RC_OK)
		free(t); /* the next request does it */
}

#define CHECK_SQL                                                                                          \
	"SELECT s.id, s.user_id, s.tenant_id, s.kind, s.authenticated_at, s.second_factor_at, s.seen_at, " \
	"s.expires_at, s.revoked_at, u.name FROM auth_sessions s JOIN users u ON u.id = s.user_id AND "    \
	"u.tenant_id = s.tenant_id AND u.enabled = 1 "
enum { ID, USER, TENANT, KIND, PROVED, SECOND, SEEN, EXPIRES, REVOKED, NAME };

static enum rc check(
	struct tx *tx, const struct store_query *q, const char *by, const char *kind, struct principal *ret)
{
	auto_rows struct store_rows *r = NULL;
	struct grants *grants = arena_take(tx->arena, sizeof(*grants));

	if (!grants)
		return RC_NOMEM;
	enum rc rc = store_one(tx->db, q, STORE_ARGS(store_text(by)), &r, tx->fault);
	if (rc == RC_OK && (store_col_int(r, REVOKED) != 0 || store_col_int(r, EXPIRES) <= tx->now_ms ||
				   strcmp(store_col_text(r, KIND), kind) != 0))
		rc = RC_MISSING;
	if (rc == RC_OK && !strcmp(kind, kinds[SESSION_COOKIE]) &&
		store_col_int(r, SEEN) + SESSIONS_IDLE_MS <= tx->now_ms)
		rc = RC_MISSING;
	if (rc != RC_OK)
		return rc;
	*ret = (struct principal){ .kind = PRINCIPAL_USER,
		.id = arena_str(tx->arena, store_col_text(r, USER)),
		.name = arena_str(tx->arena, store_col_text(r, NAME)),
		.actor = arena_fmt(tx->arena, "user:%s", store_col_text(r, USER)),
		.tenant_id = arena_str(tx->arena, store_col_text(r, TENANT)),
		.session_id = arena_str(tx->arena, store_col_text(r, ID)),
		.authenticated_at = store_col_int(r, PROVED),
		.second_factor = store_col_int(r, SECOND) != 0,
		.expires_at = store_col_int(r, EXPIRES),
		.grants = grants };
	if (!ret->id || !ret->name || !ret->actor || !ret->tenant_id || !ret->session_id)
		return RC_NOMEM;
	touch(tx, ret->session_id, store_col_int(r, SEEN));
	store_close(take(r));
	return users_grants(tx, ret->id, grants);
}

enum rc people_sessions_check(struct tx *tx, const char *secret, struct principal *ret)
{
	static const struct store_query by_hash = { .sql = CHECK_SQL "WHERE s.hash = $1" };
	char hash[KEYS_HASH_MAX];
	enum rc rc = RC_MISSING;

	if (apikey_is(secret, SESSIONS_COOKIE_KIND)) {
		keys_hash(tx->control, secret, hash);
		rc = check(tx, &by_hash, hash, kinds[SESSION_COOKIE], ret);
	}
	return rc == RC_MISSING ? fault_set(tx->fault, RC_UNAUTHENTICATED, "the session is over; log in") : rc;
}

enum rc people_sessions_check_id(struct tx *tx, const char *id, struct principal *ret)
{
	static const struct store_query by_id = { .sql = CHECK_SQL "WHERE s.id = $1" };
	enum rc rc = check(tx, &by_id, id, kinds[SESSION_TOKEN], ret);

	return rc == RC_MISSING ? fault_set(tx->fault, RC_UNAUTHENTICATED, "the session is over; log in") : rc;
}
