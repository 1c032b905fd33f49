#include "control/updates/sources_owned.h"
#include "control/rows.h"
#include "control/updates/titles.h"
#include "control/updates/watch_rows.h"
#include "model/action_titles.h"
#include "model/title.h"

#include <string.h>

#define OPEN_MAX   64    /* questions of accounts, at once */
#define OPEN_EACH  16    /* of one tenant's */
#define GIVE_UP_MS 60000 /* after which an account counts as not heard */
#define OWNERS_MAX 1000  /* tenants that have an account for a title */

static bool is(const char *a, const char *b) { return a && b && !strcmp(a, b); }

static bool is_closed(const struct action_title *t)
{
	return is(t->status, "unknown") && (is(t->reason, "missing_token") || title_is_denied(t->reason));
}

/* An account that may be asked for a title. */
struct owner {
	const char *scope, *account_id; /* account_id NULL: it was asked */
	const char *ref;
};
static const struct field owner_fields[] = {
	{ .name = "scope", .type = FIELD_STR, FIELD_AT(struct owner, scope) },
	{ .name = "accountId", .type = FIELD_STR, FIELD_AT(struct owner, account_id) },
	{ .name = "ref", .type = FIELD_STR, FIELD_AT(struct owner, ref) },
	{ 0 },
};

/* The accounts of its watches: each of its own row of the title, that is of its own tenant. */
static enum rc owners_of(struct tx *tx, const char *source, const char *ref, struct field_list *ret)
{
	static const struct store_query find = { .sql = "SELECT t.scope, a.id, t.ref FROM titles t JOIN watches w "
							"ON w.title_id = t.id AND w.tenant_id = "
							"t.scope JOIN accounts a ON a.id = w.account_id AND "
							"a.tenant_id = t.scope WHERE t.store = $1 "
							"AND t.ref = $2 AND t.scope <> '' AND w.state <> 'paused' "
							"AND a.enabled = 1 ORDER BY t.asked_at, "
							"w.id LIMIT $3" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_run(tx->db, &find,
		STORE_ARGS(store_text(sources_kind(source)->store), store_text(ref), store_int(OWNERS_MAX)), &r,
		tx->fault);

	return rc == RC_OK ? rows_list(r, &(struct rows_into){ owner_fields, tx->arena, NULL },
				     sizeof(struct owner), OWNERS_MAX, ret, tx->fault)
			   : rc;
}

/* ---- a list that grows ---- */

static enum rc add(struct tx *tx, struct field_list *to, const void *item, size_t size)
{
	/* Its room is the next power of two. */
	if ((to->n & (to->n - 1)) == 0) {
		char *more = arena_take(tx->arena, (to->n ? 2 * to->n : 1) * size);
		if (!more)
			return RC_NOMEM;
		if (to->n)
			memcpy(more, to->at, to->n * size);
		to->at = more;
	}
	memcpy((char *)to->at + to->n++ * size, item, size);
	return RC_OK;
}

static enum rc add_left(struct tx *tx, struct field_list *to, const char *scope, const char *ref)
{
	const struct titles_left l = { scope, ref };
	return add(tx, to, &l, sizeof(l));
}

static bool is_left(const struct field_list *left, const struct owner *o)
{
	const struct titles_left *l = left->at;

	for (size_t i = 0; i < left->n; i++)
		if (is(l[i].scope, o->scope) && is(l[i].ref, o->ref))
			return true;
	return false;
}

enum rc sources_owned_left(
	struct tx *tx, const struct source_ask *a, const struct field_list *asks, struct field_list *ret)
{
	const struct source_ask *o = asks->at;
	enum rc rc = RC_OK;

	for (size_t i = 0; !a->scope && i < asks->n; i++) {
		const char *const *refs = o[i].refs.at;
		if (o[i].kind != ASK_OWNED || !is(o[i].source, a->source))
			continue;
		for (size_t r = 0; rc == RC_OK && r < o[i].refs.n; r++)
			rc = add_left(tx, ret, o[i].scope, refs[r]);
	}
	return rc;
}

/* ---- asking ---- */

/* All that are the account's, by one task. */
static enum rc ask_account(struct tx *tx, const char *source, struct owner *at, size_t n)
{
	const char **refs = arena_take(tx->arena, (n + 1) * sizeof(*refs)), *account = at->account_id;
	struct source_ask a = { .source = source, .kind = ASK_OWNED, .account_id = account, .scope = at->scope };
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

static unsigned count_open(const struct field_list *asks, const struct field_list *made, const char *scope)
{
	const struct source_ask *a = asks->at;
	const struct titles_left *m = made->at;
	unsigned n = 0;

	for (size_t i = 0; i < asks->n; i++)
		n += a[i].kind == ASK_OWNED && (!scope || is(a[i].scope, scope));
	for (size_t i = 0; i < made->n; i++)
		n += !scope || is(m[i].scope, scope);
	return n;
}

/* As many as may be; the others are left for later. */
static enum rc ask_all(struct tx *tx, const char *source, const struct field_list *asks,
	const struct field_list *owners, struct field_list *ret_left)
{
	struct owner *o = owners->at;
	struct field_list made = { 0 };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < owners->n; i++) {
		if (!o[i].account_id)
			continue;
		if (count_open(asks, &made, NULL) >= OPEN_MAX || count_open(asks, &made, o[i].scope) >= OPEN_EACH) {
			rc = add_left(tx, ret_left, o[i].scope, o[i].ref);
			continue;
		}
		rc = ask_account(tx, source, o + i, owners->n - i);
		if (rc == RC_OK)
			rc = add_left(tx, &made, o[i].scope, o[i].ref);
	}
	return rc;
}

enum rc sources_owned_ask(struct tx *tx, const struct source_ask *a, const struct action_title *at, size_t n,
	struct field_list *ret_left)
{
	bool ours = sources_kind(a->source)->feed && !a->scope && a->kind != ASK_SHADOW && a->kind != ASK_PROBE;
	struct field_list owners = { 0 }, asks = { 0 }, asked = { 0 };
	enum rc rc = ours ? sources_asks(tx, &asks) : RC_OK;

	if (rc == RC_OK)
		rc = sources_owned_left(tx, a, &asks, &asked);
	for (size_t i = 0; ours && rc == RC_OK && i < n; i++) {
		struct field_list some = { 0 };
		if (!is_closed(&at[i]))
			continue;
		rc = owners_of(tx, a->source, at[i].ref, &some);
		const struct owner *o = some.at;
		for (size_t k = 0; rc == RC_OK && k < some.n; k++)
			if (!is_left(&asked, &o[k]))
				rc = add(tx, &owners, &o[k], sizeof(*o));
	}
	return rc == RC_OK ? ask_all(tx, a->source, &asks, &owners, ret_left) : rc;
}

/* ---- ends ---- */

enum rc sources_owned_failed(struct tx *tx, const struct source_ask *a)
{
	return sources_unanswered(tx, a, "missing_token");
}

enum rc sources_owned_scan(struct tx *tx, const struct field_list *asks)
{
	const struct source_ask *a = asks->at;
	enum rc rc = watch_rows_scan(tx);

	for (size_t i = 0; rc == RC_OK && i < asks->n; i++) {
		if (!a[i].scope || tx->now_ms - a[i].asked_at < GIVE_UP_MS)
			continue;
		rc = sources_ask_cancel(tx, &a[i]);
		if (rc == RC_OK && a[i].kind == ASK_OWNED)
			rc = sources_owned_failed(tx, &a[i]);
	}
	return rc;
}
