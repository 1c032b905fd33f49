// Event streams beside nginx with nchan: bytes of an idle subscriber, and messages a second to many. Ours are durable events, each
// made by a job that is created; nchan's are kept in its memory. Messages are of the same size.
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, resident, startFootplate } from '../lib/footplate.mjs';
import { startNchan } from '../lib/nchan.mjs';
import { wrkCount } from '../lib/wrk.mjs';

const IDLE = 1000;
const SUBSCRIBERS = 500;
const PUBLISHERS = 32;
const SECONDS = 1; // of publishing; a round ends when every message has come everywhere
const SETTLE_MS = 1500;
let sinks = 0;

const portOf = (server) => new URL(server.url).port;

async function sink(cell, server, path, subscribers) {
	const file = join(cell.dir, `sink-${++sinks}`);
	const child = cell.start('sse_sink', program('sse_sink'), [portOf(server), path, server.keyFile, String(subscribers), file]);
	await cell.until(child, () => existsSync(`${file}.ready`));
	return { child, want: (messages) => writeFileSync(`${file}.want`, String(messages)) };
}

async function fanOut(cell, server, sub, pub, body) {
	const { child, want } = await sink(cell, server, sub, SUBSCRIBERS);
	const start = performance.now();
	const { requests } = await wrkCount(cell, { url: server.url + pub, load: 'publish', connections: PUBLISHERS, seconds: SECONDS, args: [server.keyFile, body] });
	want(requests);
	const { code } = await child.gone;
	if (code !== 0) {
		throw new Error('the subscribers did not get every message');
	}
	return (SUBSCRIBERS * requests) / ((performance.now() - start) / 1000);
}

async function run(cell, { withOurs }) {
	const contenders = [];
	if (withOurs) {
		const server = await startFootplate(cell);
		contenders.push({ name: 'footplate', ours: true, seconds: 0, round: () => fanOut(cell, server, '/v1/events?type=job.created', '/v1/jobs', '{"action":"agent.ping"}') });
	}
	const nchan = await startNchan(cell);
	const message = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'job.created', padding: 'x'.repeat(200) });
	contenders.push({ name: 'nchan', seconds: 0, round: () => fanOut(cell, nchan, '/sub', '/pub', message) });
	return { contenders };
}

export const fanOutFigure = {
	title: `event streams, ${SUBSCRIBERS} subscribers`, unit: 'messages/s', run,
	ratios: [{ name: 'sse_fan_out_vs_nchan', against: 'nchan', target: 5 }],
};

async function perSubscriber(cell, server, path) {
	await sleep(SETTLE_MS);
	const before = resident(server.pid);
	const { child } = await sink(cell, server, path, IDLE);
	await sleep(SETTLE_MS);
	const bytes = (resident(server.pid) - before) / IDLE;
	await cell.stop(child);
	return bytes;
}

export async function measureSubscribers(cell, { withOurs }) {
	const ours = withOurs ? await perSubscriber(cell, await startFootplate(cell), '/v1/events?type=job.created') : null;
	return { ours, peer: await perSubscriber(cell, await startNchan(cell), '/sub') };
}
