// npm steam-session, as it is, against steamsim: three platforms, each kind of Guard, QR codes, tokens and cookies.
'use strict';
const https = require('node:https');
const SteamTotp = require('steam-totp');
const { Key } = require('node-bignumber');
const { EAuthTokenPlatformType, EAuthSessionGuardType, EResult, LoginApprover, LoginSession } = require('steam-session');
const { ask, assert, ledger, main, ok } = require('./sim.cjs');

const CODED = 'AQIDBAUGBwgJCgsMDQ4PEBESExQ=';
const ASKED = 'AgMEBQYHCAkKCwwNDg8QERITFBU=';
const platforms = ['WebBrowser', 'MobileApp', 'SteamClient'];

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

function event(session, name) {
	return new Promise((resolve, reject) => {
		session.once(name, resolve);
		if (name !== 'error')
			session.once('error', reject);
		session.once('timeout', () => reject(new Error('the session timed out')));
	});
}

const newSession = (platform) => new LoginSession(EAuthTokenPlatformType[platform]);

async function refused(promise, eresult) {
	await assert.rejects(promise, (e) => {
		assert.strictEqual(e.eresult, eresult, `${e.message}: ${EResult[e.eresult]}`);
		return true;
	});
}

// The tokens of a session that is through, and the cookies that it gets for them.
async function check(session, platform, name) {
	const audience = { WebBrowser: 'web', MobileApp: 'mobile', SteamClient: 'client' }[platform];
	const refresh = claims(session.refreshToken);
	assert.strictEqual(session.accountName, name);
	assert.strictEqual(refresh.iss, 'steam');
	assert.strictEqual(refresh.sub, session.steamID.getSteamID64());
	for (const aud of [audience, 'derive', 'renew'])
		assert.ok(refresh.aud.includes(aud), `the refresh token is for ${refresh.aud}`);
	const cookies = await session.getWebCookies();
	const secure = cookies.filter((c) => c.startsWith('steamLoginSecure='));
	assert.strictEqual(secure.length, platform === 'WebBrowser' ? 5 : 1);
	assert.ok(cookies.some((c) => c.startsWith('sessionid=')));
	const [id, token] = decodeURIComponent(secure[0].split('=')[1].split(';')[0]).split('||');
	assert.strictEqual(id, session.steamID.getSteamID64());
	assert.ok(!claims(token).aud.includes('derive'));
	if (platform === 'WebBrowser')
		assert.ok(cookies.some((c) => c.startsWith('steamRefresh_steam=')));
	return cookies;
}

async function noGuard(platform) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: 'plain', password: 'plain-pw' });
	assert.strictEqual(start.actionRequired, false);
	await through;
	await check(session, platform, 'plain');
	ok(`${platform}: a password alone, and cookies`);
}

// The encrypted password is a number; where it begins with a zero byte, clients send one byte less.
async function shortPassword() {
	const real = Key.prototype.encrypt;
	Key.prototype.encrypt = function encrypt(text) {
		let sealed;
		do
			sealed = real.call(this, text);
		while (sealed.length === 512);
		return sealed;
	};
	const session = newSession('WebBrowser');
	const through = event(session, 'authenticated');
	await session.startWithCredentials({ accountName: 'plain', password: 'plain-pw' });
	Key.prototype.encrypt = real;
	await through;
	ok('an encrypted password that begins with a zero');
}

async function wrongPassword(platform) {
	await refused(newSession(platform).startWithCredentials({ accountName: 'plain', password: 'wrong' }), EResult.InvalidPassword);
	await refused(newSession(platform).startWithCredentials({ accountName: 'nobody', password: 'wrong' }), EResult.InvalidPassword);
	ok(`${platform}: a wrong password, and an account that does not exist`);
}

async function mailCode(platform) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: 'mailed', password: 'mailed-pw' });
	assert.strictEqual(start.actionRequired, true);
	assert.ok(start.validActions.some((a) => a.type === EAuthSessionGuardType.EmailCode && a.detail));
	await refused(session.submitSteamGuardCode('WRONG'), EResult.InvalidLoginAuthCode);
	await session.submitSteamGuardCode('QW3RT');
	await through;
	await check(session, platform, 'mailed');
	ok(`${platform}: a code by e-mail, the first one wrong`);
}

// No code: a link in an e-mail that somebody clicks on.
async function mailLink(platform) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: 'clicked', password: 'clicked-pw' });
	assert.deepStrictEqual(start.validActions, [{ type: EAuthSessionGuardType.EmailConfirmation }]);
	await ask('POST', '/sim/approve?name=clicked&yes=1');
	await through;
	await check(session, platform, 'clicked');
	ok(`${platform}: a link in an e-mail`);
}

// Who keeps the machine token needs no code the next time.
async function machineToken() {
	const first = newSession('SteamClient');
	const through = event(first, 'authenticated');
	await first.startWithCredentials({ accountName: 'mailed', password: 'mailed-pw', steamGuardCode: 'QW3RT' });
	await through;
	const token = first.steamGuardMachineToken;
	assert.ok(token, 'no machine token came');
	const second = newSession('SteamClient');
	const again = event(second, 'authenticated');
	const start = await second.startWithCredentials({ accountName: 'mailed', password: 'mailed-pw', steamGuardMachineToken: token });
	assert.strictEqual(start.actionRequired, false);
	await again;
	ok('the machine token spares the code');
	// In a browser it is a cookie. This client asks whether its machine is known, but without the cookie: that is shown here.
	const browser = newSession('WebBrowser');
	const third = event(browser, 'authenticated');
	const asked = await browser.startWithCredentials({ accountName: 'mailed', password: 'mailed-pw' });
	assert.deepStrictEqual(asked.validActions.map((a) => a.type), [EAuthSessionGuardType.EmailCode]);
	const { clientId, steamId } = browser._startSessionResponse;
	const show = async (cookie) => JSON.parse(await new Promise((resolve, reject) => {
		const r = https.request('https://login.steampowered.com/jwt/checkdevice', {
			method: 'POST', headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
		}, (answer) => {
			answer.on('data', resolve);
		});
		r.on('error', reject);
		r.end(`clientid=${clientId}&steamid=${steamId}`);
	})).result;
	assert.strictEqual(await show(`steamMachineAuth${steamId}=a.b.c`), EResult.Expired);
	assert.strictEqual(await show(`steamMachineAuth${steamId}=${token}`), EResult.OK);
	browser._doPoll();
	await third;
	ok('a browser shows its machine token');
}

