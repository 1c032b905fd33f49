/*
 * What real clients do on steamsim (tests/conformance), done there by ours: the same worlds, real server and agent, over secure WebSocket
 * and then over plain TCP with the key swapped. Results are what the world says. In the end every action of the catalogue has run, and the
 * dry run of every one that changes something.
 */
#include "tests/system/client.h"

#include "model/action.h"
#include "wire/base64.h"
#include "wire/steam/guard.h"

#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#define PLAY(c, steps) client_play(c, steps, sizeof(steps) / sizeof(*(steps)))

/* ---- anonymous ---- */

static const struct step anonymous[] = {
	DO(NULL, "agent.ping", "{}", "{'version':'" FOOTPLATE_VERSION "'}"),
	DO(NULL, "pics.product_info", "{'apps':[440,480,999999],'packages':[0,90001,777]}",
		"{'apps':[{'id':440,'name':'Team Fortress "
		"2','sha1':'@sha_app_440','missingToken':false,'changeNumber':24480000},{'id':480,'name':'Spacewar'"
		",'sha1':'@sha_app_480','changeNumber':24483107}],'packages':[{'id':0,'sha1':'@sha_package_0','"
		"changeNumber':23321079},{'id':90001,'sha1':'@sha_package_90001'}],'unknownApps':[999999],'"
		"unknownPackages':[777]}"),
	FAIL(NULL, "prefill.run", "{'apps':[999999]}", "not_found"),
	DO(NULL, "pics.product_info", "{'apps':[440],'metadataOnly':true}",
		"{'apps':[{'id':440,'sha1':'@sha_app_440','changeNumber':24480000,'size':@size_app_440}],'packages'"
		":[]}"),
	SIM_DO("/sim/changes?apps=440,100007&what=build"),
	SIM_DO("/sim/changes?apps=440&packages=0"),
	DO(NULL, "pics.changes", "{'since':24483200}",
		"{'current':24483204,'since':24483200,'gap':false,'apps':['...',{'id':440,'changeNumber':24483203},"
		"{'id':100007,'changeNumber':24483202}],'packages':[{'id':0,'changeNumber':24483204}]}"),
	DO(NULL, "pics.changes", "{'since':24483204}", "{'current':24483204,'gap':false,'apps':[],'packages':[]}"),
	DO(NULL, "pics.changes", "{'since':1}", "{'current':24483204,'gap':true,'apps':[],'packages':[]}"),
	DO(NULL, "workshop.details", "{'ids':['1001','1002','1003','1004','9']}",
		"{'items':[{'id':'1001','status':'ok','app':480,'title':'Castle','size':'1000','manifest':'5550001'"
		",'timeUpdated':'2023-11-14T22:13:20.000Z'},{'id':'1002','status':'ok','fileUrl':'https://"
		"cdn.example/ugc/"
		"1002','filename':'map.vpk'},{'id':'1003','status':'ok','children':['1001','1002']},{'id':'1004','"
		"status':'private','eresult':15},{'id':'9','status':'not_found'}]}"),
	ACCOUNT("anon", "{'login':'anon','anonymous':true}"),
	WANT("anon", "online"),
	STATE("anon", "online", NULL),
	DO("anon", "session.ping", NULL, "{}"),
	KEEP("endpoint", "endpoint"),
	SIM("/ISteamDirectory/GetCMListForConnect/v1/?cellid=0&cmtype=@cmtype&format=json",
		"{'response':{'serverlist':['...',{'endpoint':'@endpoint','type':'@cmtype'}]}}"),
};

/* ---- logons ---- */

