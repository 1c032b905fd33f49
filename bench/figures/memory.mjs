// Resident memory of ours: an idle control plane, each idle subscriber of its events, and its own agent.
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, ask } from '../lib/cell.mjs';
import { resident, startFootplate } from '../lib/footplate.mjs';
import { peer } from '../lib/peers.mjs';

const SETTLE_MS = 2000;
const SUBSCRIBERS = 1000;

export async function measureMemory(cell) {
	const server = await startFootplate(cell);
	await sleep(SETTLE_MS);
	const idle = resident(server.pid);
	const watchers = cell.node('watchers', peer('watchers.mjs'), { args: [server.url, server.keyFile, SUBSCRIBERS] });
	await answer(watchers);
	await ask(watchers, {});
	await sleep(SETTLE_MS);
	const watched = resident(server.pid);
	await cell.stop(watchers);
	await server.stop();

	const whole = await startFootplate(cell, { agent: true });
	await sleep(SETTLE_MS);
	const withAgent = resident(whole.pid);
	await whole.stop();
	return {
		idle_control_plane: { bytes: idle, limit: 25 * 1024 * 1024, what: 'VmRSS of serve --no-agent, idle' },
		idle_sse_subscriber: { bytes: Math.max(0, Math.round((watched - idle) / SUBSCRIBERS)), limit: 8 * 1024, what: `growth of VmRSS over ${SUBSCRIBERS} idle subscribers, each` },
		agent: { bytes: Math.max(0, withAgent - idle), what: 'VmRSS of serve with its own agent, less the idle control plane' },
	};
}
