// BullMQ as a producer: callers inside this process add jobs over one connection to a Redis that flushes every write. No HTTP,
// no key, no idempotency record: less work than ours. Arguments: port of Redis.
import { Queue } from 'bullmq';
import { hammer, serve } from '../lib/drive.mjs';

const queue = new Queue('bench', { connection: { host: '127.0.0.1', port: Number(process.argv[2]) } });
queue.on('error', (error) => console.error(error));
await queue.waitUntilReady();
serve({}, (round) => hammer(round, () => queue.add('pics.product_info', { apps: [440] })));
