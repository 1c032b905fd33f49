// graphile-worker as a producer: callers inside this process add jobs over its pool; each add is one committed call of
// its add_job function. No HTTP, no key, no idempotency record: less work than ours.
// Arguments: connection string, connections of the pool.
import { Logger, makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { hammer, serve } from '../lib/drive.mjs';

const pgPool = new pg.Pool({ connectionString: process.argv[2], max: Number(process.argv[3]) });
pgPool.on('error', (error) => console.error(error));
const utils = await makeWorkerUtils({ pgPool, logger: new Logger(() => () => {}) });
await utils.migrate();
serve({}, (round) => hammer(round, () => utils.addJob('pics.product_info', { apps: [440] })));
