#include "base/when.h"
#include "tests/unit/check.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/web_account.h"
#include "wire/steam/web_confirm.h"
#include "wire/steam/web_inventory.h"
#include "wire/steam/web_offers.h"
#include "wire/steam/web_page.h"

static struct arena a;
static struct fault f;

#define TEXT(s) s, strlen(s)

static void confirmations(void)
{
	struct web_confirmations c = { 0 };
	struct buf b = corpus_read("tests/corpus/web_answers/0_confirmations_email_change");
	bool done = true;

	CHECK(web_confirm_list((const char *)b.p, b.n, &a, &c, &f) == RC_OK && c.n == 1);
	CHECK(c.at[0].type == 6 && strlen(c.at[0].id) > 3 && strlen(c.at[0].nonce) > 10 && c.at[0].created_ms > 0);
	CHECK(c.at[0].headline && *c.at[0].headline);
	buf_done(&b);
	b = corpus_read("tests/corpus/web_answers/0_confirmations_need_auth");
	CHECK(web_confirm_list((const char *)b.p, b.n, &a, &c, &f) == RC_DENIED);
	CHECK(web_page_is_lost(200, NULL, buf_text(&b)));
	buf_done(&b);
	CHECK(web_confirm_list(TEXT("{\"success\":false,\"message\":\"Oh no!\",\"detail\":\"It broke\"}"), &a, &c,
		      &f) == RC_REFUSED &&
		strstr(f.text, "Oh no!"));
	CHECK(web_confirm_list(
		      TEXT("{\"success\":true,\"conf\":[{\"id\":\"1\",\"creator_id\":\"x\",\"nonce\":\"2\"}]}"), &a,
		      &c, &f) == RC_MALFORMED);
	CHECK(web_confirm_list(TEXT("{\"success\":true,\"conf\":[]}"), &a, &c, &f) == RC_OK && c.n == 0);
	CHECK(web_confirm_list(TEXT("<html>"), &a, &c, &f) == RC_MALFORMED);
	CHECK(web_confirm_answer(TEXT("{\"success\":true}"), &done, &f) == RC_OK && done);
	CHECK(web_confirm_answer(TEXT("{\"success\":false,\"message\":\"no\"}"), &done, &f) == RC_OK && !done);
	CHECK(web_confirm_answer(TEXT("{\"success\":false,\"needauth\":true}"), &done, &f) == RC_DENIED);
	CHECK_STR(web_confirm_type(2), "trade");
	CHECK_STR(web_confirm_type(77), "other");
}

static void inventories(void)
{
	struct web_inventory i = { 0 };
	char when[WHEN_MAX];
	static const char page[] =
		"{\"assets\":[{\"appid\":730,\"contextid\":\"2\",\"assetid\":\"11\",\"classid\":\"5\","
		"\"instanceid\":\"0\","
		"\"amount\":\"1\"},{\"appid\":730,\"contextid\":\"2\",\"assetid\":\"12\",\"classid\":\"6\","
		"\"instanceid\":\"9\","
		"\"amount\":\"3\"}],\"descriptions\":[{\"appid\":730,\"classid\":\"6\",\"instanceid\":\"9\","
		"\"name\":\"Knife\","
		"\"market_hash_name\":\"Knife "
		"(FN)\",\"tradable\":0,\"marketable\":1,\"owner_descriptions\":[{\"value\":\" \"},"
		"{\"value\":\"Tradable/Marketable After Jan 25, 2025 (8:00:00) "
		"GMT\"}]},{\"appid\":730,\"classid\":\"5\","
		"\"instanceid\":\"0\",\"name\":\"Key\",\"tradable\":1}],\"asset_properties\":[{\"appid\":730,"
		"\"contextid\":\"2\","
		"\"assetid\":\"12\",\"asset_properties\":[{\"propertyid\":2,\"float_value\":\"0.1\"}]}],\"more_"
		"items\":1,"
		"\"last_assetid\":\"12\",\"total_inventory_count\":5,\"success\":1,\"rwgrsn\":-2}";

	CHECK(web_inventory_read(TEXT(page), &a, &i, &f) == RC_OK);
	CHECK(i.total == 5 && i.items_n == 2);
	CHECK_STR(i.more, "12");
	CHECK(i.items[0].tradable && !i.items[0].marketable && i.items[0].amount == 1 && !i.items[0].properties);
	CHECK(!i.items[1].tradable && i.items[1].marketable && i.items[1].amount == 3);
	CHECK_STR(i.items[0].name, "Key");
	CHECK_STR(i.items[1].market_name, "Knife (FN)");
	CHECK_STR(i.items[1].properties, "[{\"float_value\":\"0.1\",\"propertyid\":2}]");
	when_text(when, i.items[1].tradable_after_ms);
	CHECK_STR(when, "2025-01-25T08:00:00.000Z");
	CHECK(web_inventory_read(TEXT("{\"total_inventory_count\":0,\"success\":1,\"rwgrsn\":-2}"), &a, &i, &f) ==
		RC_OK);
	CHECK(i.items_n == 0 && i.total == 0 && !i.more);
	CHECK(web_inventory_read(TEXT("{\"success\":false,\"Error\":\"EYldRefresh failed with EResult 55\"}"), &a,
		      &i, &f) == RC_REFUSED &&
		strstr(f.text, "EYldRefresh"));
	CHECK(web_inventory_read(TEXT("{\"success\":1,\"assets\":[{\"appid\":1}]}"), &a, &i, &f) == RC_MALFORMED);
	CHECK(web_inventory_read(TEXT("null"), &a, &i, &f) == RC_MALFORMED);
}

