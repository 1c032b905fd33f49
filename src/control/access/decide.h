/*
 * decide: may they do this, to that? The one place where a route's row, the caller's grants and the thing itself meet. It is
 * asked before a handler runs (http/perform), so a handler only ever sees things of its caller's tenant. control-plane.md 6.3.
 *
 * What is not there, what is another tenant's, and what no grant lets through have one answer: RC_MISSING without a word.
 * A tenant's lists name it in their SQL (decide_tenant); what a grant's selector hides is taken out of the page that was read
 * (decide_filter), so such a page can be shorter than was asked for.
 */
#pragma once

#include "control/http/route.h"

/* What the row asks for: the scope (RC_DENIED), the installation (RC_DENIED), and of {id} that it is theirs (RC_MISSING). */
must_check enum rc decide_route(struct call *c);

/* An id that stands in a body or a query: is it there, theirs, and let through for the route's scope? Else RC_MISSING. */
must_check enum rc decide_object(struct call *c, enum object_kind kind, const char *id);

/* The same for another scope, of a caller in a transaction: for what handlers share with others. */
must_check enum rc decide_thing(
	struct tx *tx, const struct principal *who, enum scope s, enum object_kind kind, const char *id);

/* An account that is to be used: a task is to be made, a key to be redeemed. */
struct decide_use {
	const char *account_id; /* NULL: none */
	const char *action;
	const char *region_id; /* where it is to be; NULL: where the account says */
};

/* May they have that done? It is theirs, for they ask for it. Else RC_MISSING, as when there is no such account. */
must_check enum rc decide_use(
	struct tx *tx, const struct principal *who, enum scope s, const struct decide_use *use);

/* May they follow the events of all of the tenant, or of this job or account (NULL: none was named)? Else RC_DENIED, RC_MISSING. */
must_check enum rc decide_events(
	struct tx *tx, const struct principal *who, const char *job_id, const char *account_id);

/* Takes what no grant lets through out of a page of the route's `lists`. The items' first member is their id. */
must_check enum rc decide_filter(struct call *c, struct page *page);

/* By any grant, whatever it is narrowed to: may they try? */
bool decide_may(const struct principal *who, enum scope s);

/* May they hand the scope on to somebody else, whole? */
bool decide_may_give(const struct principal *who, enum scope s);

/* Has no grant the scope for all of the tenant? Then what cannot be held against a selector is refused. */
bool decide_is_narrowed(const struct principal *who, enum scope s);

/* Is it one of the installation's own tenant, and its administrator (admin:*, narrowed to nothing)? */
bool decide_is_platform(const struct principal *who);
bool decide_is_administrator(const struct principal *who);

/* Whose things the caller sees and makes. Never NULL. */
const char *decide_tenant(const struct principal *who);

/* The words of OpenAPI: "account", "tenant". */
const char *decide_object_word(enum object_kind kind);
const char *decide_reach_word(enum route_reach reach);
