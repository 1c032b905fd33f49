// npm steam-user, as it is: keys, free licences, games and wallets, the Workshop, branches with a password, content.
// also: tcp
'use strict';
const crypto = require('node:crypto');
const SteamUser = require('steam-user');
const { codeOf, logOff, logOn, once, until } = require('./account.cjs');
const { ask, assert, main, ok } = require('./sim.cjs');

const { EResult, EPurchaseResult } = SteamUser;
const keys = async () => JSON.parse(await ask('GET', '/sim/keys'));

async function refused(client, key, detail) {
	await assert.rejects(() => client.redeemKey(key), (e) => {
		assert.strictEqual(e.purchaseResultDetails, detail, `${key}: ${e.purchaseResultDetails}`);
		return true;
	});
}

async function redeem(plain) {
	const licences = once(plain, 'licenses');
	const got = await plain.redeemKey('GOOD1-GOOD1-GOOD1');
	assert.deepStrictEqual(got, { purchaseResultDetails: EPurchaseResult.OK ?? 0, packageList: { 90002: 'Package 90002' } });
	assert.deepStrictEqual((await licences)[0].map((l) => l.package_id).sort(), [0, 90001, 90002]);
	ok('a good key: redeemed, and the licences are told anew');
	await refused(plain, 'GOOD1-GOOD1-GOOD1', 9);
	await refused(plain, 'USED1-USED1-USED1', 15);
	await refused(plain, 'HERE1-HERE1-HERE1', 13);
	await refused(plain, 'BASE1-BASE1-BASE1', 24);
	await refused(plain, 'CASH1-CASH1-CASH1', 50);
	await refused(plain, 'NOTAK-EY000-00000', 14);
	ok('keys that are owned, used, for elsewhere, for owners of another, money, and none');
	for (let i = 0; i < 4; i++)
		await refused(plain, `NOTAK-EY000-0000${i}`, 14);
	await refused(plain, 'BATCH-00001', 53);
	await ask('POST', '/sim/clock?advance=3700');
	assert.strictEqual((await plain.redeemKey('BATCH-00001')).packageList[95000], 'Package 95000');
	ok('ten failures, and an hour of rest');
	const ledger = await keys();
	assert.deepStrictEqual([ledger['GOOD1-GOOD1-GOOD1'].usedBy, ledger['GOOD1-GOOD1-GOOD1'].askedAfterEnd], ['plain', 1]);
	assert.strictEqual(ledger['BATCH-00002'].asked, 0);
	ok('the ledger of keys');
}

async function lost(plain) {
	await ask('POST', '/sim/reset');
	await ask('POST', '/sim/faults', 'redeem@1:commit_then_drop\nredeem@2:eresult=2');
	const licences = once(plain, 'licenses');
	plain.redeemKey('BATCH-00003').catch(() => {});
	assert.ok((await licences)[0].some((l) => l.package_id === 95002));
	assert.strictEqual((await keys())['BATCH-00003'].usedBy, 'plain');
	await assert.rejects(() => plain.redeemKey('BATCH-00004'));
	assert.strictEqual((await keys())['BATCH-00004'].asked, 0);
	await ask('DELETE', '/sim/faults');
	ok('an answer that is lost after the deed, and one that stands for no deed');
}

async function free(plain) {
	const licences = once(plain, 'licenses');
	const got = await plain.requestFreeLicense([480, 100150]);
	assert.deepStrictEqual([got.grantedPackageIds, got.grantedAppIds], [[90480], [480]]);
	assert.ok((await licences)[0].some((l) => l.package_id === 90480));
	ok('a free licence; what is not free is left out');
}

