/* Sending, answering and looking at trade offers. Source: steam-protocol facts 6.3. */
#include "sim/econ/offer.h"
#include "sim/people.h"
#include "sim/web/pages.h"
#include "wire/json.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"strError":"words (NN)"} with 500, as the site does it. */
static void say_no(struct answer *a, const struct offer_refusal *no)
{
	char text[256];

	answer_json(a, 500);
	snprintf(text, sizeof(text), "%s (%d)", no->text, no->eresult);
	buf_str(&a->body, "{\"strError\":");
	json_put_str(&a->body, text);
	buf_str(&a->body, "}");
}

/* What a fault wants told instead of anything being done. */
static bool must_fail(struct ask *q, struct answer *a)
{
	struct offer_refusal no = { .eresult = q->effect.eresult };

	if (!no.eresult)
		return false;
	snprintf(no.text, sizeof(no.text), "%s",
		no.eresult == ERESULT_SERVICE_UNAVAILABLE
			? "We were unable to contact the game's item server. Its items cannot be traded now."
			: "There was an error with your trade offer. Please try again later.");
	say_no(a, &no);
	return true;
}

static struct offer_bend bend_of(const struct ask *q)
{
	const struct effect *e = &q->effect;
	return (struct offer_bend){ .listing_lag_s = e->listing_lag_s,
		.confirmation_lag_s = e->confirmation_lag_s,
		.glitched = e->glitched,
		.duplicate_confirmation = e->duplicate_confirmation,
		.inventory_full = e->inventory_full,
		.way = { .escrow_days = e->escrow_days,
			.protection_days = e->protection_days,
			.reversal_s = e->reversal_s,
			.rollback = e->rollback } };
}

/* Numbers come as numbers or as texts. */
static bool number_in(const json_t *j, const char *name, uint64_t *ret)
{
	const json_t *v = json_object_get(j, name);
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*ret = (uint64_t)json_integer_value(v);
		return true;
	}
	return json_is_string(v) && ask_number(json_string_value(v), ret);
}

/* The assets of one side; false: not what an offer looks like. One more than the limit is read, so that it shows. */
static bool read_side(
	struct arena *arena, const json_t *offer, const char *side, const struct offer_asset **ret, size_t *ret_n)
{
	const json_t *assets = json_object_get(json_object_get(offer, side), "assets");
	size_t n = json_array_size(assets);

	if (!json_is_array(assets))
		return false;
	if (n > OFFER_ITEMS_MAX + 1)
		n = OFFER_ITEMS_MAX + 1;
	struct offer_asset *to = arena_take(arena, (n + 1) * sizeof(*to));
	for (size_t i = 0; to && i < n; i++) {
		const json_t *j = json_array_get(assets, i);
		uint64_t app, context, amount;
		if (!number_in(j, "appid", &app) || !number_in(j, "contextid", &context) ||
			!number_in(j, "amount", &amount) || !number_in(j, "assetid", &to[i].assetid) ||
			(app | context | amount) > UINT32_MAX)
			return false;
		to[i].app = (uint32_t)app;
		to[i].context = (uint32_t)context;
		to[i].amount = (uint32_t)amount;
	}
	*ret = to;
	*ret_n = n;
	return to != NULL;
}

static const char *token_of(struct ask *q)
{
	auto_json struct json_t *j = NULL;
	const char *text = ask_form(q, "trade_offer_create_params");

	if (!*text || json_read(text, strlen(text), &j, NULL) != RC_OK)
		return "";
	const char *token = json_string_value(json_object_get(j, "trade_offer_access_token"));
	token = token ? arena_str(&q->arena, token) : "";
	return token ? token : "";
}

static bool read_wish(struct ask *q, struct offer_wish *w)
{
	auto_json struct json_t *j = NULL;
	const char *text = ask_form(q, "json_tradeoffer"), *counters = ask_form(q, "tradeofferid_countered");
	uint64_t partner;

	*w = (struct offer_wish){
		.from = q->who, .token = token_of(q), .message = ask_form(q, "tradeoffermessage")
	};
	if (!ask_number(ask_form(q, "partner"), &partner) || strcmp(ask_form(q, "serverid"), "1") != 0 ||
		!strstr(q->referer, "/tradeoffer/") || json_read(text, strlen(text), &j, NULL) != RC_OK ||
		!read_side(&q->arena, j, "me", &w->give, &w->give_n) ||
		!read_side(&q->arena, j, "them", &w->take, &w->take_n))
		return false;
	w->to = people_by_id(&q->sim->people, partner);
	return !*counters || !strcmp(counters, "null") || !strcmp(counters, "undefined") ||
	       ask_number(counters, &w->counters);
}

