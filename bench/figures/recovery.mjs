// From kill -9 of the worker that holds a job until another worker has it, with everybody's defaults. Once each: the peer takes a minute.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { answer } from '../lib/cell.mjs';
import { startAgent, taskIs } from '../lib/agents.mjs';
import { startFootplate } from '../lib/footplate.mjs';
import { postJob } from '../lib/jobs.mjs';
import { peer } from '../lib/peers.mjs';
import { startRedis } from '../lib/redis.mjs';

const ROUNDS = 5;

/** The agent is stopped before it is given the job, so that the kill finds it with the job in hand. */
async function ours(cell, server, round, kill) {
	const first = await startAgent(cell, server, `${round}-first`);
	first.kill('SIGSTOP');
	const { body: { id } } = await postJob(server, { action: 'agent.ping' });
	await taskIs(server, id, ['leased', 'running']);
	const second = await startAgent(cell, server, `${round}-second`);
	const start = performance.now();
	if (kill) {
		first.kill('SIGKILL');
	}
	const took = (await taskIs(server, id, ['succeeded'])) - start;
	first.kill('SIGKILL');
	second.kill('SIGKILL');
	await Promise.all([first.gone, second.gone]);
	await sleep(200);
	return took;
}

async function bullmq(cell) {
	const redis = await startRedis(cell);
	const queue = new Queue('recovery', { connection: { host: '127.0.0.1', port: redis.port } });
	queue.on('error', () => {});
	const first = cell.node('bullmq-first', peer('bullmq_stalled.mjs'), { args: [redis.port, 'first'] });
	await answer(first);
	const held = answer(first);
	await queue.add('job', {});
	await held;
	const second = cell.node('bullmq-second', peer('bullmq_stalled.mjs'), { args: [redis.port, 'second'] });
	await answer(second);
	const again = answer(second);
	const start = performance.now();
	first.kill('SIGKILL');
	await again;
	const took = performance.now() - start;
	await queue.disconnect();
	return took;
}

export async function measureRecovery(cell, { withOurs }) {
	const peerTook = bullmq(cell);
	const killed = [];
	const silent = [];
	if (withOurs) {
		const server = await startFootplate(cell);
		for (let round = 0; round < ROUNDS; round++) {
			killed.push(await ours(cell, server, `killed-${round}`, true));
			silent.push(await ours(cell, server, `silent-${round}`, false));
		}
	}
	return { killed, silent, peer: await peerTook };
}