static const struct step logons[] = {
	/* a password */
	ACCOUNT("plain", NULL),
	SECRET("plain", "password", "plain-pass"),
	DRY("plain", "session.login", NULL, "['log the account on, and keep it on']"),
	DO("plain", "session.login", NULL, "{'state':'online','steamId':'@plain'}"),
	STATE("plain", "online", "{'steamId':'@plain','challengeId':null}"),
	SIM("/sim/person/plain", "{'sessions':1,'logonsRefused':0}"),
	/* a password and the app's code, which answers itself */
	ACCOUNT("guarded", NULL),
	SECRET("guarded", "password", "guarded-pass"),
	SECRET("guarded", "shared_secret", "@guarded_shared"),
	WANT("guarded", "online"),
	STATE("guarded", "online", "{'steamId':'@guarded'}"),
	/* a code from an e-mail: the wrong one, the right one */
	ACCOUNT("mailed", NULL),
	SECRET("mailed", "password", "mailed-pass"),
	WANT("mailed", "online"),
	CHALLENGE("mailed", "guard_email", NULL, "{'state':'open'}"),
	FAIL("mailed", "session.login", NULL, "challenge_required"), /* nobody waits for a person unasked */
	CHALLENGE("mailed", "guard_email", "{'code':'WRONG'}", "{'state':'open','hint':'mail.example'}"),
	CHALLENGE("mailed", "guard_email", "{'code':'B2C4D'}", NULL),
	STATE("mailed", "online", "{'steamId':'@mailed'}"),
	/* a code of the app that a person types */
	ACCOUNT("typed", "{'login':'bot001'}"),
	SECRET("typed", "password", "bot-pass"),
	WANT("typed", "online"),
	CHALLENGE("typed", "guard_totp", "{'code':'@bot_code'}", "{'state':'open'}"),
	STATE("typed", "online", "{'steamId':'@bot001'}"),
	/* yes in the app */
	ACCOUNT("asked", NULL),
	SECRET("asked", "password", "asked-pass"),
	WANT("asked", "online"),
	CHALLENGE("asked", "device_approval", NULL, "{'state':'open'}"),
	SIM_DO("/sim/approve?name=asked&yes=1"),
	CHALLENGE("asked", "device_approval", "{'approve':true}", NULL), /* look at once */
	STATE("asked", "online", "{'steamId':'@asked'}"),
	/* a link in an e-mail */
	ACCOUNT("clicked", NULL),
	SECRET("clicked", "password", "clicked-pass"),
	WANT("clicked", "online"),
	CHALLENGE("clicked", "device_approval", NULL, "{'state':'open','hint':'by the e-mail that Steam sent'}"),
	SIM_DO("/sim/approve?name=clicked&yes=1"),
	CHALLENGE("clicked", "device_approval", "{'approve':true}", NULL),
	STATE("clicked", "online", "{'steamId':'@clicked'}"),
	/* no in the app */
	ACCOUNT("denied", "{'login':'bot002'}"),
	SECRET("denied", "password", "bot-pass"),
	SIM_DO("/sim/set?name=bot002&word=guard%3Dapproval"),
	WANT("denied", "online"),
	CHALLENGE("denied", "device_approval", NULL, NULL),
	SIM_DO("/sim/approve?name=bot002&yes=0"),
	CHALLENGE("denied", "device_approval", "{'approve':true}", NULL), /* look at once */
	STATE("denied", "failed", NULL),
	/* neither password nor token: a QR code */
	ACCOUNT("scanned", "{'login':'bot003'}"),
	WANT("scanned", "online"),
	CHALLENGE("scanned", "qr", NULL, NULL),
	KEEP("qr_url", "qrUrl"),
	SIM_DO("/sim/approve?name=bot003&yes=1"),
	CHALLENGE("scanned", "qr", "{'approve':true}", NULL), /* look at once */
	STATE("scanned", "online", "{'steamId':'@bot003'}"),
	/* a refresh token that somebody else got */
	SIM("/sim/token?name=other", NULL),
	KEEP("token", "refreshToken"),
	ACCOUNT("other", NULL),
	SECRET("other", "refresh_token", "@token"),
	WANT("other", "online"),
	STATE("other", "online", "{'steamId':'@other'}"),
	/* an account that is disabled */
	ACCOUNT("off", NULL),
	SECRET("off", "password", "off-pass"),
	WANT("off", "online"),
	STATE("off", "failed", "{'reason':'account_disabled'}"),
};

/* ---- what a session does ---- */