/* "j***@steam.example": what is told of a mail address. */
static void say_confirmation(struct answer *a, enum offer_method method)
{
	if (method == OFFER_METHOD_MOBILE)
		buf_str(&a->body, ",\"needs_mobile_confirmation\":true,\"needs_email_confirmation\":false");
	if (method == OFFER_METHOD_MAIL)
		buf_str(&a->body, ",\"needs_mobile_confirmation\":false,\"needs_email_confirmation\":true");
	if (method)
		buf_str(&a->body, ",\"email_domain\":\"steam.example\"");
}

void trading_send(struct ask *q, struct answer *a)
{
	struct offer_wish w;
	struct offer_refusal no = { 0 };
	struct offer_bend bend = bend_of(q);

	if (must_fail(q, a))
		return;
	if (!read_wish(q, &w)) {
		answer_json(a, 400);
		buf_str(&a->body, "null");
		return;
	}
	const struct offer *o = offer_send(q->sim->econ, &w, &bend, q->now, &no);
	if (!o) {
		say_no(a, &no);
		return;
	}
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"tradeofferid\":\"%" PRIu64 "\"", o->id);
	say_confirmation(a, o->method);
	buf_str(&a->body, "}");
}

/* The offer that the path names, when one of its two asks. NULL: it was answered. */
static struct offer *named(struct ask *q, struct answer *a)
{
	uint64_t id;
	struct offer *o = ask_number(q->part[0], &id) ? offer_by_id(q->sim->econ, id) : NULL;

	if (o && (o->from == q->who->steamid || (o->to == q->who->steamid && o->shown)))
		return o;
	say_no(a, &(struct offer_refusal){ .eresult = ERESULT_INVALID_STATE,
			  .text = "There was an error. There is no such trade offer." });
	return NULL;
}

void trading_accept(struct ask *q, struct answer *a)
{
	struct offer_refusal no = { 0 };
	struct offer_bend bend = bend_of(q);
	uint64_t partner = 0;

	struct offer *o = must_fail(q, a) ? NULL : named(q, a);
	if (!o)
		return;
	ask_number(ask_form(q, "partner"), &partner);
	if (strcmp(ask_form(q, "tradeofferid"), q->part[0]) != 0 || strcmp(ask_form(q, "serverid"), "1") != 0 ||
		partner != o->from || !strstr(q->referer, "/tradeoffer/")) {
		answer_json(a, 400);
		buf_str(&a->body, "null");
		return;
	}
	if (!offer_accept(q->sim->econ, o, q->who, &bend, q->now, &no)) {
		say_no(a, &no);
		return;
	}
	answer_json(a, 200);
	if (o->accept_waits) {
		buf_str(&a->body, "{\"tradeid\":null");
		say_confirmation(a, o->method);
		buf_str(&a->body, "}");
		return;
	}
	buf_fmt(&a->body, "{\"tradeid\":\"%" PRIu64 "\"}", o->tradeid);
}

static void end(struct ask *q, struct answer *a, bool cancel)
{
	struct offer_refusal no = { 0 };
	struct offer *o = must_fail(q, a) ? NULL : named(q, a);

	if (!o)
		return;
	offer_tick(q->sim->econ, q->now);
	if (!offer_end(q->sim->econ, o, q->who, cancel, q->now, &no)) {
		say_no(a, &no);
		return;
	}
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"tradeofferid\":\"%" PRIu64 "\"}", o->id);
}

void trading_cancel(struct ask *q, struct answer *a) { end(q, a, true); }
void trading_decline(struct ask *q, struct answer *a) { end(q, a, false); }

void trading_acknowledge(struct ask *q, struct answer *a)
{
	(void)q;
	answer_json(a, 200);
	buf_str(&a->body, "{\"success\":true}");
}

/* ---- pages ---- */

static void error_page(struct answer *a, const char *text)
{
	answer_html(a, 200);
	buf_fmt(&a->body,
		"<html><head><title>Steam Community :: Error</title></head><body>\n<div "
		"id=\"error_msg\">\n\t%s\n</div>\n"
		"</body></html>",
		text);
}

#define CONTEXTS_MAX 32

struct context_of {
	uint32_t app, context;
	unsigned n;
};

/* Those with items of theirs in them; how many. */
static size_t contexts_of(struct ask *q, struct person *p, struct context_of seen[static CONTEXTS_MAX])
{
	size_t n = 0;
	const struct econ_bag *b = econ_bag(q->sim->econ, p);

	for (struct list *at = b ? b->items.next : NULL; at && at != &b->items; at = at->next) {
		const struct econ_item *i = list_of(at, struct econ_item, node);
		uint32_t context = econ_context(i, q->now);
		size_t k = 0;
		while (k < n && (seen[k].app != i->class->app || seen[k].context != context))
			k++;
		if (k == n && n < CONTEXTS_MAX)
			seen[n++] = (struct context_of){ .app = i->class->app, .context = context };
		if (k < n)
			seen[k].n++;
	}
	return n;
}

