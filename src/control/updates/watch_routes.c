#include "control/updates/watch_routes.h"
#include "control/access/audit.h"
#include "control/access/decide.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/updates/sources.h"
#include "control/updates/title_rows.h"
#include "control/updates/watch_rows.h"
#include "control/updates/watches.h"
#include "wire/field_json.h"

#define WATCH(member) FIELD_AT(struct watch_in, member)

const struct field watch_routes_in[] = {
	{ .name = "store",
		.type = FIELD_ENUM,
		WATCH(store),
		.words = title_store_words,
		.doc = "Where the title is. Default: steam." },
	{ .name = "titleId",
		.type = FIELD_STR,
		WATCH(ref),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = TITLE_REF_MAX,
		.doc = "The store's own id: an app id, a published file's id, NAMESPACE:CATALOG_ITEM:APP, a "
		       "product id." },
	{ .name = "branches",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		WATCH(branches),
		.max = WATCH_ROWS_BRANCHES,
		.doc = "Whose builds, depots and changes are told; *: all. Default: public on Steam, elsewhere "
		       "all." },
	{ .name = "classes",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		WATCH(classes),
		.max = TITLE_CLASSES,
		.doc = "Kinds of changes that are told: build, branch, depot, metadata, store_page, price, "
		       "visibility, "
		       "package, workshop_item; *: all. Default: build." },
	{ .name = "labels", .type = FIELD_MAP, WATCH(labels), .doc = "Yours; polls and triggers choose by them." },
	{ .name = "intervalSeconds",
		.type = FIELD_U32,
		WATCH(interval_s),
		.min = 60,
		.max = 86400,
		.def = WATCH_ROWS_INTERVAL_S,
		.doc = "It is asked for when nothing was heard of it for so long; changes on Steam are told "
		       "sooner." },
	{ .name = "priority",
		.type = FIELD_U32,
		WATCH(priority),
		.max = 9,
		.def = WATCH_ROWS_PRIORITY,
		.doc = "9 goes first where there is a queue." },
	{ .name = "accountId",
		.type = FIELD_STR,
		WATCH(account_id),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.doc = "An account that may see it, where nobody else may; null: none." },
	{ 0 },
};
enum {
	GIVEN_STORE = 1,
	GIVEN_REF = 2,
	GIVEN_BRANCHES = 4,
	GIVEN_CLASSES = 8,
	GIVEN_LABELS = 16,
	GIVEN_INTERVAL = 32,
	GIVEN_PRIORITY = 64,
	GIVEN_ACCOUNT = 128,
};

static enum rc problem(struct call *c, const char *at, const char *member, const char *code, const char *detail)
{
	const char *pointer = arena_fmt(c->tx.arena, "%s/%s", at, member);
	return pointer ? field_json_problem(c->reader, pointer, code, detail) : RC_NOMEM;
}

static bool is_class(const char *word)
{
	bool found = !strcmp(word, "*");

	for (int i = 0; title_class_words[i]; i++)
		found |= !strcmp(word, title_class_words[i]);
	return found;
}

enum rc watch_routes_check(struct call *c, const struct watch_in *in, const char *at)
{
	const char *const *branch = in->branches.at, *const *class = in->classes.at;
	enum rc rc = RC_OK;

	if (!title_is_ref((enum title_store)in->store, in->ref ? in->ref : ""))
		rc = problem(c, at, "titleId", "malformed",
			in->store == TITLE_EPIC ? "names parted by colons, of letters, digits, - _ and ."
						: "a number, as the store has it");
	for (size_t i = 0; i < in->branches.n; i++)
		if (!*branch[i] || strlen(branch[i]) > 100)
			rc = problem(c, at, "branches", "out_of_range", "a branch's name has 1 to 100 bytes");
	for (size_t i = 0; i < in->classes.n; i++)
		if (!is_class(class[i]))
			rc = problem(c, at, "classes", "not_one_of",
				"build, branch, depot, metadata, store_page, price, visibility, package, "
				"workshop_item, *");
	if (rc == RC_OK && in->account_id && decide_object(c, OBJECT_ACCOUNT, in->account_id) != RC_OK)
		rc = problem(c, at, "accountId", "not_one_of", "there is no such account");
	return rc;
}

enum rc watch_routes_make(struct tx *tx, const struct watch_in *in, struct watch *ret)
{
	*ret = (struct watch){ .store = title_store_words[in->store],
		.ref = in->ref,
		.branches = in->branches,
		.classes = in->classes,
		.labels = in->labels,
		.interval_s = in->interval_s,
		.priority = in->priority,
		.account_id = in->account_id };
	return watch_rows_add(tx, ret);
}

