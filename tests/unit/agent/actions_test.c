#include "model/action_friends.h"
#include "model/action_keys.h"
#include "model/action_library.h"
#include "model/action_trade.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/player.pb-c.h"
#include "tests/unit/agent/fakes.h"

extern const struct action_run keys_redeem, wallet_redeem, friends_add, friends_accept, friends_message,
	licenses_remove, licenses_add_free, confirmations_respond, confirmations_list, inventory_read, offers_get;

static struct action_task t;
static struct fault f;

#define KEY "ABCDE-FGHIJ-KLMNO"

static void begin(void)
{
	fake_reset();
	t = (struct action_task){ .arena = &fake.arena, .account_id = "acc_1", .deadline_ms = UINT64_MAX };
	f = (struct fault){ 0 };
}

static void owns(uint32_t package, int64_t created)
{
	CMsgClientLicenseList__License one = CMSG_CLIENT_LICENSE_LIST__LICENSE__INIT, *list[] = { &one };
	CMsgClientLicenseList m = CMSG_CLIENT_LICENSE_LIST__INIT;

	one.has_package_id = one.has_time_created = true;
	one.package_id = package;
	one.time_created = (uint32_t)created;
	m.licenses = list;
	m.n_licenses = package ? 1 : 0;
	m.has_eresult = true;
	m.eresult = 1;
	fake_self(&m.base, &fake.self.licenses.p, &fake.self.licenses.n);
}

/* ---- keys ---- */

static enum rc redeem(int32_t eresult, int32_t detail, struct action_redeem_result *out)
{
	static CMsgClientPurchaseResponse m = CMSG_CLIENT_PURCHASE_RESPONSE__INIT;
	struct action_redeem in = { .key = KEY };

	m.has_eresult = m.has_purchase_result_details = true;
	m.eresult = eresult;
	m.purchase_result_details = detail;
	fake.steam[0].m = &m.base;
	if (!fake.self.licenses.p)
		owns(0, 0);
	*out = (struct action_redeem_result){ 0 };
	return keys_redeem.run(&t, &in, out, &f);
}

static void a_key_is_redeemed(void)
{
	struct action_redeem_result out;

	begin();
	CHECK(redeem(1, 0, &out) == RC_OK);
	CHECK_STR(out.status, "redeemed");
	CHECK_STR(out.detail, "NoDetail");
	CHECK_STR(out.masked_key, "ABCDE-*****-*****");
	/* The lanes come before the intent, and the intent before the packet. The key is in none of the words. */
	const char *lane = strstr(fake.said, "lane "),
		   *effect = strstr(fake.said, "effect redeem ABCDE-*****-*****"),
		   *ask = strstr(fake.said, "ask 743");
	CHECK(lane && effect && ask && lane < effect && effect < ask && !strstr(fake.said, "FGHIJ"));
	CHECK(memmem(fake.asked, fake.asked_n, KEY, strlen(KEY)));
	begin();
	CHECK(redeem(2, 14, &out) == RC_OK && !t.unknown);
	CHECK_STR(out.status, "invalid");
	begin();
	CHECK(redeem(2, 9, &out) == RC_OK);
	CHECK_STR(out.status, "owned_by_target");
	begin();
	t.after_unknown = true;
	CHECK(redeem(2, 15, &out) == RC_OK);
	CHECK_STR(out.status, "redeemed");
}

/* What Steam says to the second packet, of an account with this licence, when the first one's intent knew of `newest`. */
static const char *second(int32_t detail, uint32_t package, int64_t created, const char *newest)
{
	static struct action_redeem_result out;
	static char intent[128];

	begin();
	owns(package, created);
	snprintf(intent, sizeof(intent), "redeem ABCDE-*****-***** at=1690000000 newest=%s", newest);
	t.after_unknown = true;
	t.intent = intent;
	CHECK(redeem(2, detail, &out) == RC_OK);
	return out.status;
}

/* T24, when the licences can be compared with what they were: only what is new since then was ours. */
static void who_had_it(void)
{
	CHECK_STR(second(15, 61, 1690000001, "1680000000/1"), "redeemed");
	CHECK_STR(second(15, 61, 1680000000, "1680000000/1"), "used_elsewhere");
	CHECK_STR(second(15, 61, 1690000000, "1690000000/0"), "redeemed"); /* made in the same second */
	CHECK_STR(second(15, 0, 0, "0/0"), "used_elsewhere");
	CHECK_STR(second(9, 61, 1680000000, "1680000000/1"), "redeemed"); /* of what, it does not say */
	CHECK_STR(second(14, 61, 1690000001, "1680000000/1"), "invalid");
}

