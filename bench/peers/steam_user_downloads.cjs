// npm steam-user, unmodified: one anonymous session; each request downloads whole depots into a folder: the manifest by getManifest,
// every file by downloadFile, one after the other, as its documentation shows. Timed until the last file is there and checked.
'use strict';
const { mkdirSync } = require('node:fs');
const { dirname, join } = require('node:path');
const SteamUser = require('steam-user');

const client = new SteamUser({
	dataDirectory: null, enablePicsCache: false, autoRelogin: false, renewRefreshTokens: false,
	protocol: SteamUser.EConnectionProtocol.WebSocket,
});
client.on('error', (error) => {
	console.error(error);
	process.exit(1);
});

async function download({ app, depots, folder }) {
	const before = process.cpuUsage();
	const start = performance.now();
	let bytes = 0;
	for (const { depot, manifest } of depots) {
		const { manifest: listing } = await client.getManifest(app, depot, manifest, 'public');
		for (const file of listing.files) {
			if (file.flags & SteamUser.EDepotFileFlag.Directory) {
				continue;
			}
			const path = join(folder, String(depot), file.filename.replaceAll('\\', '/'));
			mkdirSync(dirname(path), { recursive: true });
			await client.downloadFile(app, depot, file, path);
			bytes += Number(file.size);
		}
	}
	const ms = performance.now() - start;
	const { user, system } = process.cpuUsage(before);
	return { ms, bytes, cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() };
}

client.once('loggedOn', async () => {
	const { serve } = await import('../lib/drive.mjs');
	serve({}, download);
});
client.logOn({ anonymous: true });