static const struct step sessions[] = {
	DO("plain", "session.ping", NULL, "{}"),
	DRY("plain", "session.web_refresh", "{'force':true}", "['make a new web session']"),
	DO("plain", "session.web_refresh", "{'force':true}", "{}"),
	DO("plain", "session.web_refresh", NULL, "{}"),
	DO("plain", "egress.probe", NULL,
		"{'targets':['...',{'target':'cm','reached':true},{'target':'community','reached':true},{'target':'"
		"store','reached':true},{'target':'api','reached':true}]}"),
	DRY("plain", "play.set", "{'apps':[480]}", "['play app 480']"),
	SIM("/sim/person/plain", "{'playing':[]}"),
	DO("plain", "play.set", "{'apps':[480]}", "{'apps':[480],'blocked':false}"),
	SIM("/sim/person/plain", "{'playing':[480]}"),
	DO("plain", "play.set", "{'apps':[]}", "{'apps':[]}"),
	SIM("/sim/person/plain", "{'playing':[]}"),
	DRY("plain", "persona.set", "{'state':'busy','name':'Renamed'}",
		"['show the account as busy','call the account Renamed']"),
	DO("plain", "persona.set", "{'state':'busy','name':'Renamed'}",
		"{'persona':{'state':'busy','name':'Renamed'}}"),
	SIM("/sim/person/plain", "{'persona':'Renamed','personaState':2}"),
	DO("guarded", "account.standing", NULL,
		"{'vac':true,'limited':false,'community':false,'economy':'none','tradeReady':true,'reasons':[]}"),
	DO("asked", "account.standing", NULL,
		"{'vac':false,'limited':true,'tradeReady':false,'reasons':['limited']}"),
	DO("plain", "account.standing", NULL,
		"{'vac':false,'limited':false,'level':12,'tradeReady':false,'reasons':['no_authenticator']}"),
};

static const struct step friends[] = {
	DO("plain", "friends.list", NULL,
		"{'friends':['...',{'steamId':'@guarded','relationship':'friend'},{'steamId':'@other','"
		"relationship':'friend'}]}"),
	DRY("guarded", "friends.add", "{'steamId':'@other'}", "['ask @other to be a friend']"),
	SIM("/sim/person/guarded", "{'friends':[{'steamId':'@plain','relationship':3}]}"),
	DO("guarded", "friends.add", "{'steamId':'@other'}", "{'relationship':'request_initiator'}"),
	UNTIL("other", "friends.list", NULL,
		"{'friends':['...',{'steamId':'@guarded','relationship':'request_recipient'}]}"),
	DRY("other", "friends.accept", "{'steamId':'@guarded'}", "['accept @guarded as a friend']"),
	DO("other", "friends.accept", "{'steamId':'@guarded'}", "{'relationship':'friend'}"),
	UNTIL("guarded", "friends.list", NULL,
		"{'friends':['...',{'steamId':'@other','relationship':'friend','name':'other'}]}"),
	SIM("/sim/person/guarded", "{'friends':['...',{'steamId':'@other','relationship':3}]}"),
	FAIL("guarded", "friends.accept", "{'steamId':'@mailed'}", "not_asked"),
	DRY("plain", "friends.message", "{'steamId':'@guarded','text':'hello there','dedupeKey':'k1'}",
		"['send @guarded a message']"),
	DO("plain", "friends.message", "{'steamId':'@guarded','text':'hello there','dedupeKey':'k1'}", "{}"),
	SIM("/sim/person/guarded", "{'messages':[{'from':'@plain','to':'@guarded','text':'hello there'}]}"),
	FAIL("mailed", "friends.message", "{'steamId':'@plain','text':'buy','dedupeKey':'k2'}", "refused"),
	DRY("other", "friends.remove", "{'steamId':'@guarded'}", "['end the friendship with @guarded (friend)']"),
	DO("other", "friends.remove", "{'steamId':'@guarded'}", "{'relationship':'none'}"),
	SIM("/sim/person/guarded", "{'friends':[{'steamId':'@plain','relationship':3}]}"),
};

static const struct step library[] = {
	DO("plain", "licenses.add_free", "{'apps':[480]}",
		"{'results':[{'id':480,'status':'already_owned'}]}"), /* in package 0 */
	DO("plain", "licenses.list", NULL, "{'packages':['...',{'sub':0},{'sub':90001}]}"),
	DO("plain", "library.list", NULL, "{'apps':['...',{'app':100000,'minutes':600},{'app':100099}]}"),
	DO("plain", "playtime.read", "{'apps':[100000]}", "{'apps':[{'app':100000,'minutes':600}]}"),
	DO("plain", "achievements.read", "{'app':100000}", "{'app':100000,'unlocked':3,'total':10}"),
	DRY("plain", "licenses.add_free", "{'apps':[100199,100150]}", "['add app 100199','add app 100150']"),
	DO("plain", "licenses.add_free", "{'apps':[100199,100150]}",
		"{'results':[{'id':100199,'kind':'app','status':'granted'},{'id':100150,'status':'unavailable'}]}"),
	UNTIL("plain", "licenses.list", NULL, "{'packages':['...',{'sub':90199}]}"),
	DO("plain", "licenses.add_free", "{'apps':[100199]}",
		"{'results':[{'id':100199,'status':'already_owned'}]}"),
	DRY("plain", "licenses.remove", "{'subs':[90199,555],'confirm':true}",
		"['remove the licence of sub 90199']"),
	DO("plain", "licenses.remove", "{'subs':[90199,555],'confirm':true}",
		"{'results':[{'id':90199,'status':'removed'},{'id':555,'status':'not_owned'}]}"),
	SIM("/sim/person/plain", "{'licences':[{'package':90001},{'package':0}]}"),
	DO("plain", "licenses.add_free", "{'subs':[90199,777]}",
		"{'results':[{'id':90199,'kind':'sub','status':'granted'},{'id':777,'status':'unavailable'}]}"),
};

