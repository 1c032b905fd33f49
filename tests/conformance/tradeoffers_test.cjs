// npm steamcommunity and steam-tradeoffer-manager, as they are, against steamsim: inventories, offers, confirmations, faults.
'use strict';
const SteamTotp = require('steam-totp');
const SteamCommunity = require('steamcommunity');
const TradeOfferManager = require('steam-tradeoffer-manager');
const { EAuthTokenPlatformType, LoginSession } = require('steam-session');
const { ask, assert, main, ok } = require('./sim.cjs');

const State = TradeOfferManager.ETradeOfferState;
const SHARED = 'AQIDBAUGBwgJCgsMDQ4PEBESExQ=';
const ALICE = 'FBMSERAPDg0MCwoJCAcGBQQDAgE=';
const BOB = 'FRQTEhEQDw4NDAsKCQgHBgUEAwI=';

const json = async (path) => JSON.parse(await ask('GET', path));
const noFaults = () => ask('DELETE', '/sim/faults');

async function faults(...rules) {
	await noFaults();
	await ask('POST', '/sim/reset');
	await ask('POST', '/sim/faults', rules.join('\n'));
}

// A method with a callback, as a promise; several values come as a list.
const call = (it, method, ...args) => new Promise((resolve, reject) => {
	it[method](...args, (e, ...values) => (e ? reject(e instanceof Error ? e : new Error(e)) : resolve(values.length > 1 ? values : values[0])));
});

async function fails(promise, eresult, cause) {
	await assert.rejects(promise, (e) => {
		assert.strictEqual(e.eresult, eresult, e.message);
		assert.strictEqual(e.cause, cause);
		return true;
	});
}

async function login(name, platform, secret) {
	const session = new LoginSession(EAuthTokenPlatformType[platform]);
	const through = new Promise((resolve, reject) => {
		session.once('authenticated', resolve);
		session.once('error', reject);
	});
	await session.startWithCredentials({ accountName: name, password: 'pw', steamGuardCode: secret && SteamTotp.generateAuthCode(secret) });
	await through;
	const cookies = await session.getWebCookies();
	const community = new SteamCommunity();
	const manager = new TradeOfferManager({ community, language: 'en', pollInterval: -1, minimumPollInterval: 1000, dataDirectory: null });
	await call(manager, 'setCookies', cookies);
	const keys = await json(`/sim/econ/keys?of=${name}`);
	assert.strictEqual(community.steamID.getSteamID64(), keys.steamid);
	return { name, community, manager, cookies, id: keys.steamid, token: keys.trade_token, key: keys.key };
}

const items = (who, app, context, tradable = true) => call(who.manager, 'getInventoryContents', app, context, tradable);
const heldBy = async (who) => (await json(`/sim/econ/items?owner=${who.name}`)).map((i) => i.assetid);
const stateOf = async (id) => (await json('/sim/econ/offers')).find((o) => o.id === id).state;

async function pages(alice) {
	assert.strictEqual(await call(alice.community, 'getWebApiKey'), alice.key);
	assert.strictEqual(await call(alice.manager, 'getOfferToken'), alice.token);
	ok('the API key and the trade URL');
	const fresh = await new Promise((resolve, reject) => alice.community.changeTradeURL((e, url, token) => (e ? reject(e) : resolve(token))));
	assert.strictEqual(await call(alice.manager, 'getOfferToken'), fresh);
	alice.token = fresh;
	ok('a new trade URL');
	await call(alice.community, 'profileSettings', { inventory: SteamCommunity.PrivacyState.Private });
	await call(alice.community, 'profileSettings', { inventory: SteamCommunity.PrivacyState.Public });
	ok('privacy, read and set');
}

async function inventories(alice, bob, dora) {
	const [all] = await items(alice, 440, 2, false);
	assert.strictEqual(all.length, 1213);
	assert.strictEqual(new Set(all.map((i) => i.assetid)).size, 1213);
	const metal = all.filter((i) => i.name === 'Refined Metal');
	assert.strictEqual(metal.length, 12);
	assert.strictEqual(metal[0].market_hash_name, 'Refined Metal');
	assert.strictEqual(metal[0].commodity, true);
	assert.strictEqual(metal[0].tags[0].internal_name, 'Unique');
	const [tradable] = await items(alice, 440, 2);
	assert.strictEqual(tradable.length, 1212);
	ok('an inventory of two pages, with descriptions');
	assert.deepStrictEqual((await items(alice, 570, 2))[0], []);
	await assert.rejects(call(bob.manager, 'getUserInventoryContents', dora.id, 440, 2, true), /private/);
	ok('an empty inventory, and a private one');
	const offer = alice.manager.createOffer(bob.id);
	const theirs = await call(offer, 'loadPartnerInventory', 753, 6);
	assert.strictEqual(theirs.length, 20);
	assert.strictEqual(theirs[0].name, 'Trading Card');
	ok("a partner's inventory");
}

