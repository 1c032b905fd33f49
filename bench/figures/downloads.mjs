// Whole depots from the same content servers into files: our download from POST to `ready`, and steam-user's getManifest and
// downloadFile. Each has its session up before. What is written is compared with what the depots were made of.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from '../lib/agents.mjs';
import { answer, ask } from '../lib/cell.mjs';
import { writeDepot } from '../lib/depot.mjs';
import { startFootplate } from '../lib/footplate.mjs';
import { postJob } from '../lib/jobs.mjs';
import { peer } from '../lib/peers.mjs';
import { cpuSeconds, peakBytes } from '../lib/proc.mjs';
import { median } from '../lib/stats.mjs';
import { startSteamsim, steered, towards } from '../lib/sim.mjs';

const APP = 700;
const WAIT_MS = 120_000;
const LOOK_MS = 10;
const ENDED = new Set(['ready', 'failed', 'canceled', 'expired']);
const KINDS = {
	mixed: [['vz', [12, 4]], ['vsz', [24, 8]], ['zip', [12, 4]]],
	vz: [['vz', [24, 8]]],
	vsz: [['vsz', [96, 32]]],
	zip: [['zip', [96, 32]]],
};

/** Every file below a folder, as "size sha", in order of content: names differ by whose folder it is. */
function listing(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
		.map((entry) => readFileSync(join(entry.path ?? entry.parentPath, entry.name)))
		.map((bytes) => `${bytes.length} ${createHash('sha1').update(bytes).digest('hex')}`).sort().join('\n');
}

async function startWorld(cell, kind) {
	const depots = KINDS[kind].map(([of, mib], n) => ({ of, mib, depot: APP + 1 + n, manifest: String(9001 + n) }));
	const home = cell.folder('depots');
	depots.forEach(({ mib, depot }) => writeDepot(join(home, String(depot)), mib, depot));
	const sim = await startSteamsim(cell, (world) => writeFileSync(world, [`change 5000`, ...depots.map(({ of, depot, manifest }) =>
		`depot ${depot} app=${APP} manifest=${manifest} key=auto dir=${join(home, String(depot))} kind=${of}`), ''].join('\n')), ['--plain-port', '0', '--content', '4']);
	return { sim, depots, bytes: depots.flatMap(({ mib }) => mib).reduce((a, b) => a + b) * 2 ** 20, want: listing(home) };
}

function mustBe(name, has, want) {
	if (has !== want) {
		throw new Error(`${name}: other files than the depots are made of`);
	}
}

/** A server that has nothing in its cache, with its session up. */
async function startOurs(cell, sim) {
	const server = await startFootplate(cell, { agent: true, env: { ...towards(sim), FOOTPLATE_LANES__UNSAFE: 'true',
		FOOTPLATE_LANES__LIMITS: 'cm.connect=0,cm.login=0,pics.info=0' } });
	const { body } = await postJob(server, { action: 'pics.changes', payload: { since: 5000 } }, { headers: { prefer: 'wait=30' } });
	if (body.status !== 'succeeded') {
		throw new Error(`footplate: no session: ${JSON.stringify(body)}`);
	}
	return server;
}

async function ourRound(cell, { sim, depots, want, bytes }, keep) {
	const server = await startOurs(cell, sim);
	const before = cpuSeconds(server.pid);
	const start = performance.now();
	const reply = await fetch(`${server.url}/v1/downloads`, {
		method: 'POST', headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'idempotency-key': 'one' },
		body: JSON.stringify({ source: { kind: 'depot', appId: APP, depots: depots.map(({ depot, manifest }) => ({ id: depot, manifest })) }, account: { mode: 'anonymous' } }),
	});
	let body = await reply.json();
	while (!ENDED.has(body.state) && performance.now() - start < WAIT_MS) {
		await sleep(LOOK_MS);
		body = await get(server, `/v1/downloads/${body.id}`);
	}
	const ms = performance.now() - start;
	if (body.state !== 'ready') {
		throw new Error(`footplate: the download is ${body.state}: ${JSON.stringify(body)}`);
	}
	keep({ cpu: cpuSeconds(server.pid) - before, rss: peakBytes(server.pid) });
	const [tree] = readdirSync(join(server.data, 'agent/content'), { recursive: true }).filter((name) => name.endsWith('/tree'));
	mustBe('footplate', listing(join(server.data, 'agent/content', tree)), want);
	await server.stop();
	rmSync(server.data, { recursive: true });
	return bytes / 1e6 / (ms / 1000);
}

async function startPeer(cell, sim) {
	const child = cell.node('steam_user_downloads', peer('steam_user_downloads.cjs'), steered(sim));
	await answer(child);
	return child;
}

let rounds = 0;

async function peerRound(cell, child, { depots, want, bytes }, keep) {
	const folder = cell.folder(`steam-user-${++rounds}`);
	const told = await ask(child, { app: APP, depots: depots.map(({ depot, manifest }) => ({ depot, manifest })), folder });
	keep(told);
	mustBe('steam-user', listing(folder), want);
	rmSync(folder, { recursive: true });
	if (told.bytes !== bytes) {
		throw new Error(`steam-user: ${told.bytes} bytes of ${bytes}`);
	}
	return bytes / 1e6 / (told.ms / 1000);
}

const downloads = (kind) => async (cell, { withOurs }) => {
	const world = await startWorld(cell, kind);
	const child = await startPeer(cell, world.sim);
	const seen = { footplate: [], 'npm steam-user': [], steamsim: [] };
	const contender = (name, round, more) => ({ name, seconds: 1, ...more, round: async () => {
		const before = cpuSeconds(world.sim.pid);
		const rate = await round((costs) => seen[name].push(costs));
		seen.steamsim.push({ cpu: cpuSeconds(world.sim.pid) - before, rss: 0 });
		return rate;
	} });
	const contenders = withOurs ? [contender('footplate', (keep) => ourRound(cell, world, keep), { ours: true })] : [];
	contenders.push(contender('npm steam-user', (keep) => peerRound(cell, child, world, keep)));
	const shown = () => Object.fromEntries(Object.entries(seen).filter(([, all]) => all.length).map(([name, all]) => [name, {
		cpu_seconds_per_gib: Number((median(all.map(({ cpu }) => cpu)) / (world.bytes / 2 ** 30)).toFixed(3)),
		peak_mib: Math.round(Math.max(...all.map(({ rss }) => rss)) / 2 ** 20),
	}]));
	return { contenders, shown };
};

const figure = (kind, what, name) => ({ title: `depots from content servers into files, ${what}`, unit: 'MB/s', run: downloads(kind),
	ratios: [{ name, against: 'npm steam-user', target: 3 }] });

export const downloadsMixed = figure('mixed', 'LZMA, zstd and zip', 'downloads_vs_steam_user');
export const downloadsLzma = figure('vz', 'LZMA', 'downloads_vz_vs_steam_user');
export const downloadsZstd = figure('vsz', 'zstd', 'downloads_vsz_vs_steam_user');
export const downloadsZip = figure('zip', 'zip', 'downloads_zip_vs_steam_user');
