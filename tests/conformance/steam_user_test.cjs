// npm steam-user, as it is, against steamsim: logon, product info, tokens, changes, heartbeats, logoff, and faults.
// also: tcp
'use strict';
const crypto = require('node:crypto');
const SteamUser = require('steam-user');
const Schema = require('steam-user/protobufs/generated/_load.js');
const VDF = require('kvparser');
const BinaryKV = require('binarykvparser');
const account = require('./account.cjs');
const { ask, assert, ledger, main, ok } = require('./sim.cjs');

const sha1 = (b) => crypto.createHash('sha1').update(b).digest('hex');
const once = (emitter, name) => new Promise((resolve, reject) => {
	emitter.once(name, resolve);
	if (name !== 'error')
		emitter.once('error', reject);
});

const GENERATED = Array.from({ length: 200 }, (_, i) => 100000 + i);

function newClient(options) {
	const client = account.newClient(options);
	client.seen = new Map(); // "app 440" -> { sha, buffer }: product info as it came over the wire
	client.parts = 0;
	client.on('debug-traffic-incoming', (buffer, emsg) => {
		if (emsg !== SteamUser.EMsg.ClientPICSProductInfoResponse)
			return;
		client.parts++;
		const body = Schema.CMsgClientPICSProductInfoResponse.decode(buffer.subarray(8 + buffer.readInt32LE(4)));
		for (const a of body.apps)
			client.seen.set(`app ${a.appid}`, a);
		for (const p of body.packages)
			client.seen.set(`package ${p.packageid}`, p);
	});
	return client;
}

async function logon(client) {
	client.logOn({ anonymous: true });
	await once(client, 'loggedOn');
}

const textOf = (buffer) => VDF.parse(buffer.toString('utf8').replace(/\0$/, '')).appinfo;

async function sameAsWorld(client, info, kind, ids) {
	for (const id of ids) {
		const world = await ask('GET', `/sim/${kind}/${id}`);
		const got = client.seen.get(`${kind} ${id}`);
		assert.ok(got, `${kind} ${id} did not come`);
		assert.strictEqual(sha1(got.buffer), sha1(world), `${kind} ${id}: other bytes than the world's`);
		assert.strictEqual(got.size, world.length);
		const inner = kind === 'app' ? world.subarray(0, -1) : world.subarray(4);
		assert.strictEqual(Buffer.from(got.sha).toString('hex'), sha1(inner), `${kind} ${id}: its SHA-1`);
		if (kind === 'app') {
			assert.deepStrictEqual(info.apps[id].appinfo, textOf(world));
			assert.strictEqual(info.apps[id].appinfo.appid, String(id));
		} else {
			assert.deepStrictEqual(info.packages[id].packageinfo, BinaryKV.parse(world)[id]);
			assert.strictEqual(info.packages[id].packageinfo.packageid, id);
		}
	}
}

async function products(client) {
	const info = await client.getProductInfo([440, 480, 999999], [0, 90001, 777], true);
	await sameAsWorld(client, info, 'app', [440, 480]);
	await sameAsWorld(client, info, 'package', [0, 90001]);
	assert.strictEqual(info.apps[440].appinfo.common.name, 'Team Fortress 2');
	assert.strictEqual(info.apps[480].changenumber, 24483107);
	assert.strictEqual(Buffer.from(client.seen.get('app 480').sha).toString('hex'), '71055fab92d9008e56bcd86c66681062c8285bd1');
	assert.strictEqual(Buffer.from(client.seen.get('package 0').sha).toString('hex'), '0a408802ecd08f4a9e1af122938c589e2c2aab6c');
	ok('apps 440 and 480, packages 0 and 90001 are the bytes of the world, and of Steam');
	assert.deepStrictEqual(info.unknownApps, [999999]);
	assert.deepStrictEqual(info.unknownPackages, [777]);
	ok('ids that do not exist come back as unknown');
}

async function generated(client) {
	const before = await ledger();
	client.parts = 0;
	const plain = await client.getProductInfo(GENERATED, [], false);
	const missing = GENERATED.filter((id) => plain.apps[id].missingToken);
	assert.strictEqual(missing.length, 10);
	assert.deepStrictEqual(plain.apps[missing[0]].appinfo, { appid: String(missing[0]), public_only: '1' });
	assert.ok(client.parts > 3, `${client.parts} parts`);
	ok(`200 generated apps came in ${client.parts} parts; 10 of them want a token`);
	const whole = await client.getProductInfo(GENERATED, [], true);
	assert.strictEqual(GENERATED.filter((id) => whole.apps[id].missingToken).length, 0);
	await sameAsWorld(client, whole, 'app', GENERATED);
	const sizes = GENERATED.map((id) => client.seen.get(`app ${id}`).size);
	assert.ok(Math.min(...sizes) >= 2048 && Math.max(...sizes) > 50000);
	ok('with tokens all 200 are whole, and the bytes of the world');
	const after = await ledger();
	assert.strictEqual(after.requests.tokens - before.requests.tokens, 1);
	assert.strictEqual(after.requests.product_info - before.requests.product_info, 3);
	assert.strictEqual(after.apps[missing[0]].full, 3);
	assert.strictEqual(after.apps[100000].full, 2);
	ok('the ledger has counted each request and each app');
}

