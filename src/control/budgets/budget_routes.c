#include "control/budgets/budget_routes.h"
#include "control/access/audit.h"
#include "control/budgets/budgets.h"
#include "control/events/events.h"
#include "control/http/page.h"

struct key_view {
	int kind; /* enum lane_key */
	const char *id;
};

struct budget_view {
	const char *id, *lane;
	struct key_view key;
	uint32_t capacity, tokens, waiters;
	int64_t every_us, base_every_us;
	int64_t cool_down_until, next_free_at;
	const char *reason;
	int64_t used, throttled;
	bool tuned;
};

static const struct field key_fields[] = {
	{ .name = "kind",
		.type = FIELD_ENUM,
		FIELD_AT(struct key_view, kind),
		.words = lane_key_words,
		.doc = "What the lane counts by." },
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct key_view, id), .doc = "Which of them." },
	{ 0 },
};

static const struct field budget_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct budget_view, id), .doc = "LANE:KEY." },
	{ .name = "lane", .type = FIELD_STR, FIELD_AT(struct budget_view, lane), .doc = "What is counted." },
	{ .name = "key",
		.type = FIELD_OBJ,
		FIELD_AT(struct budget_view, key),
		.sub = key_fields,
		.doc = "By what." },
	{ .name = "capacity",
		.type = FIELD_U32,
		FIELD_AT(struct budget_view, capacity),
		.doc = "Calls that may go out at once when it is full." },
	{ .name = "tokens",
		.type = FIELD_U32,
		FIELD_AT(struct budget_view, tokens),
		.doc = "Calls that may go out now." },
	{ .name = "everyMicros",
		.type = FIELD_I64,
		FIELD_AT(struct budget_view, every_us),
		.doc = "One call comes back in so many microseconds; 0: no limit." },
	{ .name = "baseEveryMicros",
		.type = FIELD_I64,
		FIELD_AT(struct budget_view, base_every_us),
		.doc = "The same when Steam has not throttled of late." },
	{ .name = "coolDownUntil",
		.type = FIELD_TIME,
		FIELD_AT(struct budget_view, cool_down_until),
		.doc = "Nothing goes out before; null: no pause." },
	{ .name = "coolDownReason",
		.type = FIELD_STR,
		FIELD_AT(struct budget_view, reason),
		.doc = "Why it pauses." },
	{ .name = "waiters",
		.type = FIELD_U32,
		FIELD_AT(struct budget_view, waiters),
		.doc = "Calls that wait for it." },
	{ .name = "nextFreeAt",
		.type = FIELD_TIME,
		FIELD_AT(struct budget_view, next_free_at),
		.doc = "When the next call may go out." },
	{ .name = "used24h",
		.type = FIELD_I64,
		FIELD_AT(struct budget_view, used),
		.doc = "Calls of the last 24 hours." },
	{ .name = "throttled24h",
		.type = FIELD_I64,
		FIELD_AT(struct budget_view, throttled),
		.doc = "How often Steam throttled in the last 24 hours." },
	{ .name = "tuned",
		.type = FIELD_BOOL,
		FIELD_AT(struct budget_view, tuned),
		.doc = "Its limits are an operator's, not the configuration's." },
	{ 0 },
};

static enum rc show(struct tx *tx, const struct budget *b, struct budget_view *v)
{
	bool pauses = b->is.cool_until_ms > tx->now_ms;

	*v = (struct budget_view){ .id = b->id,
		.lane = lane_kinds[b->lane].name,
		.key = { (int)lane_kinds[b->lane].key, b->key },
		.capacity = b->is.burst,
		.tokens = pauses ? 0 : lane_tokens(&b->is, tx->now_ms),
		.waiters = b->waiters,
		.every_us = (int64_t)b->is.every_us,
		.base_every_us = (int64_t)b->is.base_us,
		.cool_down_until = pauses ? b->is.cool_until_ms : 0,
		.next_free_at = lane_free_at(&b->is, 1, tx->now_ms),
		.reason = pauses ? b->reason : NULL,
		.tuned = b->tuned };
	return budgets_used(tx, b->id, &v->used, &v->throttled);
}

