// pg-boss end to end: this process sends jobs; a worker process fetches up to 64 at once, marks them as done and says how many. It asks
// again at once, where pg-boss's own worker polls every half second at best. Arguments: connection string, jobs at once.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import PgBoss from 'pg-boss';
import { executed, serve } from '../lib/drive.mjs';

const [connectionString, atOnce, role] = process.argv.slice(2);
const boss = new PgBoss({ connectionString, max: 32, supervise: false, schedule: false });
boss.on('error', (error) => console.error(error));
await boss.start();

if (role === 'worker') {
	const turn = async () => {
		const jobs = await boss.fetch('executed', { batchSize: Number(atOnce) });
		if (jobs.length > 0) {
			await boss.complete('executed', jobs.map(({ id }) => id));
			process.send(jobs.length);
		}
		setTimeout(turn, jobs.length > 0 ? 0 : 5);
	};
	process.once('disconnect', () => process.exit(0));
	process.send({});
	turn();
} else {
	await boss.createQueue('executed');
	const worker = fork(fileURLToPath(import.meta.url), [connectionString, atOnce, 'worker']);
	await new Promise((done) => worker.once('message', done));
	serve({}, (round) => executed(round, () => boss.send('executed', {}), (ended) => {
		const heard = (n) => {
			for (let i = 0; i < n; i++) {
				ended();
			}
		};
		worker.on('message', heard);
		return () => worker.off('message', heard);
	}));
}