#define OFFER(id, more)                                                                                          \
	"{\"tradeofferid\":\"" id                                                                                \
	"\",\"accountid_other\":46143802,\"message\":\"hi\",\"expiration_time\":1700000000,"                     \
	"\"trade_offer_state\":9,\"is_our_offer\":true,\"time_created\":1690000000,\"time_updated\":1690000001," \
	"\"from_real_time_trade\":false,\"escrow_end_date\":0,\"confirmation_method\":2" more "}"
#define GIVES                                                                                          \
	",\"items_to_give\":[{\"appid\":440,\"contextid\":\"2\",\"assetid\":\"99\",\"classid\":\"1\"," \
	"\"instanceid\":\"0\","                                                                        \
	"\"amount\":\"1\",\"missing\":false}]"

static void offers(void)
{
	struct web_offers o = { 0 };
	struct web_offer one = { 0 };
	struct web_trade t = { 0 };
	struct web_hold h = { 0 };

	CHECK(web_offers_read(
		      TEXT("{\"response\":{\"trade_offers_sent\":[" OFFER(
			      "1", GIVES) "],\"trade_offers_received\":[" OFFER("2", "") "],\"next_cursor\":7}}"),
		      &a, &o, &f) == RC_OK);
	CHECK(o.n == 2 && o.cursor == 7);
	CHECK_STR(o.at[0].id, "1");
	CHECK(o.at[0].partner == 76561198006409530u && o.at[0].ours && o.at[0].confirmation == 2 &&
		!o.at[0].glitched);
	CHECK(o.at[0].give_n == 1 && o.at[0].receive_n == 0 && o.at[0].give[0].app == 440);
	CHECK_STR(o.at[0].give[0].asset, "99");
	CHECK(o.at[1].glitched && o.at[0].expires_ms == 1700000000000);
	CHECK_STR(web_offers_state(o.at[0].state), "needs_confirmation");
	CHECK(!web_offers_state(12) && !web_offers_state(0) && !web_offers_trade_status(99));
	CHECK(web_offers_read(TEXT("{\"response\":{}}"), &a, &o, &f) == RC_OK && o.n == 0 && o.cursor == 0);
	CHECK(web_offers_read(TEXT("{}"), &a, &o, &f) == RC_MALFORMED);
	CHECK(web_offers_one(TEXT("{\"response\":{\"offer\":" OFFER("5", GIVES) "}}"), &a, &one, &f) == RC_OK);
	CHECK_STR(one.id, "5");
	CHECK(web_offers_one(TEXT("{\"response\":{}}"), &a, &one, &f) == RC_MISSING);
	CHECK(web_offers_trade(
		      TEXT("{\"response\":{\"trades\":[{\"tradeid\":\"8\",\"steamid_other\":\"76561198006409530\","
			   "\"status\":3,\"assets_given\":[{\"appid\":440,\"contextid\":\"2\",\"assetid\":\"99\","
			   "\"amount\":\"1\",\"new_assetid\":\"101\",\"new_contextid\":\"2\"}]}]}}"),
		      &a, &t, &f) == RC_OK);
	CHECK(t.given_n == 1 && t.received_n == 0);
	CHECK_STR(t.given[0].new_asset, "101");
	CHECK_STR(web_offers_trade_status(t.status), "complete");
	CHECK(web_offers_trade(TEXT("{\"response\":{}}"), &a, &t, &f) == RC_OK && !t.id);
	CHECK(web_offers_hold(
		      TEXT("{\"response\":{\"my_escrow\":{\"escrow_end_duration_seconds\":0},\"their_escrow\":"
			   "{\"escrow_end_duration_seconds\":1296000},\"both_escrow\":{\"escrow_end_duration_"
			   "seconds\":"
			   "1296000}}}"),
		      &h, &f) == RC_OK);
	CHECK(h.mine_s == 0 && h.theirs_s == 1296000);
	CHECK(web_offers_hold(TEXT("{\"response\":{}}"), &h, &f) == RC_REFUSED);
}

