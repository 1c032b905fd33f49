#include "control/updates/sources_owned.h"
#include "model/action_titles.h"

#include <string.h>

#define OPEN_MAX   32    /* questions of accounts, at once */
#define GIVE_UP_MS 60000 /* after which an account counts as not heard */

static bool is(const char *a, const char *b) { return a && !strcmp(a, b); }

static bool is_closed(const struct action_title *t)
{
	return is(t->status, "unknown") && (is(t->reason, "missing_token") || is(t->reason, "denied"));
}

/*
 * What an account may see, its tenant may see. Facts and builds are the installation's and shown to all who watch the title, now or later:
 * so no account is asked, and no account's answer kept, while there is more than one tenant.
 */
static enum rc is_alone(struct tx *tx, bool *ret)
{
	static const struct store_query others = { .sql = "SELECT COUNT(*) FROM tenants" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &others, STORE_NO_ARGS, &r, tx->fault);

	*ret = rc == RC_OK && store_col_int(r, 0) <= 1;
	return rc;
}

/* Of the watches of the title that have an account, the one whose account is online, else the oldest. NULL: none has. */
static enum rc account_of(struct tx *tx, const char *source, const char *ref, const char **ret)
{
	static const struct store_query find = {
		.sql = "SELECT a.id FROM titles t JOIN watches w ON w.title_id = t.id JOIN accounts a ON a.id = "
		       "w.account_id AND a.tenant_id = w.tenant_id WHERE t.store = $1 AND t.ref = $2 AND w.state "
		       "<> "
		       "'paused' AND a.enabled = 1 ORDER BY CASE a.state WHEN 'online' THEN 0 ELSE 1 END, w.id "
		       "LIMIT 1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		tx->db, &find, STORE_ARGS(store_text(sources_kind(source)->store), store_text(ref)), &r, tx->fault);

	*ret = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	return rc == RC_MISSING ? RC_OK : rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

static enum rc count_open(struct tx *tx, unsigned *ret)
{
	struct field_list asks = { 0 };
	enum rc rc = sources_asks(tx, &asks);
	const struct source_ask *a = asks.at;

	*ret = 0;
	for (size_t i = 0; i < asks.n; i++)
		*ret += a[i].kind == ASK_OWNED;
	return rc;
}

struct owned {
	const char *ref, *account_id; /* account_id NULL: it was asked */
};

/* All that are the account's, by one task. */
static enum rc ask_account(struct tx *tx, const char *source, struct owned *at, size_t n)
{
	const char **refs = arena_take(tx->arena, (n + 1) * sizeof(*refs)), *account = at->account_id;
	struct source_ask a = { .source = source, .kind = ASK_OWNED, .account_id = account };
	size_t m = 0;

	if (!refs)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (is(at[i].account_id, account)) {
			refs[m++] = at[i].ref;
			at[i].account_id = NULL;
		}
	a.refs = (struct field_list){ refs, m };
	return sources_ask_new(tx, &a, NULL, NULL);
}

enum rc sources_owned_ask(struct tx *tx, const struct source_ask *a, const struct action_title *at, size_t n)
{
	bool ours = sources_kind(a->source)->feed && a->kind != ASK_OWNED && a->kind != ASK_SHADOW &&
		    a->kind != ASK_PROBE;
	enum rc rc = ours ? is_alone(tx, &ours) : RC_OK;
	struct owned *owned = ours ? arena_take(tx->arena, (n + 1) * sizeof(*owned)) : NULL;
	unsigned open = 0;
	size_t m = 0;

	if (rc == RC_OK && ours && !owned)
		rc = RC_NOMEM;
	for (size_t i = 0; ours && rc == RC_OK && i < n; i++) {
		if (!is_closed(&at[i]))
			continue;
		owned[m].ref = at[i].ref;
		rc = account_of(tx, a->source, at[i].ref, &owned[m].account_id);
		m += owned[m].account_id != NULL;
	}
	if (rc == RC_OK && m > 0)
		rc = count_open(tx, &open);
	for (size_t i = 0; rc == RC_OK && i < m && open < OPEN_MAX; i++)
		if (owned[i].account_id) {
			rc = ask_account(tx, a->source, owned + i, m - i);
			open++;
		}
	return rc;
}

bool sources_owned_has(const struct source_ask *a, const struct field_list *asks, const char *ref)
{
	const struct source_ask *o = asks->at;

	for (size_t i = 0; a->kind != ASK_OWNED && i < asks->n; i++) {
		const char *const *refs = o[i].refs.at;
		if (o[i].kind != ASK_OWNED || strcmp(o[i].source, a->source) != 0)
			continue;
		for (size_t r = 0; r < o[i].refs.n; r++)
			if (is(refs[r], ref))
				return true;
	}
	return false;
}

enum rc sources_owned_hide(struct tx *tx, const struct source_ask *a, struct action_title *at, size_t n)
{
	bool alone = true;
	enum rc rc = a->kind == ASK_OWNED ? is_alone(tx, &alone) : RC_OK;

	for (size_t i = 0; !alone && i < n; i++)
		at[i] = (struct action_title){
			.ref = at[i].ref, .status = "unknown", .reason = "missing_token", .access = "denied"
		};
	return rc;
}

enum rc sources_owned_failed(struct tx *tx, const struct source_ask *a)
{
	return sources_unknown(tx, a->source, &a->refs, "missing_token");
}

enum rc sources_owned_scan(struct tx *tx, const struct field_list *asks)
{
	const struct source_ask *a = asks->at;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < asks->n; i++) {
		if (a[i].kind != ASK_OWNED || tx->now_ms - a[i].asked_at < GIVE_UP_MS)
			continue;
		rc = sources_ask_cancel(tx, &a[i]);
		if (rc == RC_OK)
			rc = sources_owned_failed(tx, &a[i]);
	}
	return rc;
}
