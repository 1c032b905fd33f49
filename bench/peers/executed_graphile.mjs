// graphile-worker end to end: this process adds jobs; a worker process runs them, which do nothing, and says how many are done
// (a job's row is deleted by then). Arguments: connection string, jobs at once of the worker.
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { executed, serve } from '../lib/drive.mjs';

const [connectionString, concurrency, role] = process.argv.slice(2);
const logger = new Logger(() => () => {});

if (role === 'worker') {
	const events = new EventEmitter();
	events.on('job:success', () => process.send(1));
	await run({ connectionString, concurrency: Number(concurrency), maxPoolSize: 32, logger, events, noHandleSignals: true, taskList: { ping: async () => {} } });
	process.once('disconnect', () => process.exit(0));
	process.send({});
} else {
	const utils = await makeWorkerUtils({ connectionString, maxPoolSize: 32, logger });
	await utils.migrate();
	const worker = fork(fileURLToPath(import.meta.url), [connectionString, concurrency, 'worker']);
	await new Promise((done) => worker.once('message', done));
	serve({}, (round) => executed(round, () => utils.addJob('ping', {}), (ended) => {
		worker.on('message', ended);
		return () => worker.off('message', ended);
	}));
}
