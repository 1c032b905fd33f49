/* The community's pages about oneself: profile, privacy, trade URL, API key, family view. */
#include "sim/econ/econ.h"
#include "sim/people.h"
#include "sim/web/api_key.h"
#include "sim/web/pages.h"
#include "wire/json.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* In the order of econ_bag.privacy. */
static const char *const privacy_names[ECON_PRIVACY] = { "PrivacyProfile", "PrivacyInventory",
	"PrivacyInventoryGifts", "PrivacyOwnedGames", "PrivacyPlaytime", "PrivacyFriendsList" };

/* The person whose profile the path names. */
static struct person *named(const struct ask *q)
{
	uint64_t id;
	return ask_number(q->part[0], &id) ? people_by_id(&q->sim->people, id) : NULL;
}

static bool is_own(struct ask *q, struct answer *a)
{
	if (named(q) == q->who)
		return true;
	answer_html(a, 403);
	buf_str(&a->body, "<html><body><h1>Sorry!</h1><h3>This page is not yours.</h3></body></html>");
	return false;
}

void community_my(struct ask *q, struct answer *a)
{
	char url[96];
	snprintf(url, sizeof(url), "https://steamcommunity.com/profiles/%" PRIu64 "/", q->who->steamid);
	answer_redirect(a, url);
}

void community_my_inventory(struct ask *q, struct answer *a)
{
	char url[96];
	snprintf(url, sizeof(url), "https://steamcommunity.com/profiles/%" PRIu64 "/inventory", q->who->steamid);
	answer_redirect(a, url);
}

static void put_head(struct ask *q, struct answer *a, const char *title)
{
	answer_html(a, 200);
	buf_fmt(&a->body,
		"<html><head><title>Steam Community :: %s</title></head><body>\n<script "
		"type=\"text/javascript\">\n\t\t"
		"g_steamID = ",
		title);
	if (q->who)
		buf_fmt(&a->body, "\"%" PRIu64 "\";\n\t\tg_sessionID = \"%s\";\n</script>\n", q->who->steamid,
			q->sessionid);
	else
		buf_str(&a->body, "false;\n</script>\n");
}

void community_profile(struct ask *q, struct answer *a)
{
	const struct person *p = named(q);
	if (!p) {
		answer_html(a, 200);
		buf_str(&a->body, "<html><body><h1>Sorry!</h1><h3>The specified profile could not be "
				  "found.</h3></body></html>");
		return;
	}
	put_head(q, a, "Profile");
	buf_str(&a->body, "<span class=\"actual_persona_name\">");
	for (const char *c = *p->persona ? p->persona : p->name; *c; c++)
		buf_u8(&a->body, *c == '<' || *c == '>' || *c == '&' ? ' ' : (uint8_t)*c);
	buf_fmt(&a->body, "</span>\n<span class=\"friendPlayerLevelNum\">%u</span>\n</body></html>", p->level);
}

/* ---- the API key ---- */

void community_api_key(struct ask *q, struct answer *a)
{
	char key[API_KEY_TEXT];

	put_head(q, a, "API key");
	if (q->who->limited) {
		buf_str(&a->body, "<h2>Access Denied</h2></body></html>");
		return;
	}
	api_key_of(q->who, key);
	buf_fmt(&a->body, "<p>Key: %s</p>\n</body></html>", key);
}

void community_request_key(struct ask *q, struct answer *a)
{
	char key[API_KEY_TEXT];

	answer_json(a, 200);
	if (q->who->limited) {
		buf_fmt(&a->body, "{\"success\":%d}", ERESULT_ACCESS_DENIED);
		return;
	}
	api_key_of(q->who, key);
	buf_fmt(&a->body, "{\"success\":1,\"api_key\":\"%s\",\"requires_confirmation\":0,\"request_id\":null}",
		key);
}

/* ---- the trade URL ---- */

void community_trade_url(struct ask *q, struct answer *a)
{
	if (!is_own(q, a))
		return;
	put_head(q, a, "Trade offers");
	buf_fmt(&a->body,
		"<input id=\"trade_offer_access_url\" readonly value=\"https://steamcommunity.com/tradeoffer/new/"
		"?partner=%u&amp;token=%s\">\n</body></html>",
		(uint32_t)q->who->steamid, q->who->trade_token);
}