static void a_key_waits_when_steam_throttles(void)
{
	struct action_redeem_result out;

	begin();
	CHECK(redeem(2, 53, &out) == RC_LIMIT && !t.unknown);
	CHECK_STR(t.code, "rate_limited");
	CHECK(strstr(fake.said, "pause ") && strstr(fake.said, "keys_rate_limited"));
}

static void a_lost_answer_is_unknown(void)
{
	struct action_redeem_result out;

	begin();
	fake.steam[0] = (struct fake_steam){ .rc = RC_TIMEOUT, .lost = true };
	CHECK(redeem(1, 0, &out) == RC_TIMEOUT && t.unknown);
	begin();
	fake.steam[0] = (struct fake_steam){ .rc = RC_AWAY };
	CHECK(redeem(1, 0, &out) == RC_AWAY && !t.unknown);
	begin();
	CHECK(redeem(2, 4, &out) == RC_TIMEOUT && t.unknown); /* Steam itself does not know */
	begin();
	fake.effect = RC_CONFLICT;
	CHECK(redeem(1, 0, &out) == RC_CONFLICT && fake.steam_n == 0 && !t.unknown);
	begin();
	fake.offline = true;
	CHECK(redeem(1, 0, &out) == RC_AWAY && !t.unknown);
	CHECK_STR(t.code, "session_offline");
}

static bool probed_of(const char *intent, uint32_t package, int64_t created, uint32_t expect)
{
	struct action_redeem in = { .key = KEY, .expect.sub = expect };
	struct action_redeem_result out = { 0 };
	bool done = false;

	begin();
	owns(package, created);
	t.intent_ms = 1690000000000;
	t.intent = intent;
	CHECK(keys_redeem.probe(&t, &in, &out, &done, &f) == RC_OK && fake.steam_n == 0);
	if (done) {
		const struct action_redeemed_package *p = out.packages.at;
		CHECK_STR(out.status, "redeemed");
		CHECK(out.packages.n == 1 && p->sub == package);
	}
	return done;
}

static bool probed(uint32_t package, int64_t created, uint32_t expect)
{
	return probed_of(NULL, package, created, expect);
}

static void licences_say_whether_it_was(void)
{
	const char *had = "redeem X at=1690000000 newest=1690000001/1";

	CHECK(!probed_of(had, 61, 1690000001, 0) && !probed_of(had, 61, 1690000001, 61)); /* the key before */
	CHECK(probed_of(had, 61, 1690000002, 0) && !probed_of(had, 61, 1690000002, 62));
	CHECK(!probed(0, 0, 0));
	CHECK(probed(61, 1690000001, 0) && probed(61, 1690000001, 61));
	CHECK(!probed(61, 1689999990, 0) && !probed(61, 1689999990, 61)); /* it had that one before */
	CHECK(!probed(62, 1690000001, 61));                               /* another key's */
	CHECK(!probed(61, 1690000100, 0) && probed(61, 1690000100, 61));
}

static void a_wallet_code_is_sent_once(void)
{
	struct action_wallet in = { .code = KEY };
	struct action_wallet_result out = { 0 };

	begin();
	fake.web[0].body = "{\"success\":1,\"detail\":0,\"wallet\":{\"amount\":\"500\"}}";
	CHECK(wallet_redeem.run(&t, &in, &out, &f) == RC_OK && out.balance == 500);
	CHECK_STR(out.status, "redeemed");
	begin();
	fake.web[0] = (struct fake_web){ .rc = RC_AWAY, .lost = true };
	CHECK(wallet_redeem.run(&t, &in, &out, &f) == RC_AWAY && t.unknown && fake.web_n == 1);
	begin();
	fake.web[0] = (struct fake_web){ .status = 502, .body = "<html>" };
	CHECK(wallet_redeem.run(&t, &in, &out, &f) == RC_AWAY && t.unknown);
	begin();
	fake.web[0] = (struct fake_web){ .rc = RC_DENIED };
	CHECK(wallet_redeem.run(&t, &in, &out, &f) == RC_DENIED && !t.unknown);
	CHECK(!wallet_redeem.probe);
}

/* ---- licences ---- */

