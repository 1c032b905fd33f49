#include "control/access/decide.h"
#include "control/people/step_up.h"
#include "control/rows.h"
#include "model/grant.h"
#include "wire/field_json.h"

#include <string.h>

struct kind {
	const char *word;
	unsigned flags;
	struct store_query whose; /* TENANT alone: all that most callers need */
	struct store_query find;
};
enum { TENANT, OWNER, REGION, LABELS, ACTION }; /* their columns */

static const struct kind kinds[] = {
#define FROM(from, id) " FROM " from " WHERE " id " = $1"
#define OBJECT(name, word_, from, id, tenant, owner, region, labels, action, flags_) \
	[OBJECT_##name] = { .word = (word_),                                         \
		.flags = (flags_),                                                   \
		.whose = { .sql = "SELECT " tenant FROM(from, id) },                 \
		.find = {                                                            \
			.sql = "SELECT " tenant ", " owner ", " region ", " labels ", " action FROM(from, id) } },
#include "control/access/objects.def"
#undef OBJECT
#undef FROM
};

static const char *const reaches[] = {
	[REACH_NONE] = "none",
	[REACH_OPEN] = "open",
	[REACH_SELF] = "self",
	[REACH_TENANT] = "tenant",
	[REACH_SHARED] = "shared",
	[REACH_PLATFORM] = "platform",
};

static const struct field labels_row = { .name = "labels", .type = FIELD_MAP };

const char *decide_object_word(enum object_kind kind) { return kinds[kind].word; }
const char *decide_reach_word(enum route_reach reach) { return reaches[reach]; }

const char *decide_tenant(const struct principal *who)
{
	return who && who->tenant_id ? who->tenant_id : ROUTE_TENANT_DEFAULT;
}

bool decide_is_platform(const struct principal *who)
{
	return who->kind != PRINCIPAL_NOBODY && !strcmp(decide_tenant(who), ROUTE_TENANT_DEFAULT);
}

bool decide_is_administrator(const struct principal *who)
{
	return decide_is_platform(who) && who->grants && grant_is_admin(who->grants);
}

bool decide_may_give(const struct principal *who, enum scope s)
{
	return route_may(who, s) && !decide_is_narrowed(who, s);
}

bool decide_may(const struct principal *who, enum scope s) { return route_may(who, s); }

bool decide_is_narrowed(const struct principal *who, enum scope s)
{
	static const struct grant_object nothing = { 0 };
	return s != SCOPE_NONE && (!who->grants || !grant_covers_object(who->grants, s, who->actor, &nothing));
}

/* The row of a thing against who asks. The labels are read only when a selector may ask for them. */
static enum rc hold(
	struct tx *tx, const struct principal *who, enum scope s, const struct kind *k, struct store_rows *r)
{
	struct grant_object o = { 0 };
	const char *tenant = store_col_text(r, TENANT);

	if (tenant && strcmp(tenant, decide_tenant(who)) != 0 &&
		!((k->flags & OBJECT_CROSSED) && decide_is_administrator(who))) {
		tx->foreign = true;
		return RC_MISSING;
	}
	if (!decide_is_narrowed(who, s))
		return RC_OK;
	o.owner = arena_str(tx->arena, store_col_text(r, OWNER));
	o.region_id = arena_str(tx->arena, store_col_text(r, REGION));
	o.action = arena_str(tx->arena, store_col_text(r, ACTION));
	o.held = k->flags & OBJECT_HELD;
	const char *labels = store_col_text(r, LABELS);
	enum rc rc = labels ? field_json_text(&labels_row, labels, tx->arena, &o.labels, tx->fault) : RC_OK;
	if (rc != RC_OK)
		return rc;
	return who->grants && grant_covers_object(who->grants, s, who->actor, &o) ? RC_OK : RC_MISSING;
}

enum rc decide_thing(
	struct tx *tx, const struct principal *who, enum scope s, enum object_kind kind, const char *id)
{
	const struct kind *k = &kinds[kind];
	auto_rows struct store_rows *r = NULL;
	const struct store_query *q = decide_is_narrowed(who, s) ? &k->find : &k->whose;
	enum rc rc = store_one(tx->db, q, STORE_ARGS(store_text(id)), &r, tx->fault);
	return rc == RC_OK ? hold(tx, who, s, k, r) : rc;
}

enum rc decide_use(struct tx *tx, const struct principal *who, enum scope s, const struct decide_use *use)
{
	struct grant_object o = { .owner = who->actor, .action = use->action, .region_id = use->region_id };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = RC_OK;