void community_new_trade_url(struct ask *q, struct answer *a)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (!is_own(q, a))
		return;
	for (size_t i = 0; i < sizeof(q->who->trade_token) - 1; i++)
		q->who->trade_token[i] = letters[(dice_roll(&q->sim->econ->dice) >> 20) % (sizeof(letters) - 1)];
	q->who->trade_token[sizeof(q->who->trade_token) - 1] = 0;
	answer_json(a, 200);
	buf_fmt(&a->body, "\"%s\"", q->who->trade_token);
}

/* ---- privacy ---- */

static void put_privacy(const struct person *p, struct econ_bag *b, struct buf *to)
{
	/* The inventory's is the person's own. */
	if (p->inventory_private || b->privacy[1] == 1)
		b->privacy[1] = p->inventory_private ? 1 : 3;
	buf_str(to, "{\"PrivacySettings\":{");
	for (size_t i = 0; i < ECON_PRIVACY; i++)
		buf_fmt(to, "%s\"%s\":%u", i ? "," : "", privacy_names[i], b->privacy[i]);
	buf_fmt(to, "},\"eCommentPermission\":%u}", b->comments);
}

void community_settings(struct ask *q, struct answer *a)
{
	struct buf state = { 0 };
	struct econ_bag *b = econ_bag(q->sim->econ, q->who);

	if (!is_own(q, a) || !b)
		return;
	put_head(q, a, "Edit profile");
	put_privacy(q->who, b, &state);
	buf_str(&a->body,
		"<div id=\"profile_edit_config\" data-profile-edit=\"{&quot;strPersonaName&quot;:&quot;&quot;,"
		"&quot;Privacy&quot;:");
	for (size_t i = 0; i < state.n; i++)
		if (state.p[i] == '"')
			buf_str(&a->body, "&quot;");
		else
			buf_u8(&a->body, state.p[i]);
	buf_str(&a->body, "}\"></div>\n</body></html>");
	buf_done(&state);
}

void community_set_privacy(struct ask *q, struct answer *a)
{
	auto_json struct json_t *j = NULL;
	struct econ_bag *b = econ_bag(q->sim->econ, q->who);
	const char *text = ask_form(q, "Privacy");
	uint64_t comments;

	if (!is_own(q, a) || !b)
		return;
	answer_json(a, 200);
	bool good = json_read(text, strlen(text), &j, NULL) == RC_OK && json_is_object(j);
	for (size_t i = 0; good && i < ECON_PRIVACY; i++) {
		const json_t *v = json_object_get(j, privacy_names[i]);
		good = !v || (json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= 3);
	}
	if (!good || q->effect.eresult) {
		buf_fmt(&a->body, "{\"success\":%d}",
			q->effect.eresult ? q->effect.eresult : ERESULT_INVALID_PARAM);
		return;
	}
	for (size_t i = 0; i < ECON_PRIVACY; i++) {
		const json_t *v = json_object_get(j, privacy_names[i]);
		if (v)
			b->privacy[i] = (uint8_t)json_integer_value(v);
	}
	q->who->inventory_private = b->privacy[1] == 1;
	if (ask_number(ask_form(q, "eCommentPermission"), &comments) && comments <= 2)
		b->comments = (uint8_t)comments;
	buf_str(&a->body, "{\"success\":1,\"Privacy\":");
	put_privacy(q->who, b, &a->body);
	buf_str(&a->body, "}");
}

/* ---- family view ---- */

void community_unlock(struct ask *q, struct answer *a)
{
	bool good = !strcmp(ask_form(q, "pin"), q->who->parental);

	answer_json(a, 200);
	buf_fmt(&a->body, "{\"success\":%s,\"eresult\":%d,\"error_message\":\"\"}", good ? "true" : "false",
		good ? ERESULT_OK : ERESULT_ACCESS_DENIED);
	if (good)
		answer_header(a, "set-cookie", "steamparental=%" PRIu64 "-%d; Path=/; Secure; HttpOnly",
			q->who->steamid, (int)q->site);
}
