#include "wire/steam/web_offers.h"

#include "wire/steam/steamid.h"
#include "wire/steam/web_json.h"

static enum rc read_assets(const json_t *list, struct arena *a, struct web_asset **ret, size_t *ret_n, bool *bad)
{
	struct web_asset *to = arena_take(a, (json_array_size(list) + 1) * sizeof(*to));
	size_t i, n = 0;
	json_t *o;

	if (!to)
		return RC_NOMEM;
	json_array_foreach(list, i, o)
	{
		struct web_asset one = { .app = web_json_u32(o, "appid"),
			.amount = web_json_u32(o, "amount"),
			.context = web_json_id(o, "contextid", a),
			.asset = web_json_id(o, "assetid", a),
			.new_asset = web_json_id(o, "new_assetid", a),
			.new_context = web_json_id(o, "new_contextid", a),
			.rollback_asset = web_json_id(o, "rollback_new_assetid", a) };
		if (one.app && one.context && one.asset)
			to[n++] = one;
		else
			*bad = true;
	}
	*ret = to;
	*ret_n = n;
	return RC_OK;
}

static enum rc read_offer(const json_t *o, struct arena *a, struct web_offer *ret, struct fault *f)
{
	bool bad = false;
	struct web_offer got = {
		.id = web_json_id(o, "tradeofferid", a),
		.message = web_json_text(o, "message", a),
		.trade = web_json_id(o, "tradeid", a),
		.partner = steamid_id64((struct steamid){ .account = web_json_u32(o, "accountid_other"),
			.instance = 1,
			.type = STEAMID_INDIVIDUAL,
			.universe = STEAMID_PUBLIC }),
		.state = web_json_u32(o, "trade_offer_state"),
		.confirmation = web_json_u32(o, "confirmation_method"),
		.ours = web_json_bool(o, "is_our_offer"),
		.created_ms = web_json_time(o, "time_created"),
		.updated_ms = web_json_time(o, "time_updated"),
		.expires_ms = web_json_time(o, "expiration_time"),
		.escrow_end_ms = web_json_time(o, "escrow_end_date"),
	};

	if (!got.id || !web_json_u32(o, "accountid_other"))
		return fault_set(f, RC_MALFORMED, "Steam answered an offer without its id or partner");
	enum rc rc = read_assets(json_object_get(o, "items_to_give"), a, &got.give, &got.give_n, &bad);
	if (rc == RC_OK)
		rc = read_assets(json_object_get(o, "items_to_receive"), a, &got.receive, &got.receive_n, &bad);
	got.glitched = bad || got.give_n + got.receive_n == 0;
	if (rc == RC_OK)
		*ret = got;
	return rc;
}

static enum rc read_list(const json_t *list, struct arena *a, struct web_offers *to, struct fault *f)
{
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o)
	{
		enum rc rc = read_offer(o, a, &to->at[to->n], f);
		if (rc != RC_OK)
			return rc;
		to->n++;
	}
	return RC_OK;
}

enum rc web_offers_read(const char *p, size_t n, struct arena *a, struct web_offers *ret, struct fault *f)
{
	struct web_offers got = { 0 };
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "a list of offers", &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *response = json_object_get(j, "response");
	const json_t *sent = json_object_get(response, "trade_offers_sent");
	const json_t *received = json_object_get(response, "trade_offers_received");
	got.at = arena_take(a, (json_array_size(sent) + json_array_size(received) + 1) * sizeof(*got.at));
	got.cursor = web_json_u32(response, "next_cursor");
	if (!response)
		rc = fault_set(f, RC_MALFORMED, "Steam answered something that is not a list of offers");
	else
		rc = got.at ? read_list(sent, a, &got, f) : RC_NOMEM;
	if (rc == RC_OK)
		rc = read_list(received, a, &got, f);
	json_drop(j);
	if (rc == RC_OK)
		*ret = got;
	return rc;
}

enum rc web_offers_one(const char *p, size_t n, struct arena *a, struct web_offer *ret, struct fault *f)
{
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "an offer", &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *offer = json_object_get(json_object_get(j, "response"), "offer");
	if (json_is_object(offer))
		rc = read_offer(offer, a, ret, f);
	else
		rc = fault_set(f, RC_MISSING, "Steam knows no such offer of this account");
	json_drop(j);
	return rc;
}

enum rc web_offers_trade(const char *p, size_t n, struct arena *a, struct web_trade *ret, struct fault *f)
{
	struct web_trade got = { 0 };
	bool bad = false;
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "a trade", &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *trade = json_array_get(json_object_get(json_object_get(j, "response"), "trades"), 0);
	if (trade) {
		got.id = web_json_id(trade, "tradeid", a);
		got.status = web_json_u32(trade, "status");
		rc = read_assets(json_object_get(trade, "assets_given"), a, &got.given, &got.given_n, &bad);
	}
	if (trade && rc == RC_OK)
		rc = read_assets(
			json_object_get(trade, "assets_received"), a, &got.received, &got.received_n, &bad);
	json_drop(j);
	if (rc == RC_OK && (bad || (trade && !got.id)))
		return fault_set(f, RC_MALFORMED, "Steam answered a trade without the ids of its items");
	if (rc == RC_OK)
		*ret = got;
	return rc;
}

static uint32_t hold_of(const json_t *response, const char *name)
{
	return web_json_u32(json_object_get(response, name), "escrow_end_duration_seconds");
}

enum rc web_offers_hold(const char *p, size_t n, struct web_hold *ret, struct fault *f)
{
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "how long items are held", &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *response = json_object_get(j, "response");
	if (!json_is_object(json_object_get(response, "my_escrow")))
		rc = fault_set(f, RC_REFUSED, "Steam does not say how long items would be held with this partner");
	else
		*ret = (struct web_hold){ hold_of(response, "my_escrow"), hold_of(response, "their_escrow"),
			hold_of(response, "both_escrow") };
	json_drop(j);
	return rc;
}

const char *web_offers_state(uint32_t state)
{
	static const char *const words[] = { NULL, "invalid", "active", "accepted", "countered", "expired",
		"canceled", "declined", "invalid_items", "needs_confirmation", "canceled_by_second_factor",
		"in_escrow" };
	return state < sizeof(words) / sizeof(*words) ? words[state] : NULL;
}

const char *web_offers_trade_status(uint32_t status)
{
	static const char *const words[] = { "init", "pre_committed", "committed", "complete", "failed",
		"partial_rollback", "full_rollback", "selective_rollback", "rollback_failed", "rollback_abandoned",
		"in_escrow", "escrow_rollback" };
	return status < sizeof(words) / sizeof(*words) ? words[status] : NULL;
}