async function deviceCode(platform) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: 'coded', password: 'coded-pw' });
	assert.ok(start.validActions.some((a) => a.type === EAuthSessionGuardType.DeviceCode));
	await refused(session.submitSteamGuardCode('22222'), EResult.TwoFactorCodeMismatch);
	await session.submitSteamGuardCode(SteamTotp.generateAuthCode(CODED));
	await through;
	await check(session, platform, 'coded');
	ok(`${platform}: a code of the authenticator, the first one wrong`);
	return session;
}

async function approverOf(name, password, secret) {
	const session = newSession('MobileApp');
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: name, password, steamGuardCode: SteamTotp.generateAuthCode(secret) });
	if (start.actionRequired)
		await ask('POST', `/sim/approve?name=${name}&yes=1`);
	await through;
	await session.refreshAccessToken();
	return new LoginApprover(session.accessToken, secret);
}

const challengeOf = (session) => `https://s.team/q/1/${session._startSessionResponse.clientId}`;

async function deviceApproval(platform, approver) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const start = await session.startWithCredentials({ accountName: 'coded', password: 'coded-pw' });
	assert.ok(start.validActions.some((a) => a.type === EAuthSessionGuardType.DeviceConfirmation));
	await approver.approveAuthSession({ qrChallengeUrl: challengeOf(session), approve: true });
	await through;
	await check(session, platform, 'coded');
	ok(`${platform}: approved in the app`);
}

async function denied(approver) {
	const session = newSession('WebBrowser');
	const error = event(session, 'error');
	await session.startWithCredentials({ accountName: 'coded', password: 'coded-pw' });
	await approver.approveAuthSession({ qrChallengeUrl: challengeOf(session), approve: false });
	assert.strictEqual((await error).eresult, EResult.FileNotFound);
	ok('denied in the app');
}

async function qr(platform, approver) {
	const session = newSession(platform);
	const through = event(session, 'authenticated');
	const touched = event(session, 'remoteInteraction');
	const start = await session.startWithQR();
	assert.match(start.qrChallengeUrl, /^https:\/\/s\.team\/q\/1\/\d+$/);
	const info = await approver.getAuthSessionInfo(start.qrChallengeUrl);
	assert.strictEqual(info.platformType, EAuthTokenPlatformType[platform]);
	await touched;
	await approver.approveAuthSession({ qrChallengeUrl: start.qrChallengeUrl, approve: true });
	await through;
	await check(session, platform, 'coded');
	ok(`${platform}: a QR code, scanned and approved`);
}

async function wrongSecret(approver) {
	const session = newSession('WebBrowser');
	const start = await session.startWithQR();
	const liar = new LoginApprover(approver.accessToken, ASKED);
	await assert.rejects(liar.approveAuthSession({ qrChallengeUrl: start.qrChallengeUrl, approve: true }));
	session.cancelLoginAttempt();
	ok('an approval with a wrong secret is not taken');
}

async function renewal(session) {
	await session.refreshAccessToken();
	assert.match(claims(session.accessToken).iss, /^r:/);
	const old = session.refreshToken;
	await session.renewRefreshToken();
	assert.strictEqual(claims(session.refreshToken).sub, claims(old).sub);
	ok('an access token, and a renewed refresh token');
}

async function badRefreshToken() {
	const session = newSession('WebBrowser');
	const through = event(session, 'authenticated');
	await session.startWithCredentials({ accountName: 'plain', password: 'plain-pw' });
	await through;
	const other = newSession('WebBrowser');
	const parts = session.refreshToken.split('.');
	other.refreshToken = [parts[0], parts[1], Buffer.alloc(64, 7).toString('base64url')].join('.');
	await assert.rejects(other.getWebCookies());
	ok('a token with a wrong signature gets no cookies');
}

async function throttled() {
	await ask('POST', '/sim/faults', 'auth_begin@*:eresult=84');
	await refused(newSession('WebBrowser').startWithCredentials({ accountName: 'plain', password: 'plain-pw' }), EResult.RateLimitExceeded);
	await ask('DELETE', '/sim/faults');
	ok('a logon that is throttled');
}

main(async () => {
	for (const platform of platforms) {
		await noGuard(platform);
		await wrongPassword(platform);
		await mailCode(platform);
		await mailLink(platform);
	}
	await shortPassword();
	await machineToken();
	let last;
	for (const platform of platforms)
		last = await deviceCode(platform);
	await renewal(last);
	const approver = await approverOf('coded', 'coded-pw', CODED);
	for (const platform of platforms) {
		await deviceApproval(platform, approver);
		await qr(platform, approver);
	}
	await denied(approver);
	await wrongSecret(approver);
	await badRefreshToken();
	await throttled();
	const l = await ledger();
	assert.strictEqual(l.malformed, 0);
	ok('nothing was malformed');
});