static void pages(void)
{
	uint32_t n = 0, account = 0;
	char token[17];
	struct buf b = { 0 };

	CHECK(web_page_is_lost(302, "https://steamcommunity.com/login/home/?goto=x", ""));
	CHECK(!web_page_is_lost(302, "https://steamcommunity.com/id/me/", "") && !web_page_is_lost(302, NULL, ""));
	CHECK(web_page_is_lost(401, NULL, "") && !web_page_is_lost(403, NULL, "null") &&
		!web_page_is_lost(200, NULL, ""));
	CHECK(web_page_is_lost(200, NULL, "<script>g_steamID = false;</script>"));
	CHECK(!web_page_is_lost(200, NULL, "g_steamID = \"765\";") &&
		!web_page_is_lost(200, NULL, "{\"needauth\":false}"));
	CHECK(web_page_code("There was an error sending your trade offer.  Please try again later. (26)") == 26);
	CHECK(web_page_code("no") == 0 && web_page_code("a (b)") == 0 && web_page_code("(") == 0 &&
		web_page_code("(1") == 0 && web_page_code("()") == 0 && web_page_code("(99999)") == 0);
	CHECK_STR(web_page_error(TEXT("{\"strError\":\"Bad (15)\"}"), &a), "Bad (15)");
	CHECK(!web_page_error(TEXT("{}"), &a) && !web_page_error(TEXT("x"), &a));
	CHECK_STR(web_page_message("<div id=\"error_msg\">\n\t\tYou cannot <b>trade</b>.  <br>Now </div>", &a),
		"You cannot trade . Now");
	CHECK(!web_page_message("<div>", &a));
	CHECK(web_page_number("var g_daysMyEscrow = 3;\nvar g_daysTheirEscrow=15;", "g_daysTheirEscrow", &n) &&
		n == 15);
	CHECK(!web_page_number("g_daysMyEscrow = x;", "g_daysMyEscrow", &n));
	CHECK(web_page_trade_url(
		"https://steamcommunity.com/tradeoffer/new/?partner=46143802&token=abc_DEF-", &account, token));
	CHECK(account == 46143802);
	CHECK_STR(token, "abc_DEF-");
	CHECK(web_page_trade_url("https://steamcommunity.com/tradeoffer/new/?partner=5", &account, token) &&
		!*token);
	CHECK(!web_page_trade_url("https://steamcommunity.com/tradeoffer/new/?partner=0", &account, token));
	CHECK(!web_page_trade_url(
		"https://steamcommunity.com/tradeoffer/new/?partner=99999999999", &account, token));
	CHECK(!web_page_trade_url("https://steamcommunity.com/id/x?partner=5", &account, token));
	web_page_encode(&b, "a b&c=\xC3\xA4/~-_.");
	CHECK_STR(buf_text(&b), "a%20b%26c%3D%C3%A4%2F~-_.");
	buf_done(&b);
	CHECK_STR(web_page_attribute("<div data-x=\"{&quot;a&quot;:1}\">", "data-x", &a), "{\"a\":1}");
	CHECK(!web_page_attribute("<div data-x='1'>", "data-x", &a));
}

