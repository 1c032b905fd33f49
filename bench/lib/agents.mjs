// Agents of ours in processes of their own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from './footplate.mjs';

const ask = async (server, method, path, body) => {
	const reply = await fetch(server.url + path, {
		method, headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body),
	});
	if (!reply.ok) {
		throw new Error(`${method} ${path} was answered ${reply.status}: ${await reply.text()}`);
	}
	return reply.json();
};

export const get = (server, path) => ask(server, 'GET', path);

async function connected(server) {
	const { items } = await get(server, '/v1/agents?limit=100');
	return items.filter(({ state }) => state === 'connected').map(({ id }) => id);
}

/** Starts an agent and waits until its tunnel is up. */
export async function startAgent(cell, server, name) {
	const { items } = await get(server, '/v1/regions?limit=1');
	const region = items[0] ?? await ask(server, 'POST', '/v1/regions', { name: 'bench' });
	const before = await connected(server);
	const { token } = await ask(server, 'POST', '/v1/agents/enrollments', { regionId: region.id });
	const home = cell.folder(`agent-${name}`);
	writeFileSync(join(home, 'token'), token, { mode: 0o600 });
	const child = cell.start(`agent-${name}`, program('footplate'), ['agent', 'run', '--server', server.url, '--data', join(home, 'data'), '--token-file', join(home, 'token')]);
	await cell.until(child, async () => (await connected(server)).length > before.length);
	return child;
}

/** Waits until the job's one task is in one of these states; answers when that was seen. */
export async function taskIs(server, job, states) {
	for (;;) {
		const { items } = await get(server, `/v1/jobs/${job}/tasks`);
		if (states.includes(items[0]?.status)) {
			return performance.now();
		}
		await sleep(5);
	}
}
