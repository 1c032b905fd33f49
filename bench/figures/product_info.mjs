// Product info of 2,000 apps a second of waiting: our job from POST to its end, and steam-user's getProductInfo from call
// to promise, each on its own anonymous session with the same steamsim.
import { answer, ask } from '../lib/cell.mjs';
import { startFootplate } from '../lib/footplate.mjs';
import { getJob, postJob } from '../lib/jobs.mjs';
import { peer } from '../lib/peers.mjs';
import { startSteamsim, steered, towards } from '../lib/sim.mjs';
import { APPS, writeWorld } from '../lib/world.mjs';

const ENDED = new Set(['succeeded', 'partially_succeeded', 'failed', 'canceled']);
const WAIT_MS = 30_000;

/** One job, from POST to its end, in ms. */
async function ourRound(server) {
	const start = performance.now();
	let { status, body } = await postJob(server, { action: 'pics.product_info', payload: { apps: APPS } }, { headers: { prefer: 'wait=30' } });
	if (status !== 201 && status !== 200) {
		throw new Error(`footplate: the product info job was answered ${status}: ${JSON.stringify(body).slice(0, 500)}`);
	}
	while (!ENDED.has(body.status) && performance.now() - start < WAIT_MS) {
		({ body } = await getJob(server, body.id));
	}
	if (body.status !== 'succeeded') {
		throw new Error(`footplate: the product info job ended ${body.status}: ${JSON.stringify(body).slice(0, 500)}`);
	}
	return performance.now() - start;
}

async function run(cell, { withOurs }) {
	const sim = await startSteamsim(cell, writeWorld);
	const contenders = [];
	if (withOurs) {
		const server = await startFootplate(cell, { agent: true, env: { ...towards(sim), FOOTPLATE_LANES__UNSAFE: 'true', FOOTPLATE_LANES__LIMITS: 'cm.connect=0,cm.login=0,pics.info=0',
			FOOTPLATE_STEAM__PICS_INTERVAL_MS: '0' } });
		contenders.push({ name: 'footplate', ours: true, seconds: 1, round: async () => APPS.length / ((await ourRound(server)) / 1000) });
	}
	const child = cell.node('steam_user', peer('steam_user.cjs'), steered(sim));
	await answer(child);
	contenders.push({
		name: 'npm steam-user', seconds: 1,
		round: async () => {
			const { ms, apps } = await ask(child, { apps: APPS });
			if (apps !== APPS.length) {
				throw new Error(`steam-user: ${apps} apps of ${APPS.length}`);
			}
			return apps / (ms / 1000);
		},
	});
	return { contenders };
}

export const productInfo = {
	title: 'product info of 2,000 apps', unit: 'apps/s', run,
	ratios: [{ name: 'product_info_vs_steam_user', against: 'npm steam-user', target: 5 }],
};
