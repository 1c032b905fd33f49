// Authenticated reads of one job a second, at 64 connections, over a thousand jobs in turn.
import { join } from 'node:path';
import { startFootplate } from '../lib/footplate.mjs';
import { proveSameWork, seedJobs } from '../lib/jobs.mjs';
import { startNginx } from '../lib/nginx.mjs';
import { startFastifyPlain, startFastifySqlite } from '../lib/peers.mjs';
import { wrk } from '../lib/wrk.mjs';

const SECONDS = 3;
const CONNECTIONS = 64;
const JOBS = 1000;

async function run(cell, { withOurs }) {
	const servers = withOurs ? [['footplate', await startFootplate(cell)]] : [];
	servers.push(['fastify + better-sqlite3', await startFastifySqlite(cell)]);
	const contenders = [];
	for (const [name, server] of servers) {
		await proveSameWork(name, server);
		const ids = await seedJobs(server, JOBS, join(cell.dir, `ids-${contenders.length}`));
		contenders.push({
			name, ours: name === 'footplate', seconds: SECONDS,
			round: (seconds) => wrk(cell, { url: server.url, load: 'read', connections: CONNECTIONS, seconds, args: [server.keyFile, ids] }),
		});
	}
	for (const [name, { url }] of [['plain fastify', await startFastifyPlain(cell)], ['nginx static', await startNginx(cell)]]) {
		contenders.push({ name, shown: true, seconds: SECONDS, round: (seconds) => wrk(cell, { url, load: 'plain', connections: CONNECTIONS, seconds }) });
	}
	return { contenders };
}

export const reads = {
	title: `authenticated reads of a job, ${CONNECTIONS} connections`, unit: 'reads/s', run,
	ratios: [
		{ name: 'reads_vs_fastify', against: 'fastify + better-sqlite3', target: 3 },
		{ name: 'reads_vs_nginx', against: 'nginx static' },
	],
	floors: [{ against: 'plain fastify', target: 1 }],
};
