// Durable job creates a second, at 1 and at 64 clients.
import { startFootplate } from '../lib/footplate.mjs';
import { proveSameWork } from '../lib/jobs.mjs';
import { startDriver, startFastifySqlite } from '../lib/peers.mjs';
import { startPostgres } from '../lib/postgres.mjs';
import { startRedis } from '../lib/redis.mjs';
import { wrk } from '../lib/wrk.mjs';

const SECONDS = 3;
const POOL = 32; // of 4, 8, 16, 32 and 64 connections this gave both queues their best rate on two cores

const creates = (clients) => async (cell, { withOurs }) => {
	const servers = withOurs ? [['footplate', await startFootplate(cell)]] : [];
	servers.push(['fastify + better-sqlite3', await startFastifySqlite(cell)]);
	const postgres = await startPostgres(cell);
	const redis = await startRedis(cell);
	const drivers = [
		['bullmq', await startDriver(cell, 'bullmq', [redis.port])],
		['pg-boss', await startDriver(cell, 'pgboss', [await postgres.database('pgboss'), POOL])],
		['graphile-worker', await startDriver(cell, 'graphile', [await postgres.database('graphile'), POOL])],
	];
	const disk = await startDriver(cell, 'fdatasync', [cell.folder('fdatasync')]);
	for (const [name, server] of servers) {
		await proveSameWork(name, server);
	}
	const contenders = servers.map(([name, { url, keyFile }]) => ({
		name, ours: name === 'footplate', seconds: SECONDS,
		round: (seconds) => wrk(cell, { url, load: 'create', connections: clients, seconds, args: [keyFile] }),
	}));
	contenders.push(...drivers.map(([name, driver]) => ({ name, seconds: SECONDS, round: (seconds) => driver.round({ clients, seconds }) })));
	contenders.push({ name: 'fdatasync of 4 KiB', shown: true, seconds: 1, round: (seconds) => disk.round({ seconds }) });
	return { contenders };
};

export const createsAt1 = {
	title: 'durable job creates, 1 client', unit: 'creates/s', run: creates(1),
	ratios: [
		{ name: 'jobs_create_1', against: 'pg-boss' }, { name: 'enqueue_vs_bullmq', against: 'bullmq', target: 2 },
		{ name: 'enqueue_vs_graphile', against: 'graphile-worker', target: 3 }, { name: 'enqueue_vs_pgboss', against: 'pg-boss', target: 5 },
	],
};

export const createsAt64 = {
	title: 'durable job creates, 64 clients', unit: 'creates/s', run: creates(64),
	ratios: [{ name: 'jobs_create_64', against: 'pg-boss', target: 3 }, { name: 'enqueue64_vs_bullmq', against: 'bullmq', target: 3 }],
};
