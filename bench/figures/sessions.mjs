// What a logged-on session costs: resident memory of our agent and of a node process with steam-user, each before its first session and
// with 200 and 2,000 of them on the same steamsim, TLS included; and how fast both log on when nothing paces them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, ask } from '../lib/cell.mjs';
import { program, resident, startFootplate } from '../lib/footplate.mjs';
import { peer } from '../lib/peers.mjs';

const STEPS = [200, 2000];
const PASSWORD = 'bench-password';
const EGRESS_CAP = 200;
const SETTLE_MS = 3000;
const WAIT_MS = 240_000;
const name = (n) => `bot${String(n + 1).padStart(3, '0')}`;

async function startSim(cell, label) {
	const home = cell.folder(label);
	const world = join(home, 'world');
	const ready = join(home, 'ready');
	writeFileSync(world, `change 5000\naccounts bot ${STEPS.at(-1)} password=${PASSWORD}\n`);
	const child = cell.start(label, program('steamsim'), ['--port', '0', '--ready-file', ready, '--tls-dir', home, '--world', world, '--log-level', 'warn']);
	return cell.readyFile(child, ready, (text) => {
		const [, url, caFile] = /^ready (\S+) ca=(\S+)/.exec(text);
		return { child, url, caFile };
	});
}

async function call(server, method, path, body) {
	const reply = await fetch(server.url + path, {
		method, headers: { authorization: `Bearer ${server.key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
		body: body && JSON.stringify(body),
	});
	if (!reply.ok) {
		throw new Error(`footplate: ${method} ${path}: ${reply.status} ${(await reply.text()).slice(0, 300)}`);
	}
	return reply.status === 204 ? null : reply.json();
}

async function ours(cell) {
	const sim = await startSim(cell, 'sim-ours');
	const server = await startFootplate(cell, { env: { FOOTPLATE_LANES__UNSAFE: 'true', FOOTPLATE_LANES__LIMITS: 'cm.connect=0,cm.login=0,cm.login.account=0' } });
	const region = await call(server, 'POST', '/v1/regions', { name: 'bench' });
	const { token } = await call(server, 'POST', '/v1/agents/enrollments', { regionId: region.id });
	const home = cell.folder('agent');
	writeFileSync(join(home, 'token'), token, { mode: 0o600 });
	const agent = cell.start('agent', program('footplate'), ['agent', 'run', '--server', server.url, '--data', join(home, 'data'), '--token-file', join(home, 'token'), '--log-level', 'warn'], {
		env: { FOOTPLATE_STEAM__DIRECTORY_URL: `${sim.url}/ISteamDirectory/GetCMListForConnect/v1/`, FOOTPLATE_STEAM__CA_FILE: sim.caFile } });
	const ids = [];
	let egress = null;
	for (let n = 0; n < STEPS.at(-1); n++) {
		if (n % EGRESS_CAP === 0) {
			egress = await call(server, 'POST', '/v1/egresses', { name: `bench-${n}`, kind: 'direct', regionId: region.id, hardCap: EGRESS_CAP });
		}
		const { id } = await call(server, 'POST', '/v1/accounts', { login: name(n), egressId: egress.id });
		await call(server, 'PUT', `/v1/accounts/${id}/secrets/password`, { value: PASSWORD });
		ids.push(id);
	}
	await sleep(SETTLE_MS);
	const at = [{ sessions: 0, bytes: resident(agent.pid) }];
	for (const step of STEPS) {
		const from = at.at(-1).sessions;
		const start = performance.now();
		for (const id of ids.slice(from, step)) {
			await call(server, 'PUT', `/v1/accounts/${id}/desired-state`, { mode: 'online' });
		}
		for (let online = 0; online < step;) {
			if (performance.now() - start > WAIT_MS) {
				throw new Error(`footplate: ${online} of ${step} sessions came online`);
			}
			await sleep(100);
			online = await count(server, ids.slice(0, step));
		}
		const ms = performance.now() - start;
		await sleep(SETTLE_MS);
		at.push({ sessions: step, bytes: resident(agent.pid), perSecond: (step - from) / (ms / 1000) });
	}
	await cell.stop(agent);
	await server.stop();
	await cell.stop(sim.child);
	return at;
}

async function count(server, ids) {
	const { items } = await call(server, 'GET', `/v1/accounts?state=online&limit=1`);
	const last = await call(server, 'GET', `/v1/accounts/${ids.at(-1)}/session`);
	if (!items.length || last.state !== 'online') {
		return 0;
	}
	let online = 0;
	for (const id of ids) {
		online += (await call(server, 'GET', `/v1/accounts/${id}/session`)).state === 'online';
	}
	return online;
}

async function theirs(cell) {
	const sim = await startSim(cell, 'sim-theirs');
	const child = cell.node('steam_user_sessions', peer('steam_user_sessions.cjs'), {
		args: [PASSWORD], nodeArgs: ['--expose-gc', '--require', peer('redirect.cjs')],
		env: { NODE_EXTRA_CA_CERTS: sim.caFile, STEAMSIM_PORT: new URL(sim.url).port },
	});
	await answer(child);
	await sleep(SETTLE_MS);
	const at = [{ sessions: 0, bytes: resident(child.pid) }];
	for (const step of STEPS) {
		const from = at.at(-1).sessions;
		const { ms } = await ask(child, { names: Array.from({ length: step - from }, (_, n) => name(from + n)) });
		await sleep(SETTLE_MS);
		at.push({ sessions: step, bytes: resident(child.pid), perSecond: (step - from) / (ms / 1000) });
	}
	await cell.stop(child);
	await cell.stop(sim.child);
	return at;
}

const each = (at, sessions) => (at.find((row) => row.sessions === sessions).bytes - at[0].bytes) / sessions;

export async function measureSessions(cell, { withOurs }) {
	const peers = await theirs(cell);
	const own = withOurs ? await ours(cell) : null;
	return STEPS.map((step) => ({
		sessions: step,
		peer: each(peers, step),
		ours: own && each(own, step),
		peerPerSecond: peers.find((row) => row.sessions === step).perSecond,
		oursPerSecond: own && own.find((row) => row.sessions === step).perSecond,
	}));
}
