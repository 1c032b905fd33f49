// Product info of 2,000 apps a second of waiting: our job from POST to its end, and steam-user's getProductInfo from call
// to promise, each on its own anonymous session with the same steamsim.
import { join } from 'node:path';
import { answer, ask } from '../lib/cell.mjs';
import { program, startFootplate } from '../lib/footplate.mjs';
import { getJob, postJob } from '../lib/jobs.mjs';
import { peer } from '../lib/peers.mjs';
import { APPS, writeWorld } from '../lib/world.mjs';

const ENDED = new Set(['succeeded', 'partially_succeeded', 'failed', 'canceled']);
const WAIT_MS = 30_000;

export async function startSteamsim(cell, more = []) {
	const home = cell.folder('steamsim');
	const world = join(home, 'world');
	const ready = join(home, 'ready');
	writeWorld(world);
	const child = cell.start('steamsim', program('steamsim'), ['--port', '0', '--ready-file', ready, '--tls-dir', home, '--world', world, ...more]);
	return cell.readyFile(child, ready, (text) => {
		const [, url, caFile] = /^ready (\S+) ca=(\S+)/.exec(text);
		return { url, caFile };
	});
}

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
	const sim = await startSteamsim(cell);
	const contenders = [];
	if (withOurs) {
		const server = await startFootplate(cell, { agent: true, env: { FOOTPLATE_STEAM__DIRECTORY_URL: `${sim.url}/ISteamDirectory/GetCMListForConnect/v1/`,
			FOOTPLATE_STEAM__CA_FILE: sim.caFile, FOOTPLATE_LANES__UNSAFE: 'true', FOOTPLATE_LANES__LIMITS: 'cm.connect=0,cm.login=0,pics.info=0',
			FOOTPLATE_STEAM__PICS_INTERVAL_MS: '0' } });
		contenders.push({ name: 'footplate', ours: true, seconds: 1, round: async () => APPS.length / ((await ourRound(server)) / 1000) });
	}
	const child = cell.node('steam_user', peer('steam_user.cjs'), {
		nodeArgs: ['--require', peer('redirect.cjs')],
		env: { NODE_EXTRA_CA_CERTS: sim.caFile, STEAMSIM_PORT: new URL(sim.url).port },
	});
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