static void licences_are_removed(void)
{
	uint32_t subs[] = { 61, 62 };
	struct action_remove_licenses in = { .subs = { subs, 2 } };
	struct action_license_changes out = { 0 };
	const struct action_license_change *row;
	bool done = true;

	begin();
	owns(61, 1);
	CHECK(licenses_remove.run(&t, &in, &out, &f) == RC_INVALID && fake.web_n == 0);
	in.confirm = true;
	fake.web[0].body = "{\"success\":1}";
	CHECK(licenses_remove.run(&t, &in, &out, &f) == RC_OK && fake.web_n == 1);
	row = out.results.at;
	CHECK_STR(row[0].status, "removed");
	CHECK_STR(row[1].status, "not_owned");
	CHECK(strstr(fake.said, "packageid:61") && !strstr(fake.said, "packageid:62"));
	CHECK(licenses_remove.probe(&t, &in, &out, &done, &f) == RC_OK && !done);
	owns(0, 0);
	CHECK(licenses_remove.probe(&t, &in, &out, &done, &f) == RC_OK && done);
}

static void free_ones_are_added(void)
{
	uint32_t apps[] = { 440, 570 }, subs[] = { 61 }, granted[] = { 570 };
	struct action_add_free in = { .apps = { apps, 2 }, .subs = { subs, 1 } };
	struct action_license_changes out = { 0 };
	CPlayerGetOwnedGamesResponse__Game game = CPLAYER__GET_OWNED_GAMES__RESPONSE__GAME__INIT,
					   *games[] = { &game };
	CPlayerGetOwnedGamesResponse owned = CPLAYER__GET_OWNED_GAMES__RESPONSE__INIT;
	CMsgClientRequestFreeLicenseResponse got = CMSG_CLIENT_REQUEST_FREE_LICENSE_RESPONSE__INIT;

	begin();
	owns(0, 0);
	game.has_appid = true;
	game.appid = 440;
	owned.games = games;
	owned.n_games = 1;
	got.has_eresult = true;
	got.eresult = 1;
	got.granted_appids = granted;
	got.n_granted_appids = 1;
	fake.steam[0].m = &owned.base;
	fake.steam[1].m = &got.base;
	fake.web[0] = (struct fake_web){ .status = 403, .body = "{\"purchaseresultdetail\":53}" };
	CHECK(licenses_add_free.run(&t, &in, &out, &f) == RC_OK);
	const struct action_license_change *row = out.results.at;
	CHECK_STR(row[0].status, "already_owned");
	CHECK_STR(row[1].status, "granted");
	CHECK_STR(row[2].status, "rate_limited");
	CHECK(strstr(fake.said, "pause ") && strstr(fake.said, "/freelicense/addfreelicense/61"));
}

/* ---- friends ---- */

static void stands(uint64_t who, uint32_t relation)
{
	CMsgClientFriendsList__Friend one = CMSG_CLIENT_FRIENDS_LIST__FRIEND__INIT, *list[] = { &one };
	CMsgClientFriendsList m = CMSG_CLIENT_FRIENDS_LIST__INIT;

	one.has_ulfriendid = one.has_efriendrelationship = true;
	one.ulfriendid = who;
	one.efriendrelationship = relation;
	m.friends = list;
	m.n_friends = 1;
	fake_self(&m.base, &fake.self.friends.p, &fake.self.friends.n);
}

static void friends_come_and_are_asked(void)
{
	struct action_friend in = { .steam_id = 76561198000000001u };
	struct action_friend_result out = { 0 };
	CMsgClientAddFriendResponse m = CMSG_CLIENT_ADD_FRIEND_RESPONSE__INIT;

	m.has_eresult = true;
	m.eresult = 1;
	begin();
	stands(in.steam_id, 3);
	CHECK(friends_add.run(&t, &in, &out, &f) == RC_OK && fake.steam_n == 0);
	CHECK_STR(out.relationship, "friend");
	begin();
	stands(in.steam_id, 0);
	fake.steam[0].m = &m.base;
	CHECK(friends_add.run(&t, &in, &out, &f) == RC_OK && fake.steam_n == 1);
	CHECK_STR(out.relationship, "request_initiator");
	CHECK(friends_accept.run(&t, &in, &out, &f) == RC_CONFLICT);
	CHECK_STR(t.code, "not_asked");
	begin();
	stands(in.steam_id, 2);
	fake.steam[0].m = &m.base;
	CHECK(friends_accept.run(&t, &in, &out, &f) == RC_OK && fake.steam_n == 1);
	CHECK_STR(out.relationship, "friend");
	begin();
	stands(in.steam_id, 0);
	m.eresult = 25;
	fake.steam[0].m = &m.base;
	CHECK(friends_add.run(&t, &in, &out, &f) == RC_REFUSED && t.eresult == 25);
	CHECK_STR(t.code, "friends_full");
	in.steam_id = 5;
	CHECK(friends_add.run(&t, &in, &out, &f) == RC_INVALID);
}