/* {"440":{"appid":440,"name":"App 440","rgContexts":{"2":{"id":"2","name":"Backpack","asset_count":3}}}} */
static void put_contexts(struct ask *q, struct buf *to, struct person *p)
{
	struct context_of seen[CONTEXTS_MAX];
	size_t n = contexts_of(q, p, seen);

	buf_str(to, n ? "{" : "[]");
	for (size_t k = 0; k < n; k++) {
		bool told = false;
		for (size_t before = 0; before < k; before++)
			told |= seen[before].app == seen[k].app;
		if (told)
			continue;
		buf_fmt(to,
			"%s\"%u\":{\"appid\":%u,\"name\":\"App "
			"%u\",\"trade_permissions\":\"FULL\",\"rgContexts\":{",
			k ? "," : "", seen[k].app, seen[k].app, seen[k].app);
		for (size_t i = k; i < n; i++)
			if (seen[i].app == seen[k].app)
				buf_fmt(to, "%s\"%u\":{\"asset_count\":%u,\"id\":\"%u\",\"name\":\"Items\"}",
					i > k ? "," : "", seen[i].context, seen[i].n, seen[i].context);
		buf_str(to, "}}");
	}
	buf_str(to, n ? "}" : "");
}

static void put_page(struct ask *q, struct answer *a, struct person *them)
{
	uint32_t mine = q->effect.escrow_days ? q->effect.escrow_days : q->who->escrow_days,
		 theirs = them->escrow_days;
	struct buf *to = &a->body;

	answer_html(a, 200);
	buf_fmt(to,
		"<html><head><title>Trade offer with %u</title></head><body>\n"
		"<img src=\"https://avatars.steamstatic.com/0.jpg\" data-miniprofile=\"%u\">\n"
		"<img src=\"https://avatars.steamstatic.com/1.jpg\" data-miniprofile=\"%u\">\n"
		"<script type=\"text/javascript\">\n\tvar g_rgAppContextData = ",
		(uint32_t)them->steamid, (uint32_t)q->who->steamid, (uint32_t)them->steamid);
	put_contexts(q, to, q->who);
	buf_str(to, ";\n\tvar g_rgPartnerAppContextData = ");
	put_contexts(q, to, them);
	buf_fmt(to,
		";\n\tvar g_bTradePartnerProbation = false;\n\tvar g_ulTradePartnerSteamID = '%" PRIu64
		"';\n\tvar g_strYourPersonaName = ",
		them->steamid);
	json_put_str(to, *q->who->persona ? q->who->persona : q->who->name);
	buf_str(to, ";\n\tvar g_strTradePartnerPersonaName = ");
	json_put_str(to, *them->persona ? them->persona : them->name);
	buf_fmt(to,
		";\n\tvar g_daysMyEscrow = %u;\n\tvar g_daysTheirEscrow = %u;\n\tvar g_daysBothEscrow = %u;\n"
		"\tvar g_bIsTradeOffer = true;\n</script>\n</body></html>",
		mine, theirs, mine > theirs ? mine : theirs);
}

void trading_new(struct ask *q, struct answer *a)
{
	uint64_t account = 0;
	const char *token = ask_query(q, "token");
	struct person *them = ask_number(ask_query(q, "partner"), &account) && account <= UINT32_MAX
				      ? people_by_id(&q->sim->people, 0x0110000100000000u + account)
				      : NULL;

	if (!them || them == q->who)
		error_page(a, "The trade partner could not be found.");
	else if (them->trade_ban)
		error_page(a, "You cannot trade with this user because they have a trade ban.");
	else if (*token ? strcmp(token, them->trade_token) != 0 : !people_are_friends(q->who, them))
		error_page(a, *token ? "This Trade URL is no longer valid for sending a trade offer."
				     : "You can only send trade offers to friends.");
	else if (them->limited || q->who->limited)
		error_page(a, "This user is not available to trade. More information will be shown to them.");
	else
		put_page(q, a, them);
}

void trading_page(struct ask *q, struct answer *a)
{
	uint64_t id = 0;
	struct offer *o = ask_number(q->part[0], &id) ? offer_by_id(q->sim->econ, id) : NULL;

	offer_tick(q->sim->econ, q->now);
	bool ours = o && o->from == q->who->steamid;
	if (!o || (!ours && (o->to != q->who->steamid || !o->shown)))
		error_page(a, "The trade offer does not exist, or is not yours.");
	else if (!offer_is_open(o))
		error_page(a, "The trade offer is no longer valid.");
	else
		put_page(q, a, people_by_id(&q->sim->people, ours ? o->to : o->from));
}
