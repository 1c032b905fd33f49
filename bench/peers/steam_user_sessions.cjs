// npm steam-user, unmodified: as many sessions as it is asked for, each an account of its own, all in this process. Answers with
// how long the logons took and how many there are now.
'use strict';
const SteamUser = require('steam-user');

const AT_ONCE = 20;
const password = process.argv[2];
const clients = [];

function logOn(name) {
	return new Promise((done, fail) => {
		const client = new SteamUser({
			dataDirectory: null, enablePicsCache: false, autoRelogin: false, renewRefreshTokens: false,
			protocol: SteamUser.EConnectionProtocol.WebSocket,
		});
		client.once('loggedOn', () => {
			clients.push(client);
			done();
		});
		client.once('error', fail);
		client.on('steamGuard', () => fail(new Error(`${name}: a Guard code was asked for`)));
		client.logOn({ accountName: name, password });
	});
}

(async () => {
	const { serve } = await import('../lib/drive.mjs');
	serve({}, async ({ names }) => {
		const start = performance.now();
		const left = [...names];
		await Promise.all(Array.from({ length: AT_ONCE }, async () => {
			while (left.length) {
				await logOn(left.shift());
			}
		}));
		global.gc?.();
		return { ms: performance.now() - start, sessions: clients.length };
	});
})();
