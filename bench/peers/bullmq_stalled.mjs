// BullMQ's worker of the recovery figure, with its own defaults (lock of 30 s, stalled jobs looked for every 30 s). The first worker
// holds its job for ever, the second ends it. Arguments: port of Redis, "first" or "second".
import { Worker } from 'bullmq';

const [port, role] = process.argv.slice(2);
const worker = new Worker('recovery', async () => {
	process.send({ took: true });
	if (role === 'first') {
		await new Promise(() => {});
	}
}, { connection: { host: '127.0.0.1', port: Number(port) } });
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
process.once('disconnect', () => process.exit(0));
process.send({});
