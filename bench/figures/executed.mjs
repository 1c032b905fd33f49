// Jobs a second, made one by one by 64 callers, run by a worker, and told of as ended. The work itself is nothing. Ours are made over
// HTTP, each with its own Idempotency-Key; the peers' are made inside their own process.
import { ask } from '../lib/cell.mjs';
import { startFootplate } from '../lib/footplate.mjs';
import { listener, startDriver } from '../lib/peers.mjs';
import { startPostgres } from '../lib/postgres.mjs';
import { startRedis } from '../lib/redis.mjs';
import { wrkCount } from '../lib/wrk.mjs';

const CLIENTS = 64;
const AT_ONCE = 64;
const PER_SECOND = 1000; // jobs of a peer's round, for each second that it should take at least
const SECONDS = 3;

async function ours(cell) {
	const server = await startFootplate(cell, { agent: true });
	const finished = await listener(cell, server);
	return { name: 'footplate', ours: true, seconds: SECONDS, async round(seconds) {
		const start = performance.now();
		const { requests } = await wrkCount(cell, { url: server.url, load: 'create', connections: CLIENTS, seconds, args: [server.keyFile, '{"action":"agent.ping"}'] });
		await ask(finished, { more: requests });
		return requests / ((performance.now() - start) / 1000);
	} };
}

async function run(cell, { withOurs }) {
	const contenders = withOurs ? [await ours(cell)] : [];
	const redis = await startRedis(cell);
	const postgres = await startPostgres(cell);
	for (const [name, driver] of [
		['bullmq', await startDriver(cell, 'executed_bullmq', [redis.port, AT_ONCE])],
		['pg-boss', await startDriver(cell, 'executed_pgboss', [await postgres.database('executed_pgboss'), AT_ONCE])],
		['graphile-worker', await startDriver(cell, 'executed_graphile', [await postgres.database('executed'), AT_ONCE])],
	]) {
		contenders.push({ name, seconds: SECONDS, round: (seconds) => driver.round({ clients: CLIENTS, count: Math.round(seconds * PER_SECOND) }) });
	}
	return { contenders };
}

export const executed = {
	title: `jobs executed, made by ${CLIENTS} clients`, unit: 'jobs/s', run,
	ratios: [{ name: 'executed_vs_bullmq', against: 'bullmq', target: 3 }, { name: 'executed_vs_graphile', against: 'graphile-worker', target: 1.5 }, { name: 'executed_vs_pgboss', against: 'pg-boss' }],
};