async function give(from, to, things, message = '', token = undefined) {
	const offer = from.manager.createOffer(to.id, token);
	offer.addMyItems(things);
	offer.setMessage(message);
	return [offer, await call(offer, 'send')];
}

// Alice gives, confirms; Bob hears of it, accepts; both see the same trade.
async function sendAndAccept(alice, bob) {
	const metal = (await items(alice, 440, 2))[0].filter((i) => i.name === 'Refined Metal').slice(0, 3);
	const [offer, status] = await give(alice, bob, metal, 'for you');
	assert.strictEqual(status, 'pending');
	assert.strictEqual(await stateOf(offer.id), State.CreatedNeedsConfirmation);
	assert.deepStrictEqual((await call(bob.manager, 'getOffers', 1))[1], []);
	await assert.rejects(call(alice.community, 'acceptConfirmationForObject', BOB, offer.id), /Invalid authenticator/);
	await call(alice.community, 'acceptConfirmationForObject', ALICE, offer.id);
	assert.strictEqual(await stateOf(offer.id), State.Active);
	ok('sent, and confirmed in the app; not with a wrong key');

	const heard = new Promise((resolve) => bob.manager.once('newOffer', resolve));
	bob.manager.doPoll();
	const theirs = await heard;
	assert.strictEqual(theirs.id, offer.id);
	assert.strictEqual(theirs.message, 'for you');
	assert.strictEqual(theirs.itemsToReceive.length, 3);
	assert.strictEqual(theirs.itemsToReceive[0].name, 'Refined Metal');
	ok('the partner hears of it by polling');

	assert.strictEqual(await call(theirs, 'accept'), 'accepted');
	const changed = new Promise((resolve) => alice.manager.once('sentOfferChanged', (o, old) => resolve([o, old])));
	alice.manager.pollData.sent[offer.id] = State.Active;
	alice.manager.doPoll(true);
	const [seen] = await changed;
	assert.strictEqual(seen.state, State.Accepted);
	const [status3, , received, given] = await call(theirs, 'getExchangeDetails');
	assert.strictEqual(status3, 3);
	assert.strictEqual(received.length, 3);
	assert.deepStrictEqual(given, []);
	const now = await heldBy(bob);
	for (const i of received) {
		assert.ok(metal.some((m) => m.assetid === i.assetid));
		assert.ok(i.new_assetid !== i.assetid && now.includes(i.new_assetid));
	}
	ok('accepted; the items have new ids, and the exchange tells them');
	return seen;
}

async function acceptWithConfirmation(alice, bob) {
	const mine = (await items(alice, 440, 2))[0].filter((i) => i.name === 'Refined Metal').slice(0, 1);
	const cards = (await items(bob, 753, 6))[0].slice(0, 2);
	const offer = bob.manager.createOffer(alice.id);
	offer.addMyItems(cards);
	offer.addTheirItems(mine);
	assert.strictEqual(await call(offer, 'send'), 'pending');
	await call(bob.community, 'acceptConfirmationForObject', BOB, offer.id);
	const theirs = await call(alice.manager, 'getOffer', offer.id);
	assert.strictEqual(await call(theirs, 'accept'), 'pending');
	assert.strictEqual(await stateOf(offer.id), State.Active);
	await call(alice.community, 'acceptConfirmationForObject', ALICE, offer.id);
	await call(theirs, 'update');
	assert.strictEqual(theirs.state, State.Accepted);
	assert.strictEqual((await items(alice, 753, 6))[0].length, 2);
	ok('an accept that gives something waits for its confirmation');
	await fails(call(Object.assign(theirs, { state: State.Active }), 'accept'), 28);
	ok('a second accept is refused');
}