static void a_message_is_said_once(void)
{
	struct action_message in = { .steam_id = 76561198000000001u, .text = "secret words", .dedupe_key = "k1" };
	struct action_message_result out = { 0 };
	CFriendMessagesSendMessageResponse m = CFRIEND_MESSAGES__SEND_MESSAGE__RESPONSE__INIT;

	m.has_server_timestamp = true;
	m.server_timestamp = 1700000000;
	begin();
	fake.steam[0].m = &m.base;
	CHECK(friends_message.run(&t, &in, &out, &f) == RC_OK && out.sent_ms == 1700000000000);
	CHECK(strstr(fake.said, "effect message k1\nask FriendMessages.SendMessage#1") &&
		!strstr(fake.said, "words"));
	begin();
	fake.steam[0] = (struct fake_steam){ .rc = RC_AWAY, .lost = true };
	CHECK(friends_message.run(&t, &in, &out, &f) == RC_AWAY && t.unknown && !friends_message.probe);
	begin();
	fake.steam[0] = (struct fake_steam){ .rc = RC_REFUSED, .lost = true, .eresult = 15 };
	CHECK(friends_message.run(&t, &in, &out, &f) == RC_REFUSED && !t.unknown && t.eresult == 15);
}

/* ---- confirmations ---- */

#define SECRET "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="
#define WAITS                                                                                                   \
	"{\"success\":true,\"conf\":[{\"id\":\"7\",\"creator_id\":\"100\",\"nonce\":\"9\",\"type\":2},{\"id\":" \
	"\"8\","                                                                                                \
	"\"creator_id\":\"200\",\"nonce\":\"10\",\"type\":3}]}"
#define NONE "{\"success\":true,\"conf\":[]}"
#define OFFER(state)                                                                                      \
	"{\"response\":{\"offer\":{\"tradeofferid\":\"100\",\"accountid_other\":5,\"is_our_offer\":true," \
	"\"trade_offer_state\":" state "}}}"

static struct action_respond_result answered;

static enum rc respond(const char *creator)
{
	static const char *ids[1];
	struct action_respond in = { .creator_ids = { ids, 1 }, .operation = ACTION_RESPOND_ACCEPT };

	ids[0] = creator;
	answered = (struct action_respond_result){ 0 };
	return confirmations_respond.run(&t, &in, &answered, &f);
}

static const char *status(void) { return ((const struct action_responded *)answered.results.at)->status; }

static void confirmations_are_answered(void)
{
	begin();
	fake.identity = SECRET;
	fake.web[0].body = WAITS;
	fake.web[1].body = "{\"success\":true}";
	CHECK(respond("100") == RC_OK && fake.web_n == 2);
	CHECK_STR(status(), "done");
	CHECK(strstr(fake.said, "op=allow cid=7 ck=9") && !strstr(fake.said, "cid=8"));
	/* A pair of time and tag is used once. */
	CHECK(strstr(fake.said, "t=1700000000 m=react tag=list") &&
		strstr(fake.said, "t=1700000001 m=react tag=accept"));
	/* Late: the offer says that it waits, so the list is read again. */
	begin();
	fake.identity = SECRET;
	fake.web[0].body = NONE;
	fake.web[1].body = OFFER("9");
	fake.web[2].body = WAITS;
	fake.web[3].body = "{\"success\":true}";
	CHECK(respond("100") == RC_OK && fake.web_n == 4);
	CHECK_STR(status(), "done");
	/* Gone: it was answered. */
	begin();
	fake.identity = SECRET;
	fake.web[0].body = NONE;
	fake.web[1].body = OFFER("2");
	CHECK(respond("100") == RC_OK && !strstr(fake.said, "effect"));
	CHECK_STR(status(), "already_done");
	/* A lost answer. */
	begin();
	fake.identity = SECRET;
	fake.web[0].body = WAITS;
	fake.web[1] = (struct fake_web){ .rc = RC_TIMEOUT, .lost = true };
	CHECK(respond("100") == RC_TIMEOUT && t.unknown);
	/* A session that Steam does not take is signed anew, once. */
	begin();
	fake.identity = SECRET;
	fake.web[0] = (struct fake_web){ .rc = RC_DENIED };
	fake.web[1].body = WAITS;
	fake.web[2].body = "{\"success\":true}";
	CHECK(respond("100") == RC_OK && strstr(fake.said, "t=1700000001 m=react tag=list"));
	begin();
	CHECK(respond("100") == RC_CONFLICT && fake.web_n == 0);
	CHECK_STR(t.code, "no_identity_secret");
}