static const struct step keys[] = {
	DRY("plain", "keys.redeem", "{'key':'GOOD1-GOOD1-GOOD1'}", "['redeem GOOD1-*****-*****']"),
	SIM("/sim/keys", "{'GOOD1-GOOD1-GOOD1':{'asked':0}}"),
	DO("plain", "keys.redeem", "{'key':'GOOD1-GOOD1-GOOD1'}",
		"{'status':'redeemed','maskedKey':'GOOD1-*****-*****','packages':[{'sub':90002}]}"),
	SIM("/sim/keys", "{'GOOD1-GOOD1-GOOD1':{'asked':1,'usedBy':'plain'}}"),
	UNTIL("plain", "licenses.list", NULL, "{'packages':['...',{'sub':90002}]}"),
	DO("plain", "keys.redeem", "{'key':'GOOD1-GOOD1-GOOD1'}", "{'status':'owned_by_target'}"),
	DO("plain", "keys.redeem", "{'key':'USED1-USED1-USED1'}", "{'status':'used_elsewhere'}"),
	DO("plain", "keys.redeem", "{'key':'HERE1-HERE1-HERE1'}", "{'status':'region_locked'}"),
	DO("plain", "keys.redeem", "{'key':'BASE1-BASE1-BASE1'}", "{'status':'needs_base_app'}"),
	DO("plain", "keys.redeem", "{'key':'CASH1-CASH1-CASH1'}", "{'status':'wallet_code'}"),
	DO("plain", "keys.redeem", "{'key':'NOTAK-EY000-00000'}", "{'status':'invalid'}"),
	DRY("plain", "wallet.redeem", "{'code':'CASH1-CASH1-CASH1'}", "['redeem wallet code CASH1-*****-*****']"),
	DO("plain", "wallet.redeem", "{'code':'CASH1-CASH1-CASH1'}", "{'status':'redeemed','balance':1734}"),
	SIM("/sim/person/plain", "{'wallet':1734}"),
	DO("plain", "wallet.redeem", "{'code':'CASH1-CASH1-CASH1'}", "{'status':'used_elsewhere'}"),
};

static const struct step goodbye[] = {
	DRY("plain", "session.logout", NULL, "['log the account off']"),
	DO("plain", "session.logout", NULL, "{'state':'offline'}"),
	FAIL("plain", "session.ping", NULL, "session_offline"),
	SIM("/sim/person/plain", "{'sessions':0}"),
	SIM("/sim/ledger", "{'malformed':0}"),
};

/* ---- trading ---- */

static const struct step traders[] = {
	ACCOUNT("alice", NULL),
	SECRET("alice", "password", "pw"),
	SECRET("alice", "shared_secret", "AQIDBAUGBwgJCgsMDQ4PEBESExQ="),
	SECRET("alice", "identity_secret", "FBMSERAPDg0MCwoJCAcGBQQDAgE="),
	WANT("alice", "online"),
	ACCOUNT("bob", NULL),
	SECRET("bob", "password", "pw"),
	SECRET("bob", "shared_secret", "AQIDBAUGBwgJCgsMDQ4PEBESExQ="),
	SECRET("bob", "identity_secret", "FRQTEhEQDw4NDAsKCQgHBgUEAwI="),
	WANT("bob", "online"),
	STATE("alice", "online", NULL),
	STATE("bob", "online", NULL),
	DO("alice", "trade_url.read", NULL,
		"{'tradeUrl':'@community/tradeoffer/new/?partner=@alice_account&token=AAAAaaaa'}"),
};