async function endings(alice, bob) {
	const key = (await items(alice, 440, 2))[0].slice(-2);
	const [one] = await give(alice, bob, key.slice(0, 1));
	await call(one, 'cancel');
	assert.strictEqual(await stateOf(one.id), State.Canceled);
	const [two] = await give(alice, bob, key.slice(0, 1));
	await call(alice.community, 'acceptConfirmationForObject', ALICE, two.id);
	await call(await call(bob.manager, 'getOffer', two.id), 'decline');
	assert.strictEqual(await stateOf(two.id), State.Declined);
	ok('canceled, and declined');

	const [three] = await give(alice, bob, key.slice(0, 1));
	const [four] = await give(alice, bob, key.slice(1, 2));
	const time = Math.floor(Date.now() / 1000);
	const all = await call(alice.community, 'acceptAllConfirmations', time, SteamTotp.getConfirmationKey(ALICE, time, 'conf'),
		SteamTotp.getConfirmationKey(ALICE, time, 'allow'));
	assert.deepStrictEqual(all.map((c) => c.creator).sort(), [three.id, four.id].sort());
	assert.strictEqual(await stateOf(four.id), State.Active);
	ok('two confirmed at once');

	const counter = (await call(bob.manager, 'getOffer', three.id)).counter();
	counter.addMyItems((await items(bob, 753, 6))[0].slice(0, 1));
	assert.strictEqual(await call(counter, 'send'), 'pending');
	await call(bob.community, 'acceptConfirmationForObject', BOB, counter.id);
	assert.strictEqual(await stateOf(three.id), State.Countered);
	ok('a counter offer');
	await call(counter, 'cancel');

	const reply = await give(alice, bob, key.slice(0, 1));
	await refuseConfirmation(alice, reply[0].id);
	assert.strictEqual(await stateOf(reply[0].id), State.CanceledBySecondFactor);
	await call(four, 'cancel');
	ok('refused in the app');
}

async function refuseConfirmation(who, id) {
	const time = Math.floor(Date.now() / 1000);
	const list = await call(who.community, 'getConfirmations', time, { tag: 'list', key: SteamTotp.getConfirmationKey(ALICE, time, 'list') });
	const conf = list.find((c) => c.creator === id);
	await call(conf, 'respond', time, { tag: 'reject', key: SteamTotp.getConfirmationKey(ALICE, time, 'reject') }, false);
}

async function refusals(alice, bob, carol, banned) {
	const card = (await items(bob, 753, 6))[0];
	const key = (await items(alice, 440, 2))[0].slice(-12);
	const sends = async (offer) => call(offer, 'send');
	const to = (who, token, thing = key[0]) => {
		const offer = alice.manager.createOffer(who.id, token);
		offer.addMyItem(thing);
		return offer;
	};
	// A failure with 500 comes as an error whose cause is in the body.
	await fails(sends(to(carol)), 15);
	await fails(sends(to(carol, 'WRONGwro')), 15);
	await fails(sends(to(banned, banned.token)), 15, 'TradeBan');
	await fails(sends(to(bob, undefined, card[0])), 26);
	ok('no friend, a wrong token, a trade ban, an item that is not mine');
	const open = [];
	for (let i = 0; i < 5; i++) {
		open.push(to(bob, undefined, key[i]));
		assert.strictEqual(await sends(open[i]), 'pending');
	}
	await fails(sends(to(bob, undefined, key[6])), 25, 'OfferLimitExceeded');
	for (const o of open)
		await call(o, 'cancel');
	ok('five open offers to one partner, and no sixth');
	const good = to(carol, carol.token);
	assert.strictEqual(await sends(good), 'pending');
	await call(good, 'cancel');
	ok('the token of a trade URL opens the way');
}

async function escrow(alice, held) {
	const offer = alice.manager.createOffer(held.id, held.token);
	const [me, them] = await call(offer, 'getUserDetails');
	assert.strictEqual(me.escrowDays, 0);
	assert.strictEqual(them.escrowDays, 15);
	assert.strictEqual(them.personaName, 'Held');
	assert.ok(them.contexts[730].rgContexts[2].asset_count === 2);
	await assert.rejects(call(alice.manager.createOffer(held.id, 'wrongwro'), 'getUserDetails'), /Trade URL/);
	ok('the page of an offer: names, contexts, days in escrow');
	const gift = held.manager.createOffer(alice.id, alice.token);
	gift.addMyItems((await items(held, 730, 2))[0].slice(0, 1));
	assert.strictEqual(await call(gift, 'send'), 'sent');
	const theirs = await call(alice.manager, 'getOffer', gift.id);
	assert.strictEqual(await call(theirs, 'accept'), 'escrow');
	assert.ok(theirs.escrowEnds > Date.now() + 14 * 86400e3);
	assert.strictEqual((await items(held, 730, 2))[0].length, 1);
	assert.strictEqual((await items(alice, 730, 2))[0].length, 0);
	ok('a trade that is held');
}