struct budgets_query {
	struct page_query page;
	const char *lane, *key;
};
static const struct field query_fields[] = {
	PAGE_QUERY_FIELDS(struct budgets_query),
	{ .name = "lane",
		.type = FIELD_STR,
		FIELD_AT(struct budgets_query, lane),
		.max = 64,
		.doc = "Only this lane." },
	{ .name = "key",
		.type = FIELD_STR,
		FIELD_AT(struct budgets_query, key),
		.max = BUDGETS_KEY_MAX,
		.doc = "Only this account, egress or key." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	/* The columns of the view are filled in below: tokens are arithmetic. */
	static const struct store_query all = {
		.sql = "SELECT id, lane, 'egress', key, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0 FROM lane_buckets WHERE "
		       "id < $1 AND ($3 = '' OR lane = $3) AND ($4 = '' OR key = $4) ORDER BY id DESC LIMIT $2"
	};
	const struct budgets_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1),
				store_text(q->lane ? q->lane : ""), store_text(q->key ? q->key : "")),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	store_close(take(r));
	struct budget_view *v = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++) {
		struct budget b = { 0 };
		rc = budgets_find(&c->tx, v[i].id, &b);
		if (rc == RC_OK)
			rc = show(&c->tx, &b, &v[i]);
	}
	return rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct budget b = { 0 };
	enum rc rc = budgets_find(&c->tx, c->arg[0], &b);
	return rc == RC_OK ? show(&c->tx, &b, ret_out) : rc;
}

struct budget_patch {
	uint32_t every_ms, burst;
};
enum { GIVEN_EVERY = 1, GIVEN_BURST = 2 };
static const struct field patch_fields[] = {
	{ .name = "everyMs",
		.type = FIELD_U32,
		FIELD_AT(struct budget_patch, every_ms),
		.min = 1,
		.max = LANE_COOL_MAX_MS,
		.doc = "One call comes back in so many milliseconds." },
	{ .name = "burst",
		.type = FIELD_U32,
		FIELD_AT(struct budget_patch, burst),
		.min = 1,
		.max = 1000000,
		.doc = "Calls that may go out at once when it is full." },
	{ 0 },
};

static enum rc patch(struct call *c, void *ret_out)
{
	const struct budget_patch *in = c->in;
	struct budget b = { 0 };
	enum rc rc = budgets_find(&c->tx, c->arg[0], &b);
	if (rc != RC_OK)
		return rc;
	uint64_t every = c->given & GIVEN_EVERY ? (uint64_t)in->every_ms * 1000 : b.is.base_us;
	uint32_t burst = c->given & GIVEN_BURST ? in->burst : b.is.burst;
	bool looser = every < b.is.base_us || burst > b.is.burst;
	if (looser && !route_may(c->who, SCOPE_BUDGETS_OVERRIDE))
		return fault_set(c->tx.fault, RC_DENIED,
			"this loosens the limit: it needs the scope budgets:override, which the key does not have");
	lane_tune(&b.is, every, burst, c->tx.now_ms);
	b.tuned = true;
	rc = budgets_save(&c->tx, &b);
	if (rc == RC_OK)
		rc = events_add(
			&c->tx, &(struct event){ .type = "budget.changed",
					.resource = b.id,
					.payload = arena_fmt(c->tx.arena, "{\"everyMicros\":%llu,\"burst\":%u}",
						(unsigned long long)every, burst) });
	if (rc == RC_OK)
		rc = audit_add(&c->tx, looser ? "budget.loosen" : "budget.tighten", b.id);
	return rc == RC_OK ? show(&c->tx, &b, ret_out) : rc;
}

static enum rc clear(struct call *c, void *ret_out)
{
	struct budget b = { 0 };
	enum rc rc = budgets_find(&c->tx, c->arg[0], &b);
	if (rc == RC_OK)
		rc = budgets_clear(&c->tx, &b);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "budget.clear_cooldown", b.id);
	return rc == RC_OK ? show(&c->tx, &b, ret_out) : rc;
}

#define OUT .out = budget_fields, .out_size = sizeof(struct budget_view)

const struct route budget_routes[] = {
	{ .name = "listRateBudgets",
		.method = "GET",
		.path = "/v1/rate-budgets",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_BUDGETS_READ,
		.flags = ROUTE_LIST,
		.query = query_fields,
		.query_size = sizeof(struct budgets_query),
		OUT,
		.run = list,
		.doc = "Lists the rate lanes' buckets that were used, with their tokens and pauses." },
	{ .name = "getRateBudget",
		.method = "GET",
		.path = "/v1/rate-budgets/{id}",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_BUDGETS_READ,
		OUT,
		.run = get,
		.doc = "Shows a bucket; one that was never used is full." },
	{ .name = "updateRateBudget",
		.method = "PATCH",
		.path = "/v1/rate-budgets/{id}",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_BUDGETS_WRITE,
		.flags = ROUTE_WRITE,
		.in = patch_fields,
		.in_size = sizeof(struct budget_patch),
		OUT,
		.run = patch,
		.doc = "Sets a bucket's limits. To loosen them needs budgets:override." },
	{ .name = "clearRateBudgetCooldown",
		.method = "POST",
		.path = "/v1/rate-budgets/{id}/clear-cooldown",
		.reach = REACH_PLATFORM,
		.scope = SCOPE_BUDGETS_OVERRIDE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = clear,
		.doc = "Ends a pause before its time." },
	{ 0 },
};
