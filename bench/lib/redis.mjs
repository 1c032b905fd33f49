// A Redis of the cell's own that flushes every write before it answers (appendfsync always): what "durable" asks of it.
import { createConnection } from 'node:net';
import { freePort } from './cell.mjs';

export async function startRedis(cell) {
	const dir = cell.folder('redis');
	const port = await freePort();
	const child = cell.start('redis', 'redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'yes',
		'--appendfsync', 'always', '--daemonize', 'no', '--maxmemory-policy', 'noeviction']);
	await cell.until(child, () => new Promise((done) => {
		const probe = createConnection(port, '127.0.0.1', () => probe.end(() => done(true))).once('error', () => done(false));
	}));
	return { port, stop: () => cell.stop(child) };
}
