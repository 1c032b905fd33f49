// pg-boss as a producer: callers inside this process send jobs over its pool; each send is one INSERT, committed (and by
// PostgreSQL's defaults flushed) before the call returns. No HTTP, no key, no idempotency record: less work than ours.
// Arguments: connection string, connections of the pool.
import PgBoss from 'pg-boss';
import { hammer, serve } from '../lib/drive.mjs';

const boss = new PgBoss({ connectionString: process.argv[2], max: Number(process.argv[3]), supervise: false, schedule: false });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('pics.product_info');
serve({}, (round) => hammer(round, async () => {
	if (!(await boss.send('pics.product_info', { apps: [440] }))) {
		throw new Error('pg-boss took no job');
	}
}));
