// What the tests of accounts share: clients of npm steam-user, and waiting for what they tell.
'use strict';
const crypto = require('node:crypto');
const SteamTotp = require('steam-totp');
const SteamUser = require('steam-user');

// Steam's own time is asked for over HTTP; the simulated Steam runs on the clock of this machine.
const sharedOf = (name) => crypto.createHash('sha1').update(`shared ${name}`).digest('base64');
const codeOf = (name) => SteamTotp.generateAuthCode(sharedOf(name), 0);

const once = (emitter, name, ms = 15000) => new Promise((resolve, reject) => {
	const timer = setTimeout(() => reject(new Error(`no ${name} within ${ms} ms`)), ms);
	emitter.once(name, (...args) => {
		clearTimeout(timer);
		resolve(args);
	});
	if (name !== 'error')
		emitter.once('error', (e) => {
			clearTimeout(timer);
			reject(e);
		});
});

// How this run reaches Steam; see run.sh.
const protocol = SteamUser.EConnectionProtocol[process.env.SIM_TRANSPORT];

function newClient(options) {
	return new SteamUser({ dataDirectory: null, autoRelogin: false, enablePicsCache: false, protocol, ...options });
}

// Logs on; collects what the server tells of itself.
async function logOn(details, options) {
	const client = newClient(options);
	client.told = {};
	for (const name of ['accountInfo', 'emailInfo', 'accountLimitations', 'vacBans', 'wallet', 'licenses', 'gifts',
		'friendsList', 'nicknameList', 'friendsGroupList', 'webSession', 'refreshToken', 'newItems', 'newComments',
		'playingState', 'friendPersonasLoaded', 'steamGuard'])
		client.on(name, (...args) => (client.told[name] ??= args));
	client.logOn(details);
	await once(client, 'loggedOn');
	return client;
}

async function until(what, ready, ms = 15000) {
	const end = Date.now() + ms;
	while (!ready()) {
		if (Date.now() > end)
			throw new Error(`${what} did not come`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

async function logOff(client) {
	const gone = once(client, 'disconnected');
	client.logOff();
	await gone;
}

module.exports = { codeOf, logOff, logOn, newClient, once, protocol, sharedOf, until };
