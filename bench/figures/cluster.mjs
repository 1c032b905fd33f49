// Three control planes beside one, on the same PostgreSQL: durable creates and reads of a job a second. All share the machine's cores,
// so this shows what sharing a database costs, not what three machines would give.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startFootplate } from '../lib/footplate.mjs';
import { seedJobs } from '../lib/jobs.mjs';
import { startPostgres } from '../lib/postgres.mjs';
import { wrk } from '../lib/wrk.mjs';

const SECONDS = 3;
const CONNECTIONS = 64;
const JOBS = 500;

async function servers(cell, postgres, n) {
	const env = { DATABASE_URL: await postgres.database(`cluster_${randomUUID().slice(0, 8)}`) };
	const first = await startFootplate(cell, { env });
	const all = [first];
	while (all.length < n) {
		const next = await startFootplate(cell, { env, set: [`data.master_key=${join(first.data, 'master.key')}`] });
		all.push({ ...next, key: first.key, keyFile: first.keyFile });
	}
	return all;
}

const both = (load, args) => async (cell, { withOurs }) => {
	const contenders = [];
	if (withOurs) {
		const postgres = await startPostgres(cell);
		for (const [name, n] of [['one control plane', 1], ['three control planes', 3]]) {
			const all = await servers(cell, postgres, n);
			const more = await args(cell, all[0]);
			contenders.push({ name, ours: n === 3, seconds: SECONDS, async round(seconds) {
				const rates = await Promise.all(all.map(({ url, keyFile }) => wrk(cell, { url, load, connections: Math.ceil(CONNECTIONS / n), seconds, args: [keyFile, ...more] })));
				return rates.reduce((sum, rate) => sum + rate, 0);
			} });
		}
	}
	return { contenders };
};

export const clusterCreates = {
	title: `durable creates on PostgreSQL, ${CONNECTIONS} connections`, unit: 'creates/s', run: both('create', () => []),
	ratios: [{ name: 'cluster_creates_three_vs_one', against: 'one control plane' }],
};

export const clusterReads = {
	title: `authenticated reads on PostgreSQL, ${CONNECTIONS} connections`, unit: 'reads/s',
	run: both('read', async (cell, server) => [await seedJobs(server, JOBS, join(cell.dir, `ids-${randomUUID()}`))]),
	ratios: [{ name: 'cluster_reads_three_vs_one', against: 'one control plane' }],
};
