// BullMQ end to end: this process adds jobs and hears of their end (QueueEvents); a worker process runs them, which do nothing.
// Arguments: port of Redis, jobs at once of the worker.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { executed, serve } from '../lib/drive.mjs';

const [port, concurrency, role] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port) };

if (role === 'worker') {
	const worker = new Worker('executed', async () => ({ at: Date.now() }), { connection, concurrency: Number(concurrency) });
	worker.on('error', (error) => console.error(error));
	await worker.waitUntilReady();
	process.once('disconnect', () => process.exit(0));
	process.send({});
} else {
	const worker = fork(fileURLToPath(import.meta.url), [port, concurrency, 'worker']);
	await new Promise((done) => worker.once('message', done));
	const queue = new Queue('executed', { connection });
	const events = new QueueEvents('executed', { connection });
	await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
	serve({}, (round) => executed(round, () => queue.add('ping', {}), (ended) => {
		events.on('completed', ended);
		return () => events.off('completed', ended);
	}));
}