	if (use->account_id)
		rc = store_one(tx->db, &kinds[OBJECT_ACCOUNT].find, STORE_ARGS(store_text(use->account_id)), &r,
			tx->fault);
	if (rc == RC_OK && r && strcmp(store_col_text(r, TENANT), decide_tenant(who)) != 0)
		rc = RC_MISSING;
	if (rc == RC_OK && r && !o.region_id)
		o.region_id = arena_str(tx->arena, store_col_text(r, REGION));
	if (rc == RC_OK && r)
		rc = field_json_text(&labels_row, store_col_text(r, LABELS), tx->arena, &o.labels, tx->fault);
	if (rc != RC_OK)
		return rc;
	return s == SCOPE_NONE || (who->grants && grant_covers_object(who->grants, s, who->actor, &o)) ? RC_OK
												       : RC_MISSING;
}

enum rc decide_events(struct tx *tx, const struct principal *who, const char *job_id, const char *account_id)
{
	if (!decide_is_narrowed(who, SCOPE_EVENTS_READ))
		return RC_OK;
	if (!job_id && !account_id)
		return fault_set(tx->fault, RC_DENIED,
			"what you may see is narrowed to some things: name a job or an account to follow");
	enum rc rc = job_id ? decide_thing(tx, who, SCOPE_EVENTS_READ, OBJECT_JOB, job_id) : RC_OK;
	return rc == RC_OK && account_id ? decide_thing(tx, who, SCOPE_EVENTS_READ, OBJECT_ACCOUNT, account_id)
					 : rc;
}

enum rc decide_object(struct call *c, enum object_kind kind, const char *id)
{
	return decide_thing(&c->tx, c->who, c->route->scope, kind, id);
}

/* What the row gives nothing to hold a selector against is for those alone who have the scope for all. */
static enum rc check_narrowed(const struct call *c)
{
	const struct route *r = c->route;

	if (r->reach == REACH_SELF || r->object != OBJECT_NONE || r->lists != OBJECT_NONE ||
		(r->flags & ROUTE_NARROWED) || !decide_is_narrowed(c->who, r->scope))
		return RC_OK;
	return fault_set(c->tx.fault, RC_DENIED,
		"what you may do is narrowed to some things, and this operation cannot be: it needs %s for all of "
		"them",
		scope_text(r->scope));
}

/* Things of the installation belong to it, whatever the scope says. */
static enum rc check_reach(const struct call *c)
{
	const struct route *r = c->route;
	bool writes = r->flags & ROUTE_WRITE;

	if (r->reach == REACH_PLATFORM || (r->reach == REACH_SHARED && writes))
		return decide_is_platform(c->who) ? RC_OK
						  : fault_set(c->tx.fault, RC_DENIED,
							    "this belongs to the installation, not to a tenant");
	return RC_OK;
}

enum rc decide_route(struct call *c)
{
	const struct route *r = c->route;

	if (r->reach == REACH_NONE)
		return fault_set(c->tx.fault, RC_DENIED, "nobody may do this: its row does not say who may");
	if (r->reach == REACH_OPEN)
		return RC_OK;
	if (c->who->kind == PRINCIPAL_NOBODY)
		return fault_set(c->tx.fault, RC_UNAUTHENTICATED, "this needs a credential");
	if (!route_may(c->who, r->scope))
		return fault_set(c->tx.fault, RC_DENIED, "this needs the scope %s, which the key does not have",
			scope_text(r->scope));
	enum rc rc = check_reach(c);
	if (rc == RC_OK)
		rc = check_narrowed(c);
	if (rc == RC_OK)
		rc = step_up_check(c);
	if (rc != RC_OK || r->object == OBJECT_NONE || !c->arg[0])
		return rc;
	return decide_object(c, r->object, c->arg[0]);
}

enum rc decide_filter(struct call *c, struct page *page)
{
	const struct route *r = c->route;
	char *items = page->items.at;
	size_t n = 0;

	if (r->lists == OBJECT_NONE || !decide_is_narrowed(c->who, r->scope))
		return RC_OK;
	size_t id = field_find(r->out, "id")->at;
	for (size_t i = 0; i < page->items.n; i++) {
		enum rc rc = decide_object(c, r->lists, *(const char **)(void *)(items + i * r->out_size + id));
		if (rc != RC_OK && rc != RC_MISSING)
			return rc;
		if (rc == RC_OK && n++ != i)
			memmove(items + (n - 1) * r->out_size, items + i * r->out_size, r->out_size);
	}
	page->items.n = n;
	return RC_OK;
}
