// Pages that no npm client of this folder asks for: the store, users, the Workshop, content servers, ways of asking.
'use strict';
const http = require('node:http');
const https = require('node:https');
const VDF = require('kvparser');
const { EAuthTokenPlatformType, LoginSession } = require('steam-session');
const { ask, assert, main, ok } = require('./sim.cjs');

let cookie = '';

function page(method, url, { form, headers, cookies = cookie } = {}) {
	return new Promise((resolve, reject) => {
		const body = form && new URLSearchParams(form).toString();
		const r = (url.startsWith('http:') ? http : https).request(url, {
			method,
			headers: {
				...(cookies ? { cookie: cookies } : {}),
				...(body !== undefined ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
				...headers,
			},
		}, (answer) => {
			const parts = [];
			answer.on('data', (p) => parts.push(p));
			answer.on('error', reject);
			answer.on('end', () => {
				const all = Buffer.concat(parts);
				let json;
				try {
					json = JSON.parse(all);
				} catch {
					json = undefined;
				}
				resolve({ status: answer.statusCode, headers: answer.headers, body: all, json });
			});
		});
		r.on('error', reject);
		r.end(body);
	});
}

const api = (path) => page('GET', `https://api.steampowered.com/${path}`);
const store = (path, form) => page(form ? 'POST' : 'GET', `https://store.steampowered.com/${path}`, { form });
const sessionid = '0123456789abcdef01234567';

async function login(name) {
	const session = new LoginSession(EAuthTokenPlatformType.MobileApp);
	await new Promise((resolve, reject) => {
		session.once('authenticated', resolve);
		session.once('error', reject);
		session.startWithCredentials({ accountName: name, password: 'pw' }).catch(reject);
	});
	const [secure] = await session.getWebCookies();
	cookie = `${secure}; sessionid=${sessionid}`;
	return JSON.parse(await ask('GET', `/sim/econ/keys?of=${name}`));
}

async function theStore() {
	assert.deepStrictEqual((await store('account/removelicense', { sessionid, packageid: 0 })).json, { success: 1 });
	assert.strictEqual((await store('account/removelicense', { sessionid, packageid: 0 })).json.success, 2);
	assert.strictEqual((await store('account/removelicense', { sessionid: 'other', packageid: 0 })).status, 302);
	ok('a licence is removed, once, and not by a strange form');
	assert.deepStrictEqual((await store('freelicense/addfreelicense/90001', { sessionid, ajax: true })).json, []);
	assert.strictEqual((await store('freelicense/addfreelicense/90001', { sessionid })).json.purchaseresultdetail, 9);
	assert.strictEqual((await store('freelicense/addfreelicense/777', { sessionid })).json.purchaseresultdetail, 5);
	ok('a free package');
	const good = (await store('account/ajaxredeemwalletcode', { sessionid, wallet_code: 'WALLET-5' })).json;
	assert.deepStrictEqual([good.success, good.detail, good.formattednewwalletbalance], [1, 0, '6.50']);
	const again = (await store('account/ajaxredeemwalletcode', { sessionid, wallet_code: 'WALLET-5' })).json;
	assert.deepStrictEqual([again.success, again.detail], [2, 9]);
	assert.strictEqual((await store('account/ajaxredeemwalletcode', { sessionid, wallet_code: 'NOTHING' })).json.detail, 14);
	ok('a wallet code');
}

async function appDetails() {
	const { json } = await store('api/appdetails?appids=440,999');
	assert.strictEqual(json[440].data.name, 'Team Fortress 2');
	assert.deepStrictEqual(json[999], { success: false });
	for (let i = 1; i < 200; i++)
		assert.ok((await store('api/appdetails?appids=480')).json);
	assert.strictEqual((await store('api/appdetails?appids=480')).body.toString(), 'null');
	ok('app details, 200 in five minutes, and then silence');
}

async function users(alice) {
	const key = alice.key;
	const ids = `${alice.steamid},76561197960287930`;
	const bans = (await api(`ISteamUser/GetPlayerBans/v1/?key=${key}&steamids=${ids}`)).json;
	assert.deepStrictEqual(bans.players.map((p) => [p.SteamId, p.VACBanned, p.EconomyBan]), [[alice.steamid, true, 'none']]);
	const { players } = (await api(`ISteamUser/GetPlayerSummaries/v2/?key=${key}&steamids=${ids}`)).json.response;
	assert.strictEqual(players[0].personaname, 'Alice');
	assert.strictEqual((await api(`IPlayerService/GetSteamLevel/v1/?key=${key}&steamid=${alice.steamid}`)).json.response.player_level, 12);
	assert.strictEqual((await api(`ISteamUser/GetPlayerBans/v1/?key=${'0'.repeat(32)}&steamids=${ids}`)).status, 403);
	assert.strictEqual((await api(`ISteamUser/GetPlayerBans/v1/?steamids=${ids}`)).status, 403);
	assert.strictEqual((await api(`ISteamUser/GetPlayerBans/v1/?access_token=a.b.c&steamids=${ids}`)).status, 401);
	ok('users, with a key and without');
	const games = (await api(`IPlayerService/GetOwnedGames/v1/?key=${key}&steamid=${alice.steamid}`)).json.response;
	assert.strictEqual(games.games[0].appid, 480);
	ok('a service method in JSON: the games of an account');
}

async function econ(alice) {
	const q = `key=${alice.key}`;
	const vdf = await api(`IEconService/GetTradeOffers/v1/?${q}&get_sent_offers=1&format=vdf`);
	assert.match(vdf.headers['content-type'], /^text\/vdf/);
	assert.strictEqual(VDF.parse(vdf.body.toString()).response.next_cursor, '0');
	assert.strictEqual((await api(`IEconService/GetTradeHistory/v1/?${q}&max_trades=10&include_total=1`)).json.response.total_trades, 0);
	const holds = (await api(`IEconService/GetTradeHoldDurations/v1/?${q}&steamid_target=76561197960265728`));
	assert.strictEqual(holds.headers['x-eresult'], '15');
	ok('IEconService in VDF, an empty history, no holds of a stranger');
}

async function workshop() {
	const r = await page('POST', 'https://api.steampowered.com/ISteamRemoteStorage/GetPublishedFileDetails/v1/', {
		form: { itemcount: 2, 'publishedfileids[0]': '123456', 'publishedfileids[1]': '9' },
		cookies: '',
	});
	const [good, none] = r.json.response.publishedfiledetails;
	assert.deepStrictEqual([good.publishedfileid, good.result, good.title, good.hcontent_file], ['123456', 1, 'Map', '77']);
	assert.strictEqual(none.result, 9);
	const newer = (await api('IPublishedFileService/GetDetails/v1/?publishedfileids[0]=123456')).json.response.publishedfiledetails;
	assert.strictEqual(newer[0].title, 'Map');
	ok('the Workshop, the old way and the new');
}

async function content() {
	const list = VDF.parse((await api('IContentServerDirectoryService/GetServersForSteamPipe/v1/?cell_id=1&format=vdf')).body.toString());
	const { host } = list.response.servers[0];
	assert.strictEqual((await api('IContentServerDirectoryService/GetServersForSteamPipe/v1/?cell_id=1')).json.response.servers[0].host, host);
	assert.strictEqual((await page('GET', `http://${host}/depot/4401/manifest/77/5/1`)).status, 401);
	assert.strictEqual((await page('GET', `http://${host}/depot/4401/chunk/${'0'.repeat(40)}`)).status, 404);
	ok('content servers, their list and what they refuse');
}

// A client that was pointed at an address has no host name of Steam's to offer.
async function direct(alice) {
	const base = `https://127.0.0.1:${process.env.SIM_TLS_PORT}`;
	for (const prefix of ['', '/community']) {
		const r = await page('GET', `${base}${prefix}/inventory/${alice.steamid}/440/2?count=10`);
		assert.strictEqual(r.json.total_inventory_count, 3);
		assert.strictEqual((await page('GET', `${base}${prefix}/my`)).headers.location, `https://steamcommunity.com/profiles/${alice.steamid}/`);
	}
	assert.strictEqual((await page('GET', `${base}/store/api/appdetails?appids=440`)).status, 200);
	assert.strictEqual((await page('POST', `${base}/api/ITwoFactorService/QueryTime/v1/`)).json.response.max_attempts, 3);
	assert.strictEqual((await page('POST', `${base}/ITwoFactorService/QueryTime/v1/`)).status, 200);
	assert.strictEqual((await page('POST', `${base}/login/jwt/finalizelogin`)).json.success, false);
	assert.strictEqual((await page('GET', 'https://steamcommunity.com/nothing/here')).status, 404);
	ok('by an address, with prefixes and without');
}

async function counts(alice) {
	const url = `https://steamcommunity.com/inventory/${alice.steamid}/440/2?count=5000`;
	for (let i = 0; i < 4; i++)
		assert.strictEqual((await page('GET', url)).status, 200);
	assert.strictEqual((await page('GET', url)).status, 429);
	ok('too large a count is held against the asker');
}

async function faults() {
	await ask('POST', '/sim/faults', ['store_web@*:http=429,retry_after=7', 'web_time@*:clock_skew=100'].join('\n'));
	const r = await store('account');
	assert.deepStrictEqual([r.status, r.headers['retry-after']], [429, '7']);
	const t = (await api('ITwoFactorService/QueryTime/v1/')).json.response.server_time;
	assert.ok(Number(t) > Date.now() / 1000 + 90);
	await ask('DELETE', '/sim/faults');
	ok('429 with Retry-After, and a clock that is wrong');
}

main(async () => {
	const alice = await login('alice');
	await theStore();
	await appDetails();
	await users(alice);
	await econ(alice);
	await workshop();
	await content();
	await direct(alice);
	await counts(alice);
	await faults();
});