static const struct step inventories[] = {
	DO("bob", "inventory.read", "{'appId':753,'contextId':'6'}", "{'total':20}"),
	KEEP("card", "items.0.asset.assetId"),
	DO("alice", "inventory.read", "{'appId':753,'contextId':'6','steamId':'@bob'}",
		"{'total':20,'items':['...',{'asset':{'appId':753,'contextId':'6','assetId':'@card','amount':1},'"
		"name':'Trading Card','tradable':true}]}"),
	DO("alice", "inventory.read", "{'appId':440,'contextId':'2'}",
		"{'total':1213,'items':['...',{'name':'Souvenir','tradable':false}]}"),
	DO("alice", "inventory.read", "{'appId':440,'contextId':'2','tradableOnly':true}",
		"{'items':['!',{'tradable':false}]}"),
	DO("alice", "inventory.read", "{'appId':440,'contextId':'2','tradableOnly':true}",
		"{'total':1213,'items':['...',{'name':'Refined Metal','marketHashName':'Refined "
		"Metal','tradable':true}]}"),
	DO("alice", "inventory.read", "{'appId':570,'contextId':'2'}", "{'total':0,'items':[]}"),
	FAIL("alice", "inventory.read", "{'appId':440,'contextId':'2','steamId':'@dora'}", "inventory_private"),
	SIM("/sim/econ/items?owner=alice", NULL),
	KEEP("key1", "0.assetid"),
	KEEP("key2", "1.assetid"),
};

static const struct step trades[] = {
	/* Alice gives: it waits for her confirmation, then for Bob. */
	SIM_DO("/sim/econ/offer?from=alice&to=bob&give=@key1&message=one"),
	DO("alice", "offers.list", "{'direction':'sent'}",
		"{'offers':[{'partner':'@bob','ours':true,'state':'needs_confirmation','message':'one','"
		"confirmation':'mobile','give':[{'appId':440,'contextId':'2','assetId':'@key1','amount':1}],'"
		"receive':[]}]}"),
	KEEP("offer1", "offers.0.offerId"),
	DO("bob", "offers.list", "{'direction':'received'}", "{'offers':[]}"),
	DO("alice", "confirmations.list", NULL,
		"{'confirmations':[{'type':'trade','creatorId':'@offer1','headline':'Bob'}]}"),
	KEEP("confirmation1", "confirmations.0.id"),
	DO("alice", "confirmations.list", "{'type':'market'}", "{'confirmations':[]}"),
	DRY("alice", "confirmations.respond", "{'creatorIds':['@offer1'],'operation':'accept'}",
		"['accept trade @confirmation1, which confirms @offer1']"),
	DO("alice", "confirmations.respond", "{'creatorIds':['@offer1'],'operation':'accept'}",
		"{'results':[{'id':'@confirmation1','creatorId':'@offer1','status':'done'}]}"),
	DO("alice", "confirmations.respond", "{'creatorIds':['@offer1'],'operation':'accept'}",
		"{'results':[{'creatorId':'@offer1','status':'already_done'}]}"),
	DO("bob", "offers.list", "{'direction':'received'}",
		"{'offers':[{'offerId':'@offer1','partner':'@alice','ours':false,'state':'active','give':[],'"
		"receive':[{'assetId':'@key1'}]}]}"),
	SIM_DO("/sim/econ/do?what=accept&id=@offer1"),
	SIM("/sim/econ/trades", "[{'offer':'@offer1','items':[{'assetid':'@key1'}]}]"),
	KEEP("trade1", "0.id"),
	KEEP("new1", "0.items.0.new"),
	DO("bob", "offers.get", "{'offerId':'@offer1'}",
		"{'offer':{'offerId':'@offer1','state':'accepted','tradeId':'@trade1'},'exchange':{'tradeId':'@"
		"trade1','status':'complete','given':[],'received':[{'assetId':'@key1','newAssetId':'@new1'}]}}"),
	DO("alice", "offers.get", "{'offerId':'@offer1'}",
		"{'exchange':{'given':[{'assetId':'@key1','newAssetId':'@new1'}],'received':[]}}"),
	/* What is refused in the app is over. */
	SIM_DO("/sim/econ/offer?from=alice&to=bob&give=@key2&take=@card&message=two"),
	DO("alice", "confirmations.list", "{'type':'trade'}", "{'confirmations':[{'type':'trade'}]}"),
	KEEP("confirmation2", "confirmations.0.id"),
	KEEP("offer2", "confirmations.0.creatorId"),
	DO("alice", "confirmations.respond", "{'ids':['@confirmation2','12'],'operation':'cancel'}",
		"{'results':[{'id':'@confirmation2','status':'done'},{'id':'12','status':'not_found'}]}"),
	DO("alice", "offers.get", "{'offerId':'@offer2'}",
		"{'offer':{'state':'canceled_by_second_factor','message':'two','give':[{'assetId':'@key2'}],'"
		"receive':[{'appId':753,'assetId':'@card'}]},'exchange':{'tradeId':null}}"),
	DO("alice", "offers.list", "{'activeOnly':false}",
		"{'offers':['...',{'offerId':'@offer1'},{'offerId':'@offer2'}]}"),
};