enum rc watch_routes_room(struct tx *tx, size_t more)
{
	static const struct store_query count = { .sql = "SELECT COUNT(*) FROM watches WHERE tenant_id = $1" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &count, STORE_ARGS(store_text(tx_tenant(tx))), &r, tx->fault);

	if (rc == RC_OK && store_col_int(r, 0) + (int64_t)more > WATCH_ROWS_MAX)
		return fault_set(
			tx->fault, RC_QUOTA, "a tenant has at most %d watches; delete some", WATCH_ROWS_MAX);
	return rc;
}

static enum rc noted(struct call *c, const struct watch *w, const char *event, const char *audit)
{
	enum rc rc = events_add(&c->tx, &(struct event){ .type = event, .resource = w->id });
	return rc == RC_OK ? audit_add(&c->tx, audit, w->id) : rc;
}

/* ---- the routes ---- */

struct watches_query {
	struct page_query page;
	int store, state; /* 0: any */
	const char *ref;
};
static const char *const store_words[] = { "any", "steam", "workshop", "epic", "gog", NULL };
static const char *const state_words[] = { "any", WATCHES_ACTIVE, WATCHES_DEGRADED, WATCHES_STALE, WATCHES_DENIED,
	WATCHES_UNKNOWN, WATCHES_PAUSED, NULL };
static const struct field list_query[] = {
	PAGE_QUERY_FIELDS(struct watches_query),
	{ .name = "store",
		.type = FIELD_ENUM,
		FIELD_AT(struct watches_query, store),
		.words = store_words,
		.doc = "Only of this store." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct watches_query, state),
		.words = state_words,
		.doc = "Only in this state." },
	{ .name = "titleId",
		.type = FIELD_STR,
		FIELD_AT(struct watches_query, ref),
		.max = TITLE_REF_MAX,
		.doc = "Only of this title." },
	{ 0 },
};

static enum rc list(struct call *c, void *ret_out)
{
	static const struct store_query all = {
		.sql = WATCH_ROWS_SELECT
		"WHERE w.id < $1 AND w.tenant_id = $3 AND ($5 = 'any' OR t.store = $5) AND ($6 "
		"= 'any' OR w.state = $6) AND ($7 = '' OR t.ref = $7) ORDER BY w.id DESC LIMIT "
		"$2"
	};
	const struct watches_query *q = c->query;
	struct page *page = ret_out;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, &q->page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, &all,
			STORE_ARGS(store_text(before), store_int(q->page.limit + 1), store_text(tx_tenant(&c->tx)),
				store_int(c->tx.now_ms), store_text(store_words[q->store]),
				store_text(state_words[q->state]), store_text(q->ref ? q->ref : "")),
			&r, c->tx.fault);
	if (rc == RC_OK)
		rc = page_read(c, &q->page, r, page);
	store_close(take(r));
	struct watch *w = page->items.at;
	for (size_t i = 0; rc == RC_OK && i < page->items.n; i++)
		rc = watch_rows_fill(&c->tx, &w[i]);
	return rc;
}

static enum rc get(struct call *c, void *ret_out)
{
	struct watch *w = ret_out;
	enum rc rc = watch_rows_load(&c->tx, c->arg[0], w);
	c->version = w->version;
	return rc;
}

static enum rc create(struct call *c, void *ret_out)
{
	const struct watch_in *in = c->in;
	struct watch *w = ret_out;

	enum rc rc = watch_routes_check(c, in, "");
	if (rc == RC_OK)
		rc = watch_routes_room(&c->tx, 1);
	if (rc == RC_OK)
		rc = watch_routes_make(&c->tx, in, w);
	if (rc != RC_OK)
		return rc;
	sources_wake(c->tx.control);
	c->version = w->version;
	c->location = arena_fmt(c->tx.arena, "/v1/watches/%s", w->id);
	rc = c->location ? watch_rows_fill(&c->tx, w) : RC_NOMEM;
	return rc == RC_OK ? noted(c, w, "watch.created", "watch.create") : rc;
}

static void take_over(struct watch *w, const struct watch_in *in, uint64_t given)
{
	if (given & GIVEN_BRANCHES)
		w->branches = in->branches;
	if (given & GIVEN_CLASSES)
		w->classes = in->classes;
	if (given & GIVEN_LABELS)
		w->labels = in->labels;
	if (given & GIVEN_INTERVAL)
		w->interval_s = in->interval_s;
	if (given & GIVEN_PRIORITY)
		w->priority = in->priority;
	if (given & GIVEN_ACCOUNT)
		w->account_id = in->account_id;
}

static enum rc patch(struct call *c, void *ret_out)
{
	const struct watch_in *in = c->in;
	struct watch_in as = *in;
	struct watch *w = ret_out;
	enum rc rc = watch_rows_load(&c->tx, c->arg[0], w);