async function underFaults(alice, bob) {
	const key = (await items(alice, 440, 2))[0].slice(-4);
	const before = (await json('/sim/econ')).made;
	await faults('offer_send@1:commit_then_5xx,listing_lag=3600');
	await assert.rejects(give(alice, bob, key.slice(0, 1), 'marked'), /502/);
	assert.strictEqual((await json('/sim/econ')).made, before + 1);
	assert.ok(!(await call(alice.manager, 'getOffers', 1))[0].some((o) => o.message === 'marked'));
	const [lost] = (await json('/sim/econ/offers')).filter((o) => o.message === 'marked');
	assert.strictEqual((await call(alice.manager, 'getOffer', lost.id)).message, 'marked');
	ok('sent, but told to have failed, and listed late');

	await faults('offer_send@1:commit_then_reset');
	await assert.rejects(give(alice, bob, key.slice(1, 2), 'reset'), /socket hang up|ECONNRESET/);
	assert.ok((await call(alice.manager, 'getOffers', 1))[0].some((o) => o.message === 'reset'));
	ok('sent, and the connection cut');

	await faults('econ_api@1:listing_omits=1', 'econ_api@2:glitched_offer');
	assert.ok(!(await call(alice.manager, 'getOffers', 1))[0].some((o) => o.message === 'reset'));
	await assert.rejects(call(alice.manager, 'getOffers', 1), /temporarily unavailable/);
	ok('a list that leaves one out, and one of glitched offers');

	await faults('offer_accept@1:rollback', 'inventory@1:inventory_private', 'inventory@2:http=500', 'conf_list@1:confirmation_list_429');
	await assert.rejects(items(alice, 440, 2), /private/);
	await assert.rejects(items(alice, 440, 2), /500/);
	await assert.rejects(call(alice.community, 'acceptConfirmationForObject', ALICE, '1'), /429/);
	const [gone] = await give(alice, bob, key.slice(2, 3));
	await call(alice.community, 'acceptConfirmationForObject', ALICE, gone.id);
	const theirs = await call(bob.manager, 'getOffer', gone.id);
	await call(theirs, 'accept');
	const [status, , received] = await call(theirs, 'getExchangeDetails', true);
	assert.strictEqual(status, 6);
	assert.ok((await heldBy(alice)).includes(received[0].rollback_new_assetid));
	ok('private, broken, too many requests; a trade that is rolled back');

	const expired = new Promise((resolve) => alice.community.once('sessionExpired', resolve));
	await faults('conf_list@1:session_expired', 'offer_send@1:session_expired', 'community@1:html_login_redirect');
	await assert.rejects(call(alice.community, 'acceptConfirmationForObject', ALICE, '1'), /Not Logged In/);
	await expired;
	await assert.rejects(give(alice, bob, key.slice(3, 4)), /Not Logged In/);
	await assert.rejects(call(alice.community, 'getWebApiKey'), /Not Logged In/);
	await noFaults();
	ok('a session that is over, in its three ways');
}

async function familyView() {
	const family = await login('family', 'MobileApp');
	await assert.rejects(call(family.community, 'getWebApiKey'), /Family View/);
	await assert.rejects(call(family.manager, 'parentalUnlock', '9999'), /Incorrect PIN/);
	await call(family.manager, 'parentalUnlock', '1234');
	assert.strictEqual(await call(family.community, 'getWebApiKey'), family.key);
	ok('family view, and its PIN');
}

main(async () => {
	const alice = await login('alice', 'WebBrowser', SHARED);
	const bob = await login('bob', 'MobileApp', SHARED);
	const [carol, dora, held, banned] = await Promise.all(['carol', 'dora', 'held', 'banned'].map((n) => login(n, 'MobileApp')));
	ok('cookies of steam-session are good for steamcommunity');
	await pages(alice);
	await inventories(alice, bob, dora);
	await sendAndAccept(alice, bob);
	await acceptWithConfirmation(alice, bob);
	await endings(alice, bob);
	await refusals(alice, bob, carol, banned);
	await escrow(alice, held);
	await underFaults(alice, bob);
	await familyView();
});
