// 2,000 watched titles of a simulated Steam that takes 250 ms for an answer: a poll from POST to its end, by change numbers, whole, and of
// 50 titles whole. With the lanes as they are on the real Steam: one question for product info each 500 ms.
import { setTimeout as sleep } from 'node:timers/promises';
import { startFootplate } from '../lib/footplate.mjs';
import { APPS, writeWorld } from '../lib/world.mjs';
import { startSteamsim } from '../lib/sim.mjs';

const LATENCY_MS = 250;
const WAIT_MS = 120_000;
const LOOK_MS = 10;

async function call({ url, key }, method, path, body) {
	const reply = await fetch(`${url}${path}`, { method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } });
	const said = await reply.json();
	if (!reply.ok) {
		throw new Error(`footplate: ${method} ${path} was answered ${reply.status}: ${JSON.stringify(said).slice(0, 500)}`);
	}
	return said;
}

/** One poll, in ms; every title has to be known. */
async function poll(server, body, titles) {
	const start = performance.now();
	let now = await call(server, 'POST', '/v1/polls', body);
	while (now.status !== 'finished' && performance.now() - start < WAIT_MS) {
		await sleep(LOOK_MS);
		now = await call(server, 'GET', `/v1/polls/${now.id}`);
	}
	const took = performance.now() - start;
	if (now.status !== 'finished' || now.total !== titles || now.unknown > 0) {
		throw new Error(`footplate: a poll of ${titles} titles: ${JSON.stringify(now).slice(0, 500)}`);
	}
	return took;
}

/** What a pass took: { metadata, full, fifty }, each the samples in ms. */
export async function measureUpdates(cell) {
	const sim = await startSteamsim(cell, writeWorld, ['--fault', `product_info@*:latency=${LATENCY_MS}`]);
	const server = await startFootplate(cell, { agent: true, env: { FOOTPLATE_STEAM__DIRECTORY_URL: `${sim.url}/ISteamDirectory/GetCMListForConnect/v1/`, FOOTPLATE_STEAM__CA_FILE: sim.caFile } });
	await call(server, 'POST', '/v1/watches:import', { rows: APPS.map((app) => ({ titleId: String(app), classes: ['*'] })) });
	await poll(server, { mode: 'full' }, APPS.length); // the logon, and what there is to compare with
	const took = { metadata: [], full: [], fifty: [] };
	const fifty = { mode: 'full', selector: { titles: APPS.slice(0, 50).map(String) } };
	for (let round = 0; round < 5; round++) {
		took.metadata.push(await poll(server, { mode: 'metadata' }, APPS.length));
		took.fifty.push(await poll(server, fifty, 50));
	}
	for (let round = 0; round < 2; round++) {
		took.full.push(await poll(server, { mode: 'full' }, APPS.length));
	}
	return took;
}