async function what_is_told(plain) {
	const games = await plain.getUserOwnedApps(plain.steamID, { includePlayedFreeGames: true });
	const of = Object.fromEntries(games.apps.map((a) => [a.appid, a.playtime_forever]));
	assert.strictEqual(of[100000], 600);
	assert.strictEqual(games.app_count, 150);
	ok('owned games and the time in them');
	const first = await plain.getTradeURL(), second = await plain.changeTradeURL();
	assert.match(first.token, /^[\w-]{8}$/);
	assert.notStrictEqual(first.token, second.token);
	assert.strictEqual((await plain.getTradeURL()).token, second.token);
	ok('the trade token');
	assert.strictEqual((await plain.getPrivacySettings()).privacy_state_ownedgames, 3);
	const { files } = await plain.getPublishedFileDetails(['1001', '1002', '1003', '1004', '9']);
	assert.strictEqual(String(files[1001].hcontent_file), '5550001');
	assert.strictEqual(files[1002].file_url, 'https://cdn.example/ugc/1002');
	assert.deepStrictEqual(files[1003].children.map((c) => String(c.publishedfileid)), ['1001', '1002']);
	assert.deepStrictEqual([files[1004].result, files[9].result], [15, 9]);
	ok('items of the Workshop');
	const branches = await plain.getAppBetaDecryptionKeys(480, 'open-sesame');
	assert.strictEqual(branches.keys.secret.length, 32);
	await assert.rejects(() => plain.getAppBetaDecryptionKeys(480, 'wrong'));
	ok('a branch with a password');
	assert.strictEqual((await plain.getPlayerCount(0)).playerCount, 1);
}

// Every kind of chunk, names that are encrypted and names that are not.
const DEPOTS = { 481: 'zstd', 482: 'LZMA', 483: 'zip', 484: 'zstd, with names that anybody can read' };

async function content(plain) {
	for (const [depot, what] of Object.entries(DEPOTS)) {
		const { manifest } = await plain.getManifest(480, Number(depot), '7001', 'public');
		const files = manifest.files.filter((f) => f.chunks.length).sort((a, b) => b.size - a.size);
		assert.ok(files.length > 1);
		for (const file of files.slice(0, 2)) {
			const got = await plain.downloadFile(480, Number(depot), file);
			assert.strictEqual(got.file.length, Number(file.size));
			assert.strictEqual(crypto.createHash('sha1').update(got.file).digest('hex'), file.sha_content);
		}
		ok(`${what}: a manifest of ${manifest.files.length} files, and two of them with their SHA-1`);
	}
	const { manifest } = await plain.getManifest(480, 481, '7001', 'public');
	await ask('POST', '/sim/faults', 'cdn_chunk@*:cdn_404');
	await assert.rejects(() => plain.downloadFile(480, 481, manifest.files.find((f) => f.chunks.length)));
	await ask('DELETE', '/sim/faults');
	ok('a chunk that is gone');
	await assert.rejects(() => plain.getDepotDecryptionKey(480, 485), (e) => e.eresult === EResult.AccessDenied);
	await assert.rejects(() => plain.getManifest(480, 485, '7001', 'public'), (e) => e.eresult === EResult.AccessDenied);
	const { servers } = await plain.getContentServers(480);
	const { token } = await plain.getCDNAuthToken(480, 481, servers[0].vhost);
	assert.match(token, /^\?__token__=exp=\d+~hmac=[0-9a-f]{40}$/);
	ok('a depot of others, and a token for the content servers');
}

async function withCode() {
	const bot = await logOn({ accountName: 'bot002', password: 'bot-pass', twoFactorCode: codeOf('bot002') });
	await until('licences', () => bot.told.licenses);
	assert.deepStrictEqual(bot.told.licenses[0].map((l) => l.package_id), [0]);
	await refused(bot, 'GOOD1-GOOD1-GOOD1', 15);
	await logOff(bot);
	ok('a key that somebody else has redeemed');
}

main(async () => {
	const plain = await logOn({ accountName: 'plain', password: 'plain-pass' });
	await until('licences', () => plain.told.licenses);
	await redeem(plain);
	await lost(plain);
	await free(plain);
	await what_is_told(plain);
	await content(plain);
	await ask('POST', '/sim/clock?advance=0');
	await ask('POST', '/sim/set?name=bot002&word=guard%3Dnone');
	await withCode();
});
