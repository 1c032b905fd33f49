// Event streams beside nginx with nchan: bytes of an idle subscriber, and messages a second to many. Ours are durable events, each
// made by a job that is created; nchan's are kept in its memory.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, resident, startFootplate } from '../lib/footplate.mjs';
import { startNchan } from '../lib/nchan.mjs';

const IDLE = 1000;
const SUBSCRIBERS = 500;
const MESSAGES = 400;
const PUBLISHERS = 16;
const SETTLE_MS = 1500;
let sinks = 0;

const portOf = (server) => new URL(server.url).port;

async function sink(cell, server, path, subscribers, messages) {
	const ready = join(cell.dir, `sink-${++sinks}`);
	const child = cell.start('sse_sink', program('sse_sink'), [portOf(server), path, server.keyFile, String(subscribers), String(messages), ready]);
	await cell.until(child, () => existsSync(ready));
	return child;
}

async function publish(server, path, headers, body) {
	const agent = new Agent({ keepAlive: true, maxSockets: PUBLISHERS });
	const one = () => new Promise((done, fail) => {
		request({ hostname: '127.0.0.1', port: portOf(server), agent, method: 'POST', path, headers: { ...headers(), 'content-length': body.length } }, (reply) => {
			reply.resume().once('end', () => (reply.statusCode < 300 ? done() : fail(new Error(`${path} was answered ${reply.statusCode}`))));
		}).once('error', fail).end(body);
	});
	let left = MESSAGES;
	await Promise.all(Array.from({ length: PUBLISHERS }, async () => {
		while (left-- > 0) {
			await one();
		}
	}));
	agent.destroy();
}

async function fanOut(cell, server, sub, pub, headers, body) {
	const child = await sink(cell, server, sub, SUBSCRIBERS, MESSAGES);
	const start = performance.now();
	await publish(server, pub, headers, body);
	const { code } = await child.gone;
	if (code !== 0) {
		throw new Error('the subscribers did not get every message');
	}
	return (SUBSCRIBERS * MESSAGES) / ((performance.now() - start) / 1000);
}

async function run(cell, { withOurs }) {
	const contenders = [];
	if (withOurs) {
		const server = await startFootplate(cell);
		const headers = () => ({ authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() });
		contenders.push({ name: 'footplate', ours: true, seconds: 0, round: () => fanOut(cell, server, '/v1/events?type=job.created', '/v1/jobs', headers,
			'{"action":"agent.ping"}') });
	}
	const nchan = await startNchan(cell);
	const message = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'job.created', padding: 'x'.repeat(200) });
	contenders.push({ name: 'nchan', seconds: 0, round: () => fanOut(cell, nchan, '/sub', '/pub', () => ({ 'content-type': 'application/json' }), message) });
	return { contenders };
}

export const fanOutFigure = {
	title: `event streams, ${SUBSCRIBERS} subscribers`, unit: 'messages/s', run,
	ratios: [{ name: 'sse_fan_out_vs_nchan', against: 'nchan', target: 5 }],
};

async function perSubscriber(cell, server, path) {
	await sleep(SETTLE_MS);
	const before = resident(server.pid);
	const child = await sink(cell, server, path, IDLE, 1);
	await sleep(SETTLE_MS);
	const bytes = (resident(server.pid) - before) / IDLE;
	await cell.stop(child);
	return bytes;
}

export async function measureSubscribers(cell, { withOurs }) {
	const ours = withOurs ? await perSubscriber(cell, await startFootplate(cell), '/v1/events?type=job.created') : null;
	return { ours, peer: await perSubscriber(cell, await startNchan(cell), '/sub') };
}