async function changes(client) {
	const start = (await ledger()).change_number;
	await ask('POST', '/sim/changes?apps=440,100007&what=build');
	await ask('POST', '/sim/changes?apps=440&packages=0');
	const now = (await ledger()).change_number;
	const got = await client.getProductChanges(start);
	assert.strictEqual(got.currentChangeNumber, now);
	assert.strictEqual(now, start + 4);
	const apps = got.appChanges.map((c) => [c.appid, c.change_number]).sort();
	assert.deepStrictEqual(apps, [[100007, start + 2], [440, start + 3]]);
	assert.deepStrictEqual(got.packageChanges.map((c) => [c.packageid, c.change_number]), [[0, start + 4]]);
	ok('changes since: the newest number of each, once');
	const info = await client.getProductInfo([440, 100007], [], false);
	await sameAsWorld(client, info, 'app', [440, 100007]);
	assert.strictEqual(info.apps[440].changenumber, start + 3);
	assert.ok(Number(info.apps[440].appinfo.depots.branches.public.buildid) >= 1);
	ok('a changed app has its new bytes and its new number');
	const none = await client.getProductChanges(now);
	assert.deepStrictEqual([none.currentChangeNumber, none.appChanges.length], [now, 0]);
	const old = await client.getProductChanges(1);
	assert.deepStrictEqual([old.currentChangeNumber, old.appChanges.length], [now, 0]);
	ok('nothing new is an empty list, and so is what is too long ago');
}

async function heartbeats(client) {
	const before = await ledger();
	await new Promise((resolve) => setTimeout(resolve, 4000)); // four paces of heartbeat, and more than the simulator's patience
	const after = await ledger();
	assert.ok(after.requests.heartbeat > before.requests.heartbeat);
	assert.strictEqual(after.sessions, 1);
	assert.strictEqual(after.kicked, before.kicked);
	ok('heartbeats keep the session');
}

async function goodbye(client) {
	const gone = once(client, 'disconnected');
	client.logOff();
	await gone;
	const l = await ledger();
	assert.deepStrictEqual([l.sessions, l.requests.logoff, l.malformed], [0, 1, 0]);
	ok('logged off');
}

async function faults() {
	await ask('POST', '/sim/reset');
	await ask('POST', '/sim/faults', 'logon@1:eresult=84\nproduct_info@1:cm_drop\ndirectory@1:latency=50');
	const refused = newClient();
	refused.logOn({ anonymous: true });
	const e = await once(refused, 'error').then((x) => x);
	assert.strictEqual(e.eresult, SteamUser.EResult.RateLimitExceeded);
	ok('a logon that is refused by a fault');
	const dropped = newClient({ autoRelogin: false });
	await logon(dropped);
	const gone = new Promise((resolve) => dropped.once('error', resolve));
	dropped.getProductInfo([440], [], false).catch(() => {});
	assert.strictEqual((await gone).eresult, SteamUser.EResult.NoConnection);
	ok('a connection that is closed by a fault');
	await ask('DELETE', '/sim/faults');
	const l = await ledger();
	assert.deepStrictEqual([l.logons.refused, l.logons.ok, l.faults.length], [1, 1, 0]);
	ok('the ledger has counted both');
	const kicked = newClient();
	await logon(kicked);
	const off = new Promise((resolve) => kicked.once('error', resolve));
	await ask('POST', '/sim/sessions?do=kick&eresult=34');
	assert.strictEqual((await off).eresult, SteamUser.EResult.LogonSessionReplaced);
	ok('a session that is logged off unasked');
}

main(async () => {
	const client = newClient();
	await logon(client);
	assert.strictEqual(client.steamID.type, 10);
	assert.strictEqual(client.steamID.universe, 1);
	assert.strictEqual((await ledger()).sessions, 1);
	ok(`logged on anonymously as ${client.steamID.getSteam3RenderedID()}`);
	await products(client);
	await generated(client);
	await changes(client);
	await heartbeats(client);
	await goodbye(client);
	await faults();
});
