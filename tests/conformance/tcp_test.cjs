// npm steam-user, as it is, over plain TCP: the handshake with steamsim's own key, a logon with a code, products, and a message.
// steamsim: --tcp 2 --cms 1
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');

// Only Steam has the private half of the key that the client knows, so its public half is swapped for steamsim's.
const ours = fs.readFileSync(process.env.SIM_TCP_KEY);
const real = crypto.publicEncrypt;
let swapped = 0;
crypto.publicEncrypt = (key, buffer) => {
	swapped += Buffer.isBuffer(key) || typeof key === 'string';
	return real(Buffer.isBuffer(key) || typeof key === 'string' ? ours : key, buffer);
};

const SteamUser = require('steam-user');
const { codeOf, logOff, logOn, once } = require('./account.cjs');
const { assert, ledger, main, ok } = require('./sim.cjs');

const overTcp = { protocol: SteamUser.EConnectionProtocol.TCP };

main(async () => {
	const anonymous = await logOn({ anonymous: true }, overTcp);
	assert.strictEqual(swapped, 1);
	assert.strictEqual((await ledger()).sessions, 1);
	ok('an anonymous logon over TCP');
	const ids = Array.from({ length: 200 }, (_, i) => 100000 + i);
	const info = await anonymous.getProductInfo(ids, [0], true);
	assert.strictEqual(Object.keys(info.apps).length, 200);
	ok('200 products: some megabytes, encrypted');
	await logOff(anonymous);
	const guarded = await logOn({ accountName: 'guarded', password: 'guarded-pass', twoFactorCode: codeOf('guarded') }, overTcp);
	const plain = await logOn({ accountName: 'plain', password: 'plain-pass' }, overTcp);
	const heard = once(guarded.chat, 'friendMessage');
	await plain.chat.sendFriendMessage(guarded.steamID, 'by TCP');
	assert.strictEqual((await heard)[0].message, 'by TCP');
	ok('two accounts, and a message between them');
	await logOff(plain);
	await logOff(guarded);
	const l = await ledger();
	assert.deepStrictEqual([l.sessions, l.malformed, l.kicked], [0, 0, 0]);
	ok('logged off; nothing was malformed');
});