	if (rc == RC_OK)
		rc = route_match(c, w->version);
	if (rc == RC_OK && c->given & (GIVEN_STORE | GIVEN_REF))
		return field_json_problem(c->reader, c->given & GIVEN_REF ? "/titleId" : "/store", "read_only",
			"a watch stays with its title; make another");
	if (rc != RC_OK)
		return rc;
	as.ref = w->ref;
	for (int i = 0; title_store_words[i]; i++)
		if (!strcmp(title_store_words[i], w->store))
			as.store = i;
	rc = watch_routes_check(c, &as, "");
	take_over(w, in, c->given);
	if (rc == RC_OK)
		rc = watch_rows_default(&c->tx, w);
	c->version = ++w->version;
	w->updated_at = c->tx.now_ms;
	if (rc == RC_OK)
		rc = watch_rows_keep(&c->tx, w);
	if (rc == RC_OK)
		rc = watch_rows_fill(&c->tx, w);
	return rc == RC_OK ? noted(c, w, "watch.updated", "watch.update") : rc;
}

static enum rc drop(struct call *c, void *ret_out)
{
	struct watch w = { 0 };
	(void)ret_out;

	enum rc rc = watch_rows_load(&c->tx, c->arg[0], &w);
	if (rc == RC_OK)
		rc = route_match(c, w.version);
	if (rc == RC_OK)
		rc = watch_rows_drop(&c->tx, &w);
	return rc == RC_OK ? noted(c, &w, "watch.deleted", "watch.delete") : rc;
}

static enum rc set_paused(struct call *c, struct watch *w, bool paused)
{
	struct title_row t = { 0 };
	enum rc rc = watch_rows_load(&c->tx, c->arg[0], w);

	c->version = w->version;
	if (rc != RC_OK || !strcmp(w->state, WATCHES_PAUSED) == paused)
		return rc;
	rc = title_rows_load(&c->tx, w->title_id, &t);
	if (rc != RC_OK)
		return rc;
	w->state = paused ? WATCHES_PAUSED : watches_state_of(&t);
	c->version = ++w->version;
	w->updated_at = c->tx.now_ms;
	rc = watch_rows_keep(&c->tx, w);
	sources_wake(c->tx.control);
	return rc == RC_OK ? noted(c, w, "watch.updated", paused ? "watch.pause" : "watch.resume") : rc;
}

static enum rc pause_it(struct call *c, void *ret_out) { return set_paused(c, ret_out, true); }
static enum rc resume(struct call *c, void *ret_out) { return set_paused(c, ret_out, false); }

#define OUT .out = watch_rows_fields, .out_size = sizeof(struct watch)
#define IN  .in = watch_routes_in, .in_size = sizeof(struct watch_in)

const struct route watch_routes[] = {
	{ .name = "listWatches",
		.method = "GET",
		.path = "/v1/watches",
		.reach = REACH_TENANT,
		.lists = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_READ,
		.flags = ROUTE_LIST,
		.query = list_query,
		.query_size = sizeof(struct watches_query),
		OUT,
		.run = list,
		.doc = "Lists the watches, newest first." },
	{ .name = "createWatch",
		.method = "POST",
		.path = "/v1/watches",
		.reach = REACH_TENANT,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		.status = 201,
		IN,
		OUT,
		.run = create,
		.doc = "Watches a title: what changes of it is told as events. One watch of a title." },
	{ .name = "getWatch",
		.method = "GET",
		.path = "/v1/watches/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_READ,
		OUT,
		.run = get,
		.doc = "Shows a watch." },
	{ .name = "updateWatch",
		.method = "PATCH",
		.path = "/v1/watches/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		IN,
		OUT,
		.run = patch,
		.doc = "Edits a watch by a merge patch (RFC 7396); its title stays." },
	{ .name = "deleteWatch",
		.method = "DELETE",
		.path = "/v1/watches/{id}",
		.reach = REACH_TENANT,
		.object = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_MATCH,
		.status = 204,
		.run = drop,
		.doc = "Ends a watch; what is known of the title stays." },
	{ .name = "pauseWatch",
		.method = "POST",
		.path = "/v1/watches/{id}/pause",
		.reach = REACH_TENANT,
		.object = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = pause_it,
		.doc = "Nothing of it is told until it is resumed." },
	{ .name = "resumeWatch",
		.method = "POST",
		.path = "/v1/watches/{id}/resume",
		.reach = REACH_TENANT,
		.object = OBJECT_WATCH,
		.scope = SCOPE_WATCHES_WRITE,
		.flags = ROUTE_WRITE | ROUTE_ACCEPTED,
		OUT,
		.run = resume,
		.doc = "Lets it go on; what changed meanwhile is found, as one change." },
	{ 0 },
};
