// npm steam-user, unmodified: one anonymous session over WebSocket; each request is one getProductInfo, timed from the
// call until its promise resolves.
'use strict';
const SteamUser = require('steam-user');

const client = new SteamUser({
	dataDirectory: null, enablePicsCache: false, autoRelogin: false, renewRefreshTokens: false,
	protocol: SteamUser.EConnectionProtocol.WebSocket,
});
client.on('error', (error) => {
	console.error(error);
	process.exit(1);
});
client.once('loggedOn', async () => {
	const { serve } = await import('../lib/drive.mjs');
	serve({}, async ({ apps }) => {
		const start = performance.now();
		const found = await client.getProductInfo(apps, [], false);
		const ms = performance.now() - start;
		return { ms, apps: Object.values(found.apps).filter((app) => app.appinfo).length };
	});
});
client.logOn({ anonymous: true });