static const struct step holds[] = {
	DO("alice", "escrow.check", "{'partner':{'steamId':'@bob'}}",
		"{'myHoldDays':0,'theirHoldDays':0,'probation':false,'reasons':[]}"),
	DO("alice", "escrow.check", "{'partner':{'steamId':'@held','token':'HHHHhhhh'}}",
		"{'myHoldDays':0,'theirHoldDays':15}"),
	DRY("alice", "profile.set_privacy", "{'inventory':'private'}", NULL),
	DO("alice", "profile.set_privacy", "{'inventory':'private','comments':'friends'}",
		"{'before':{'inventory':'public'},'after':{'inventory':'private','profile':'public','comments':'"
		"friends'}}"),
	FAIL("bob", "inventory.read", "{'appId':440,'contextId':'2','steamId':'@alice'}", "inventory_private"),
	SIM("/sim/ledger", "{'malformed':0}"),
};

/* ---- the whole ---- */

/* The size of a product's bytes as the world has them, and the SHA-1 that Steam tells of them: an app's without the NUL at its end, a
 * package's without the number at its beginning. */
static void keep_product(struct client *c, const char *kind, unsigned id)
{
	char url[256], name[64], text[2 * SHA_DIGEST_LENGTH + 1];
	uint8_t sha[SHA_DIGEST_LENGTH];
	struct http_answer a = { 0 };

	snprintf(url, sizeof(url), "%s/sim/%s/%u", c->rig.sim_url, kind, id);
	CHECK(http_call(&(struct http_ask){ .url = url }, &a, NULL) == RC_OK && a.status == 200);
	bool app = !strcmp(kind, "app");
	SHA1((const uint8_t *)a.body.p + (app ? 0 : 4), a.body.n - (app ? 1 : 4), sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		snprintf(text + 2 * i, 3, "%02x", sha[i]);
	snprintf(name, sizeof(name), "sha_%s_%u", kind, id);
	client_keep(c, name, text);
	snprintf(name, sizeof(name), "size_%s_%u", kind, id);
	snprintf(text, sizeof(text), "%zu", a.body.n);
	client_keep(c, name, text);
	http_answer_done(&a);
}

/* What steamsim makes of a name when the world says `shared` alone. */
static void secret_of(const char *name, uint8_t ret[static SHA_DIGEST_LENGTH])
{
	char text[64];
	snprintf(text, sizeof(text), "shared %s", name);
	SHA1((const uint8_t *)text, strlen(text), ret);
}

static void code_of(const char *name, int64_t now_s, char ret[static GUARD_CODE])
{
	uint8_t sha[SHA_DIGEST_LENGTH];
	unsigned left;
	struct hush shared = { 0 };

	secret_of(name, sha);
	CHECK(hush_set(&shared, sha, sizeof(sha)) == RC_OK);
	CHECK(guard_code(&shared, now_s, ret, &left) == RC_OK);
	hush_done(&shared);
}

static void keep_secrets(struct client *c)
{
	uint8_t sha[SHA_DIGEST_LENGTH];
	char code[GUARD_CODE];
	struct buf text = { 0 };

	secret_of("guarded", sha);
	base64_put(&text, sha, sizeof(sha));
	client_keep(c, "guarded_shared", buf_text(&text));
	buf_done(&text);
	code_of("bot001", time(NULL), code);
	client_keep(c, "bot_code", code);
}

/* The route that shows a person the code of the app. */
static void shown_code(const struct client *c)
{
	char path[160], before[GUARD_CODE], after[GUARD_CODE];

	snprintf(path, sizeof(path), "/v1/accounts/%s/authenticator/codes", client_known(c, "guarded.id"));
	code_of("guarded", time(NULL), before);
	json_t *shown = rig_expect(&c->rig, 200, "POST", path, NULL);
	code_of("guarded", time(NULL), after);
	CHECK(!strcmp(json_str(shown, "code"), before) || !strcmp(json_str(shown, "code"), after));
	json_decref(shown);
}

static void people(const char *transport, json_t *all)
{
	struct client c;

	client_start(&c, "tests/conformance/library.world", transport, 1);
	keep_product(&c, "app", 440);
	keep_product(&c, "app", 480);
	keep_product(&c, "package", 0);
	keep_product(&c, "package", 90001);
	keep_secrets(&c);
	/* These two are files that Steam itself sent. */
	CHECK_STR(client_known(&c, "sha_app_480"), "71055fab92d9008e56bcd86c66681062c8285bd1");
	CHECK_STR(client_known(&c, "sha_package_0"), "0a408802ecd08f4a9e1af122938c589e2c2aab6c");
	PLAY(&c, anonymous);
	PLAY(&c, logons);
	CHECK(!strncmp(client_known(&c, "qr_url"), "https://s.team/q/1/", 19));
	shown_code(&c);
	PLAY(&c, sessions);
	PLAY(&c, friends);
	PLAY(&c, library);
	PLAY(&c, keys);
	PLAY(&c, goodbye);
	client_stop(&c, all);
}

static void trading(const char *transport, json_t *all)
{
	struct client c;
	char text[24];

	client_start(&c, "tests/conformance/tradeoffers.world", transport, 1);
	uint32_t account = (uint32_t)strtoull(client_known(&c, "alice"), NULL, 10);
	snprintf(text, sizeof(text), "%u", account);
	client_keep(&c, "alice_account", text);
	client_keep(&c, "community", getenv("FOOTPLATE_STEAM__COMMUNITY_URL"));
	PLAY(&c, traders);
	PLAY(&c, inventories);
	PLAY(&c, trades);
	PLAY(&c, holds);
	client_stop(&c, all);
}

/* Three tries, a minute apart; then it asks nobody any more until its secrets change. */
static const struct step wrong_password[] = {
	ACCOUNT("plain", NULL),
	SECRET("plain", "password", "not-his-password"),
	WANT("plain", "online"),
	STATE("plain", "failed", "{'reason':'invalid_credentials','steamId':null}"),
	SIM("/sim/logons", "[{'name':'plain','kind':'auth','eresult':5},{'kind':'auth','eresult':5},{'kind':'auth',"
			   "'eresult':5}]"),
	FAIL("plain", "session.ping", NULL, "session_offline"),
	SECRET("plain", "password", "plain-pass"),
	STATE("plain", "online", "{'steamId':'@plain','reason':''}"),
	SIM("/sim/person/plain", "{'logons':1,'sessions':1}"),
};

static void stranger(json_t *all)
{
	struct client c;

	client_start(&c, "tests/conformance/library.world", "websocket", 20);
	PLAY(&c, wrong_password);
	client_stop(&c, all);
}

/* What titles_test runs. */
static bool is_elsewhere(const char *action)
{
	return !strncmp(action, "manifests.", 10) || !strcmp(action, "prefill.run") ||
	       !strcmp(action, "titles.poll");
}

static void nothing_is_left_out(const json_t *ran)
{
	char dry[80];
	unsigned missing = 0;

	for (size_t i = 0; action_all[i]; i++) {
		if (action_all[i]->own || is_elsewhere(action_all[i]->name))
			continue;
		snprintf(dry, sizeof(dry), "dry %s", action_all[i]->name);
		bool good = json_object_get(ran, action_all[i]->name) &&
			    (!action_all[i]->mutates || json_object_get(ran, dry));
		if (!good)
			fprintf(stderr, "%s was not run, or its dry run was not\n", action_all[i]->name);
		missing += !good;
	}
	CHECK(missing == 0);
}

int main(void)
{
	json_t *all = json_object();

	people("websocket", all);
	trading("websocket", all);
	people("tcp", all);
	trading("tcp", all);
	stranger(all);
	nothing_is_left_out(all);
	json_decref(all);
	return 0;
}
