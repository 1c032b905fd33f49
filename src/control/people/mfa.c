#include "control/people/mfa.h"
#include "base/buf.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/access/keys_hash.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/http/route.h"
#include "control/people/lockout.h"
#include "control/people/logins.h"
#include "io/clock.h"

#include <ctype.h>
#include <stdio.h>

#define RECOVERY_BYTES 10
#define RECOVERY_CHARS 16 /* in base 32, without its dashes */

struct totp_row {
	enum totp_algorithm algorithm;
	int64_t last_step, confirmed_at;
};

static struct vault_at place_of(const char *user_id) { return (struct vault_at){ "user", user_id, "totp" }; }

static enum rc load(struct tx *tx, const char *user_id, struct totp_row *ret)
{
	static const struct store_query one = {
		.sql = "SELECT algorithm, last_step, confirmed_at FROM mfa_totp WHERE user_id = $1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &one, STORE_ARGS(store_text(user_id)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	*ret = (struct totp_row){ .last_step = store_col_int(r, 1), .confirmed_at = store_col_int(r, 2) };
	for (int i = 0; totp_words[i]; i++)
		if (!strcmp(totp_words[i], store_col_text(r, 0)))
			ret->algorithm = (enum totp_algorithm)i;
	return RC_OK;
}

static enum rc is_required(struct tx *tx, const char *user_id, bool *ret)
{
	static const struct store_query find = {
		.sql = "SELECT p.role FROM users u JOIN mfa_policies p ON p.tenant_id = u.tenant_id WHERE u.id = "
		       "$1 AND "
		       "(p.role = '' OR p.role IN (SELECT b.role FROM role_bindings b WHERE b.tenant_id = "
		       "u.tenant_id "
		       "AND (b.subject_id = u.id OR b.subject_id IN (SELECT m.group_id FROM group_members m WHERE "
		       "m.user_id = u.id)))) LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(user_id)), &r, tx->fault);

	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc mfa_state(struct tx *tx, const char *user_id, struct mfa_state *ret)
{
	static const struct store_query left = {
		.sql = "SELECT COUNT(*) FROM mfa_recovery WHERE user_id = $1 AND used_at = 0"
	};
	auto_rows struct store_rows *r = NULL;
	struct totp_row row = { 0 };
	struct mfa_state s = { 0 };

	enum rc rc = load(tx, user_id, &row);
	s.enrolled = rc == RC_OK && row.confirmed_at != 0;
	s.begun = rc == RC_OK && row.confirmed_at == 0;
	s.confirmed_at = row.confirmed_at;
	if (rc == RC_OK || rc == RC_MISSING)
		rc = is_required(tx, user_id, &s.required);
	if (rc == RC_OK)
		rc = store_one(tx->db, &left, STORE_ARGS(store_text(user_id)), &r, tx->fault);
	if (rc != RC_OK)
		return rc;
	s.recovery_left = (uint32_t)store_col_int(r, 0);
	*ret = s;
	return RC_OK;
}

enum rc mfa_needed(struct tx *tx, const struct user_row *user, bool *ret)
{
	struct totp_row row = { 0 };
	enum rc rc = load(tx, user->id, &row);

	*ret = rc == RC_OK && row.confirmed_at != 0;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Event and audit row of a change of a person's second factor. */
static enum rc tell(struct tx *tx, const char *type, const char *user_id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = type, .resource = user_id });
	return rc == RC_OK ? audit_add(tx, type, user_id) : rc;
}

/* Moves the last step on, for one only of those that come with the same code. *ret: this one. */
static enum rc use_step(struct tx *tx, const char *user_id, int64_t step, bool *ret)
{
	static const struct store_query use = { .sql = "UPDATE mfa_totp SET last_step = $2 WHERE user_id = $1 AND "
						       "last_step < $2 RETURNING user_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &use, STORE_ARGS(store_text(user_id), store_int(step)), &r, tx->fault);

	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc try_totp(struct tx *tx, const char *user_id, const struct totp_row *row, const char *code, bool *ret)
{
	const struct vault_at at = place_of(user_id);
	struct hush secret = { 0 };
	int64_t step = 0;

	*ret = false;
	enum rc rc = vault_get(tx, &at, &secret);
	const struct totp t = { row->algorithm, TOTP_DIGITS, &secret };
	if (rc == RC_OK && totp_match(&t, tx->now_ms, row->last_step, code, &step))
		rc = use_step(tx, user_id, step, ret);
	hush_done(&secret);
	return rc;
}

/* As it was made, without what people put in between. False: it cannot be one. */
static bool read_recovery(const char *code, char ret[static RECOVERY_CHARS + 1])
{
	size_t n = 0;

	for (; *code; code++) {
		if (*code == '-' || *code == ' ')
			continue;
		if (n == RECOVERY_CHARS)
			return false;
		char c = (char)toupper((unsigned char)*code);
		ret[n++] = (char)(c == '0' ? 'O' : c == '1' ? 'I' : c == '8' ? 'B' : c);
	}
	ret[n] = 0;
	return n == RECOVERY_CHARS;
}

/* Bound to the person: one code of two people is two hashes. */
static void recovery_hash(struct tx *tx, const char *user_id, const char code[static RECOVERY_CHARS + 1],
	char ret[static KEYS_HASH_MAX])
{
	char text[128];

	snprintf(text, sizeof(text), "recovery:%s:%s", user_id, code);
	keys_hash(tx->control, text, ret);
	hush_wipe(text, sizeof(text));
}

static enum rc try_recovery(struct tx *tx, const char *user_id, const char *code, bool *ret)
{
	static const struct store_query use = {
		.sql = "UPDATE mfa_recovery SET used_at = $3 WHERE user_id = $1 AND "
		       "hash = $2 AND used_at = 0 RETURNING user_id"
	};
	char plain[RECOVERY_CHARS + 1], hash[KEYS_HASH_MAX];
	auto_rows struct store_rows *r = NULL;

	*ret = false;
	if (!read_recovery(code, plain))
		return RC_OK;
	recovery_hash(tx, user_id, plain, hash);
	hush_wipe(plain, sizeof(plain));
	enum rc rc = store_one(tx->db, &use,
		STORE_ARGS(store_text(user_id), store_text(hash), store_int(tx->now_ms)), &r, tx->fault);
	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Takes a try; RC_LIMIT is told and audited. */
static enum rc take_try(struct tx *tx, const struct user_row *user, const struct lockout of[static 2])
{
	bool struck = false;
	enum rc rc = lockout_take(tx, of, 2, &struck);

	if (rc != RC_LIMIT)
		return rc;
	rc = logins_failed(tx, user, struck);
	return rc == RC_OK ? RC_LIMIT : rc;
}

static enum rc settle(struct tx *tx, const struct user_row *user, const struct lockout of[static 2], bool right)
{
	metric_add(tx->control->metrics, METRIC_AUTH_ATTEMPTS, right ? "code\nok" : "code\nrefused", 1);
	if (right)
		return lockout_right(tx, of, 2);
	enum rc rc = logins_failed(tx, user, false);
	return rc == RC_OK ? fault_set(tx->fault, RC_UNAUTHENTICATED, "the code is wrong, or was used before") : rc;
}

enum rc mfa_verify(struct tx *tx, const struct user_row *user, const char *code, bool *ret_recovery)
{
	const struct lockout of[] = { { LOCKOUT_CODE, user->id }, { LOCKOUT_ADDRESS, tx->peer } };
	struct totp_row row = { 0 };
	bool right = false, recovery = false;

	enum rc rc = take_try(tx, user, of);
	if (rc == RC_OK)
		rc = load(tx, user->id, &row);
	if (rc == RC_OK && row.confirmed_at && strlen(code) == TOTP_DIGITS)
		rc = try_totp(tx, user->id, &row, code, &right);
	else if (rc == RC_OK && row.confirmed_at)
		rc = try_recovery(tx, user->id, code, &recovery);
	if (rc == RC_OK && recovery)
		rc = tell(tx, "mfa.recovery_used", user->id);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	if (ret_recovery)
		*ret_recovery = recovery;
	return settle(tx, user, of, right || recovery);
}

enum rc mfa_begin(struct tx *tx, const struct user_row *user, enum totp_algorithm algorithm, struct hush *ret)
{
	static const struct store_query put = { .sql = "INSERT INTO mfa_totp (user_id, algorithm, last_step, "
						       "confirmed_at, created_at) VALUES ($1, $2, "
						       "0, 0, $3) ON CONFLICT (user_id) DO UPDATE SET algorithm = "
						       "$2, last_step = 0, created_at = $3" };
	const struct vault_at at = place_of(user->id);
	struct totp_row row = { 0 };
	uint8_t secret[64];
	size_t n = algorithm == TOTP_SHA512 ? 64 : algorithm == TOTP_SHA256 ? 32 : TOTP_SECRET;

	enum rc rc = load(tx, user->id, &row);
	if (rc == RC_OK && row.confirmed_at)
		return fault_set(tx->fault, RC_CONFLICT, "there is an authenticator already; disable it first");
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	clock_random(secret, n);
	rc = hush_set(ret, secret, n);
	hush_wipe(secret, sizeof(secret));
	if (rc == RC_OK)
		rc = vault_put(tx, &at, ret, NULL);
	return rc == RC_OK ? store_do(tx->db, &put,
				     STORE_ARGS(store_text(user->id), store_text(totp_words[algorithm]),
					     store_int(tx->now_ms)),
				     tx->fault)
			   : rc;
}

enum rc mfa_begun(struct tx *tx, const char *user_id, enum totp_algorithm *ret_algorithm, struct hush *ret)
{
	const struct vault_at at = place_of(user_id);
	struct totp_row row = { 0 };
	enum rc rc = load(tx, user_id, &row);

	if (rc == RC_OK && row.confirmed_at)
		rc = RC_MISSING;
	*ret_algorithm = row.algorithm;
	return rc == RC_OK ? vault_get(tx, &at, ret) : rc;
}

enum rc mfa_confirm(struct tx *tx, const struct user_row *user, const char *code)
{
	static const struct store_query confirm = { .sql = "UPDATE mfa_totp SET confirmed_at = $2 WHERE user_id = "
							   "$1 AND confirmed_at = 0 RETURNING user_id" };
	const struct lockout of[] = { { LOCKOUT_CODE, user->id }, { LOCKOUT_ADDRESS, tx->peer } };
	auto_rows struct store_rows *r = NULL;
	struct totp_row row = { 0 };
	bool right = false;

	enum rc rc = load(tx, user->id, &row);
	if (rc == RC_MISSING || (rc == RC_OK && row.confirmed_at))
		return fault_set(tx->fault, RC_CONFLICT, "there is no authenticator to be confirmed");
	if (rc == RC_OK)
		rc = take_try(tx, user, of);
	if (rc == RC_OK)
		rc = try_totp(tx, user->id, &row, code, &right);
	if (rc == RC_OK)
		rc = settle(tx, user, of, right);
	if (rc == RC_OK)
		rc = store_one(
			tx->db, &confirm, STORE_ARGS(store_text(user->id), store_int(tx->now_ms)), &r, tx->fault);
	return rc == RC_OK ? tell(tx, "mfa.enrolled", user->id) : rc;
}

static void recovery_code(char ret[static MFA_RECOVERY_CODE_MAX], char plain[static RECOVERY_CHARS + 1])
{
	uint8_t random[RECOVERY_BYTES];
	struct buf b = { 0 };

	clock_random(random, sizeof(random));
	totp_base32(&b, random, sizeof(random));
	snprintf(plain, RECOVERY_CHARS + 1, "%s", buf_text(&b));
	snprintf(ret, MFA_RECOVERY_CODE_MAX, "%.4s-%.4s-%.4s-%.4s", plain, plain + 4, plain + 8, plain + 12);
	for (char *p = ret; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	hush_wipe(random, sizeof(random));
	hush_wipe(b.p, b.n);
	buf_done(&b);
}

enum rc mfa_recovery(struct tx *tx, const char *user_id, char ret[static MFA_RECOVERY_CODES][MFA_RECOVERY_CODE_MAX])
{
	static const struct store_query drop = { .sql = "DELETE FROM mfa_recovery WHERE user_id = $1" };
	static const struct store_query add = { .sql = "INSERT INTO mfa_recovery (user_id, hash) VALUES ($1, $2)" };
	char plain[RECOVERY_CHARS + 1], hash[KEYS_HASH_MAX];
	enum rc rc = store_do(tx->db, &drop, STORE_ARGS(store_text(user_id)), tx->fault);

	for (int i = 0; rc == RC_OK && i < MFA_RECOVERY_CODES; i++) {
		recovery_code(ret[i], plain);
		if (strlen(plain) != RECOVERY_CHARS)
			rc = RC_NOMEM;
		recovery_hash(tx, user_id, plain, hash);
		if (rc == RC_OK)
			rc = store_do(tx->db, &add, STORE_ARGS(store_text(user_id), store_text(hash)), tx->fault);
	}
	hush_wipe(plain, sizeof(plain));
	return rc == RC_OK ? tell(tx, "mfa.recovery_rotated", user_id) : rc;
}

enum rc mfa_drop(struct tx *tx, const char *user_id, bool *ret_had)
{
	static const struct store_query totp = {
		.sql = "DELETE FROM mfa_totp WHERE user_id = $1 RETURNING confirmed_at"
	};
	static const struct store_query codes = { .sql = "DELETE FROM mfa_recovery WHERE user_id = $1" };
	const struct lockout of = { LOCKOUT_CODE, user_id };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(tx->db, &totp, STORE_ARGS(store_text(user_id)), &r, tx->fault);
	if (ret_had)
		*ret_had = rc == RC_OK;
	store_close(take(r));
	if (rc == RC_OK || rc == RC_MISSING)
		rc = store_do(tx->db, &codes, STORE_ARGS(store_text(user_id)), tx->fault);
	if (rc == RC_OK)
		rc = lockout_end(tx, &of);
	return rc == RC_OK ? vault_drop_all(tx, "user", user_id) : rc;
}

enum rc mfa_refused(struct call *c, enum rc rc)
{
	if (rc != RC_UNAUTHENTICATED && rc != RC_LIMIT)
		return rc;
	c->refuse = rc == RC_LIMIT ? RC_LIMIT : RC_DENIED;
	return RC_OK;
}