static void confirmations_are_probed(void)
{
	static const char *ids[] = { "100" };
	struct action_respond in = { .creator_ids = { ids, 1 } };
	struct action_respond_result out = { 0 };
	bool done = true;

	begin();
	fake.identity = SECRET;
	fake.web[0].body = WAITS;
	CHECK(confirmations_respond.probe(&t, &in, &out, &done, &f) == RC_OK && !done &&
		!strstr(fake.said, "ajaxop"));
	fake.web[1].body = NONE;
	fake.web[2].body = OFFER("9");
	CHECK(confirmations_respond.probe(&t, &in, &out, &done, &f) == RC_OK && !done);
	fake.web[3].body = NONE;
	fake.web[4].body = OFFER("3");
	CHECK(confirmations_respond.probe(&t, &in, &out, &done, &f) == RC_OK && done);
	in.ids = in.creator_ids;
	CHECK(confirmations_respond.probe(&t, &in, &out, &done, &f) == RC_INVALID);
}

/* ---- items ---- */

static void an_inventory_is_read(void)
{
	struct action_inventory in = { .app_id = 440, .context_id = "2", .include_protected = true };
	struct action_inventory_result out = { 0 };

	begin();
	fake.web[0].body =
		"{\"success\":1,\"total_inventory_count\":2,\"more_items\":1,\"last_assetid\":\"11\",\"assets\":["
		"{\"appid\":440,\"contextid\":\"2\",\"assetid\":\"11\",\"classid\":\"5\",\"amount\":\"1\"}]}";
	fake.web[1].body =
		"{\"success\":1,\"total_inventory_count\":2,\"assets\":[{\"appid\":440,\"contextid\":\"2\","
		"\"assetid\":\"12\",\"classid\":\"5\",\"amount\":\"1\"}]}";
	CHECK(inventory_read.run(&t, &in, &out, &f) == RC_OK && fake.web_n == 2);
	CHECK(out.items.n == 2 && out.total == 2 && strlen(out.revision) == 16);
	CHECK(strstr(fake.said, "count=2000") && strstr(fake.said, "start_assetid=11"));
	begin();
	fake.web[0] = (struct fake_web){ .status = 403, .body = "null" };
	CHECK(inventory_read.run(&t, &in, &out, &f) == RC_DENIED);
	CHECK_STR(t.code, "inventory_private");
	begin();
	fake.web[0] = (struct fake_web){ .status = 500, .body = "{\"error\":\"It failed with EResult (55)\"}" };
	CHECK(inventory_read.run(&t, &in, &out, &f) == RC_AWAY && t.eresult == 55);
	begin();
	in.app_id = 730;
	fake.web[0].body = fake.web[1].body = "{\"success\":1,\"total_inventory_count\":0}";
	CHECK(inventory_read.run(&t, &in, &out, &f) == RC_OK && strstr(fake.said, "/730/16"));
}

/* ---- no dry run has an effect ---- */

static void plans_change_nothing(void)
{
	struct action_redeem key = { .key = KEY };
	struct action_wallet code = { .code = KEY };
	static const char *ids[] = { "100" };
	struct action_respond in = { .creator_ids = { ids, 1 } };
	struct action_plan p = { 0 };

	begin();
	CHECK(keys_redeem.plan(&t, &key, &p, &f) == RC_OK && wallet_redeem.plan(&t, &code, &p, &f) == RC_OK);
	CHECK(p.would.n == 2);
	for (size_t i = 0; i < p.would.n; i++)
		CHECK(!strstr(((const char *const *)p.would.at)[i], "FGHIJ"));
	CHECK(!*fake.said);
	fake.identity = SECRET;
	fake.web[0].body = WAITS;
	CHECK(confirmations_respond.plan(&t, &in, &p, &f) == RC_OK && p.would.n == 3);
	CHECK(!strstr(fake.said, "effect") && !strstr(fake.said, "ajaxop"));
}

int main(void)
{
	a_key_is_redeemed();
	who_had_it();
	a_key_waits_when_steam_throttles();
	a_lost_answer_is_unknown();
	licences_say_whether_it_was();
	a_wallet_code_is_sent_once();
	licences_are_removed();
	free_ones_are_added();
	friends_come_and_are_asked();
	a_message_is_said_once();
	confirmations_are_answered();
	confirmations_are_probed();
	an_inventory_is_read();
	plans_change_nothing();
	fake_reset();
	arena_done(&fake.arena);
	return 0;
}