#define PRIVACY(inventory)                                                                                      \
	"\"Privacy\":{\"PrivacySettings\":{\"PrivacyProfile\":3,\"PrivacyInventory\":" inventory                \
	",\"PrivacyInventoryGifts\":1,\"PrivacyOwnedGames\":2,\"PrivacyPlaytime\":3,\"PrivacyFriendsList\":3}," \
	"\"eCommentPermission\":2}"

static void accounts(void)
{
	struct web_bans b = { 0 };
	struct web_privacy v = { 0 };
	struct web_wallet w = { 0 };
	uint32_t level = 0;

	CHECK(web_account_bans(
		      TEXT("{\"players\":[{\"SteamId\":\"1\",\"CommunityBanned\":false,\"VACBanned\":true,"
			   "\"NumberOfVACBans\":2,\"DaysSinceLastBan\":9,\"NumberOfGameBans\":1,\"EconomyBan\":"
			   "\"probation\"}]}"),
		      1, &b, &f) == RC_OK);
	CHECK(b.vac && !b.community && b.vac_n == 2 && b.game_n == 1 && b.economy == WEB_ECONOMY_PROBATION);
	CHECK(web_account_bans(TEXT("{\"players\":[]}"), 1, &b, &f) == RC_MISSING);
	CHECK(web_account_level(TEXT("{\"response\":{\"player_level\":42}}"), &level, &f) == RC_OK && level == 42);
	CHECK(web_account_privacy_answer(TEXT("{\"success\":1," PRIVACY("2") "}"), &v, &f) == RC_OK);
	CHECK(v.profile == 3 && v.inventory == 2 && v.gifts == 1 && v.owned_games == 2 && v.comments == 2);
	CHECK_STR(web_account_privacy_json(&v, &a),
		"{\"PrivacyProfile\":3,\"PrivacyInventory\":2,\"PrivacyInventoryGifts\":1,\"PrivacyOwnedGames\":2,"
		"\"PrivacyPlaytime\":3,\"PrivacyFriendsList\":3}");
	CHECK(web_account_privacy_answer(TEXT("{\"success\":8}"), &v, &f) == RC_REFUSED);
	CHECK(web_account_privacy_page(
		      "<div id=\"p\" data-profile-edit=\"{&quot;Privacy&quot;:{&quot;PrivacySettings&quot;:"
		      "{&quot;PrivacyInventory&quot;:1}}}\"></div>",
		      &a, &v, &f) == RC_OK &&
		v.inventory == 1);
	CHECK(web_account_privacy_page("<div>", &a, &v, &f) == RC_MALFORMED);
	CHECK(web_account_wallet(
		      TEXT("{\"success\":1,\"detail\":0,\"formattednewwalletbalance\":\"5,00 EUR\",\"wallet\":"
			   "{\"amount\":\"500\",\"currencycode\":3}}"),
		      &a, &w, &f) == RC_OK);
	CHECK(w.eresult == 1 && w.detail == 0 && w.balance == 500);
	CHECK_STR(w.balance_text, "5,00 EUR");
	CHECK(web_account_free_answer(200, TEXT("<html>added</html>")) == 1 &&
		web_account_free_answer(200, TEXT("[]")) == 1);
	CHECK(web_account_free_answer(200, TEXT("{\"purchaseresultdetail\":53}")) == 84);
	CHECK(web_account_free_answer(200, TEXT("{\"purchaseresultdetail\":9}")) == 30);
	CHECK(web_account_free_answer(403, TEXT("{\"purchaseresultdetail\":53}")) == 84);
	CHECK(web_account_result(TEXT("{\"success\":1}")) == 1 &&
		web_account_result(TEXT("{\"success\":true}")) == 1 && web_account_result(TEXT("x")) == 0);
	CHECK(web_account_free_answer(403, TEXT("")) == 15 && web_account_free_answer(500, TEXT("")) == 2);
}

int main(void)
{
	confirmations();
	inventories();
	offers();
	pages();
	accounts();
	arena_done(&a);
	return 0;
}
