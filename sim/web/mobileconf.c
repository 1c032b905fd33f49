/* What the mobile app asks about confirmations. Source: steam-protocol facts 6.5. */
#include "sim/econ/confirm.h"
#include "sim/econ/offer.h"
#include "sim/people.h"
#include "sim/web/pages.h"
#include "wire/json.h"
#include "wire/steam/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SKEW_S    300 /* a key of a time farther off is not taken */
#define MULTI_MAX 50

/* Keys that were used for an answer, so that their second use is seen. */
static void note_use(struct econ *e, const char *key)
{
	char *at = e->used_keys[e->used_keys_n++ % ECON_USED_KEYS];
	for (size_t i = 0; i < ECON_USED_KEYS; i++)
		if (!strcmp(e->used_keys[i], key))
			e->counts.repeated_keys++;
	memcpy(at, key, strnlen(key, GUARD_KEY - 1) + 1);
}

/* The parameters that every question carries: device, account, key, time, tag. */
static bool is_signed(struct ask *q, const char *const *tags)
{
	char want[GUARD_KEY] = "";
	uint64_t id = 0, t = 0;
	struct hush identity = { 0 };
	const char *tag = ask_either(q, "tag"), *key = ask_either(q, "k");
	bool good = false;

	for (; *tags; tags++)
		good |= !strcmp(tag, *tags);
	good = good && q->who->has_identity && *ask_either(q, "p") && !strcmp(ask_either(q, "m"), "react") &&
	       ask_number(ask_either(q, "a"), &id) && id == q->who->steamid && ask_number(ask_either(q, "t"), &t) &&
	       (int64_t)t >= q->now - SKEW_S && (int64_t)t <= q->now + SKEW_S &&
	       hush_set(&identity, q->who->identity, sizeof(q->who->identity)) == RC_OK &&
	       guard_confirmation_key(&identity, (int64_t)t, tag, want) == RC_OK && !strcmp(want, key);
	hush_done(&identity);
	if (!good)
		q->sim->econ->counts.bad_keys++;
	return good;
}

static void say_failed(struct answer *a, const char *message)
{
	answer_json(a, 200);
	buf_str(&a->body, "{\"success\":false,\"message\":");
	json_put_str(&a->body, message);
	buf_str(&a->body, "}");
}

static void put_items(struct buf *to, const struct offer *o, bool of_sender)
{
	size_t n = of_sender ? o->give_n : o->take_n;
	struct buf text = { 0 };

	for (size_t k = 0; k < n && k < 3; k++)
		buf_fmt(&text, "%s%s", k ? ", " : "", o->items[(of_sender ? 0 : o->give_n) + k].class->name);
	if (n > 3)
		buf_fmt(&text, " and %zu more", n - 3);
	json_put_str(to, n ? buf_text(&text) : "nothing");
	buf_done(&text);
}

static void put_one(struct ask *q, struct buf *to, const struct confirm *c)
{
	const struct offer *o = offer_by_id(q->sim->econ, c->offer);
	const struct person *them = o ? people_by_id(&q->sim->people, c->by_sender ? o->to : o->from) : NULL;

	buf_fmt(to,
		"{\"type\":%u,\"type_name\":\"Trade Offer\",\"id\":\"%" PRIu64 "\",\"creator_id\":\"%" PRIu64
		"\",\"nonce\":\"%" PRIu64 "\",\"creation_time\":%" PRId64
		",\"cancel\":\"Cancel\",\"accept\":\"%s\",\"icon\":\"\",\"multi\":true,\"headline\":",
		c->type, c->id, c->offer, c->nonce, c->created, c->by_sender ? "Send offer" : "Accept");
	json_put_str(to, them ? (*them->persona ? them->persona : them->name) : "");
	buf_str(to, ",\"summary\":[");
	if (o) {
		put_items(to, o, c->by_sender);
		buf_str(to, ",");
		put_items(to, o, !c->by_sender);
	}
	buf_str(to, "],\"warn\":null}");
}

void mobileconf_list(struct ask *q, struct answer *a)
{
	static const char *const tags[] = { "list", "conf", "getlist", NULL };
	bool first = true;

	offer_tick(q->sim->econ, q->now);
	if (!is_signed(q, tags) || q->effect.eresult) {
		say_failed(a, "Invalid authenticator");
		return;
	}
	answer_json(a, 200);
	buf_str(&a->body, "{\"success\":true,\"conf\":[");
	for (struct list *at = q->sim->econ->confirmations.prev; at != &q->sim->econ->confirmations;
		at = at->prev) {
		const struct confirm *c = list_of(at, struct confirm, node);
		if (c->owner != q->who->steamid || c->shown_from > q->now)
			continue;
		buf_str(&a->body, first ? "" : ",");
		first = false;
		put_one(q, &a->body, c);
	}
	buf_str(&a->body, "]}");
}

/* cid and ck, or the nth of cid[] and ck[]. */
static bool nth_pair(struct ask *q, size_t n, uint64_t *ret_id, uint64_t *ret_nonce)
{
	char name[24];
	const struct ask_pair *id, *nonce;

	if (!strcmp(q->method, "GET"))
		return n == 0 && ask_number(ask_query(q, "cid"), ret_id) &&
		       ask_number(ask_query(q, "ck"), ret_nonce);
	id = ask_find(&q->form, "cid[]", n);
	nonce = ask_find(&q->form, "ck[]", n);
	if (!id) {
		snprintf(name, sizeof(name), "cid[%zu]", n);
		id = ask_find(&q->form, name, 0);
		snprintf(name, sizeof(name), "ck[%zu]", n);
		nonce = ask_find(&q->form, name, 0);
	}
	return id && nonce && ask_number(id->value, ret_id) && ask_number(nonce->value, ret_nonce);
}

void mobileconf_answer(struct ask *q, struct answer *a)
{
	static const char *const yes[] = { "accept", "allow", NULL }, *const no[] = { "reject", "cancel", NULL };
	bool allow = !strcmp(ask_either(q, "op"), "allow"), refuse = !strcmp(ask_either(q, "op"), "cancel");
	struct econ *e = q->sim->econ;
	size_t n = 0;
	bool good = true;

	offer_tick(e, q->now);
	if ((!allow && !refuse) || !is_signed(q, allow ? yes : no) || q->effect.eresult) {
		say_failed(a, "Invalid authenticator");
		return;
	}
	note_use(e, ask_either(q, "k"));
	for (uint64_t id, nonce; n < MULTI_MAX && nth_pair(q, n, &id, &nonce); n++) {
		struct confirm *c = confirm_find(e, q->who->steamid, id, nonce);
		good = c && offer_answer(e, c, allow, q->now) && good;
	}
	if (n == 0 || !good) {
		say_failed(a, "There was a problem performing that operation. Please try again later.");
		return;
	}
	answer_json(a, 200);
	buf_str(&a->body, "{\"success\":true}");
}

void mobileconf_details(struct ask *q, struct answer *a)
{
	static const char *const tags[] = { "details", "detail", NULL };
	uint64_t id = 0;

	if (!is_signed(q, tags) || !ask_number(q->part[0], &id)) {
		say_failed(a, "Invalid authenticator");
		return;
	}
	list_each (at, after, &q->sim->econ->confirmations) {
		const struct confirm *c = list_of(at, struct confirm, node);
		if (c->id != id || c->owner != q->who->steamid)
			continue;
		answer_html(a, 200);
		buf_fmt(&a->body,
			"<html><body><div class=\"tradeoffer\" id=\"tradeofferid_%" PRIu64
			"\"></div></body></html>",
			c->offer);
		return;
	}
	say_failed(a, "There is no such confirmation");
}
