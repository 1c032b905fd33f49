#include "control/people/lockout.h"
#include "base/metric.h"
#include "control/access/keys_hash.h"
#include "control/control.h"
#include "control/people/people_rules.h"

#include <arpa/inet.h>
#include <stdio.h>

#define LOCKOUT_NAME KEYS_HASH_MAX /* room for any name */

static const char *const words[] = { "login", "address", "code" };

static const struct guess_rules *rules_of(const struct tx *tx, enum lockout_kind kind)
{
	const struct people_rules *p = people_rules_of(tx->control);

	return kind == LOCKOUT_LOGIN ? &p->login : kind == LOCKOUT_ADDRESS ? &p->address : &p->code;
}

/* One network is one address: of IPv6 the first 64 bits, for whoever has one has them all. */
static void address_name(const char *text, char ret[static LOCKOUT_NAME])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct in6_addr a;

	snprintf(ret, LOCKOUT_NAME, "%s", text);
	if (inet_pton(AF_INET6, text, &a) != 1)
		return;
	if (!memcmp(&a, mapped, sizeof(mapped))) {
		inet_ntop(AF_INET, (const uint8_t *)&a + 12, ret, LOCKOUT_NAME);
		return;
	}
	memset((uint8_t *)&a + 8, 0, 8);
	inet_ntop(AF_INET6, &a, ret, LOCKOUT_NAME);
}

static void name_of(const struct tx *tx, const struct lockout *l, char ret[static LOCKOUT_NAME])
{
	if (l->kind == LOCKOUT_LOGIN)
		keys_hash(tx->control, l->name, ret);
	else if (l->kind == LOCKOUT_ADDRESS)
		address_name(l->name, ret);
	else
		snprintf(ret, LOCKOUT_NAME, "%s", l->name);
}

static bool is_counted(const struct lockout *l) { return l->name && *l->name; }

static enum rc load(struct tx *tx, const struct lockout *l, struct guess *ret)
{
	static const struct store_query find = {
		.sql = "SELECT tokens, at, strikes, locked_until FROM lockouts WHERE kind = $1 AND name = $2"
	};
	auto_rows struct store_rows *r = NULL;
	char name[LOCKOUT_NAME];

	name_of(tx, l, name);
	enum rc rc =
		store_one(tx->db, &find, STORE_ARGS(store_text(words[l->kind]), store_text(name)), &r, tx->fault);
	if (rc == RC_OK)
		*ret = (struct guess){ store_col_int(r, 0), store_col_int(r, 1), store_col_int(r, 2),
			store_col_int(r, 3) };
	else if (rc == RC_MISSING)
		*ret = guess_new(rules_of(tx, l->kind), tx->now_ms);
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc save(struct tx *tx, const struct lockout *l, const struct guess *g)
{
	static const struct store_query put = {
		.sql = "INSERT INTO lockouts (kind, name, tokens, at, strikes, locked_until, forget_at) VALUES "
		       "($1, "
		       "$2, $3, $4, $5, $6, $7) ON CONFLICT (kind, name) DO UPDATE SET tokens = $3, at = $4, "
		       "strikes = $5, locked_until = $6, forget_at = $7"
	};
	char name[LOCKOUT_NAME];

	name_of(tx, l, name);
	return store_do(tx->db, &put,
		STORE_ARGS(store_text(words[l->kind]), store_text(name), store_int(g->tokens), store_int(g->at_ms),
			store_int(g->strikes), store_int(g->locked_until_ms),
			store_int(guess_forgotten_ms(g, rules_of(tx, l->kind)))),
		tx->fault);
}

/* The same words for each kind, and for people that there are and that there are not. */
static enum rc refuse(const struct tx *tx)
{
	return fault_set(tx->fault, RC_LIMIT, "too many failed attempts; wait some minutes, then try again");
}

enum rc lockout_look(struct tx *tx, const struct lockout *of, size_t n)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct guess g;
		if (is_counted(&of[i]) && (rc = load(tx, &of[i], &g)) == RC_OK && guess_is_locked(&g, tx->now_ms))
			rc = refuse(tx);
	}
	return rc;
}

static enum rc take_one(struct tx *tx, const struct lockout *l, bool *ret_refused, bool *ret_struck)
{
	struct guess g;
	enum rc rc = load(tx, l, &g);

	if (rc != RC_OK)
		return rc;
	bool locked = guess_is_locked(&g, tx->now_ms);
	if (!guess_take(&g, rules_of(tx, l->kind), tx->now_ms)) {
		*ret_refused = true;
		*ret_struck |= !locked;
	}
	if (locked)
		return RC_OK;
	if (*ret_struck)
		metric_add(tx->control->metrics, METRIC_LOCKOUTS, words[l->kind], 1);
	return save(tx, l, &g);
}

enum rc lockout_take(struct tx *tx, const struct lockout *of, size_t n, bool *ret_struck)
{
	bool refused = false, struck = false;
	enum rc rc = lockout_look(tx, of, n); /* what is locked anyhow costs the others nothing */

	for (size_t i = 0; rc == RC_OK && !refused && i < n; i++)
		if (is_counted(&of[i]))
			rc = take_one(tx, &of[i], &refused, &struck);
	if (ret_struck)
		*ret_struck = struck;
	return rc == RC_OK && refused ? refuse(tx) : rc;
}

enum rc lockout_until(struct tx *tx, const struct lockout *of, int64_t *ret_ms)
{
	struct guess g;
	enum rc rc = load(tx, of, &g);

	if (rc == RC_OK)
		*ret_ms = guess_is_locked(&g, tx->now_ms) ? g.locked_until_ms : 0;
	return rc;
}

enum rc lockout_end(struct tx *tx, const struct lockout *of)
{
	static const struct store_query drop = { .sql = "DELETE FROM lockouts WHERE kind = $1 AND name = $2" };
	char name[LOCKOUT_NAME];

	name_of(tx, of, name);
	return store_do(tx->db, &drop, STORE_ARGS(store_text(words[of->kind]), store_text(name)), tx->fault);
}

enum rc lockout_right(struct tx *tx, const struct lockout *of, size_t n)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct guess g;
		if (!is_counted(&of[i]))
			continue;
		if (of[i].kind != LOCKOUT_ADDRESS) {
			rc = lockout_end(tx, &of[i]);
			continue;
		}
		rc = load(tx, &of[i], &g);
		if (rc != RC_OK)
			return rc;
		guess_back(&g, rules_of(tx, of[i].kind));
		rc = save(tx, &of[i], &g);
	}
	return rc;
}

enum rc lockout_sweep(struct tx *tx)
{
	static const struct store_query drop = { .sql = "DELETE FROM lockouts WHERE forget_at < $1" };

	return store_do(tx->db, &drop, STORE_ARGS(store_int(tx->now_ms)), tx->fault);
}
