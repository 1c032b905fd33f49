// Reads of a job by who has limits: key lookup, a rate a minute and a daily quota on each call; and what the three kinds of credentials cost us.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFootplate } from '../lib/footplate.mjs';
import { getJob, proveSameWork, seedJobs } from '../lib/jobs.mjs';
import { startFastifySqlite } from '../lib/peers.mjs';
import { wrk } from '../lib/wrk.mjs';

const SECONDS = 3;
const CONNECTIONS = 64;
const JOBS = 1000;
const PASSWORD = 'four words of a passphrase';

async function post(server, path, body, headers = { authorization: `Bearer ${server.key}` }) {
	const reply = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
	if (reply.status >= 300) {
		throw new Error(`POST ${path} was answered ${reply.status}: ${await reply.text()}`);
	}
	return reply.json();
}

/** The same server, asked with another credential. */
function as(cell, server, name, credential) {
	const keyFile = join(cell.dir, `credential-${name}`);
	writeFileSync(keyFile, `${credential}\n`, { mode: 0o600 });
	return { ...server, key: credential, keyFile };
}

async function limitedKey(cell, server) {
	const made = await post(server, '/v1/api-keys', { name: 'bench', scopes: ['jobs:*', 'watches:read'], rateLimit: 1_000_000, quotaDaily: 1_000_000_000 });
	return as(cell, server, 'limited', made.secret);
}

async function accessToken(cell, server) {
	const person = await post(server, '/v1/users', { login: 'bench', name: 'bench', password: PASSWORD });
	await post(server, '/v1/role-bindings', { subjectId: person.id, role: 'owner' });
	const made = await post(server, '/v1/auth/login', { login: 'bench', password: PASSWORD, kind: 'token' }, {});
	return as(cell, server, 'token', made.accessToken);
}

/** A browser's session: read.lua sends what begins with "cookie " as a Cookie. */
async function sessionCookie(cell, server) {
	const body = JSON.stringify({ login: 'bench', password: PASSWORD, kind: 'cookie' });
	const reply = await fetch(`${server.url}/v1/auth/login`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
	const cookie = reply.headers.getSetCookie().find((line) => line.startsWith('__Host-'));
	if (!reply.ok || !cookie) {
		throw new Error(`a log-on was answered ${reply.status} without a cookie`);
	}
	return as(cell, server, 'cookie', `cookie ${cookie.split(';')[0]}`);
}

async function run(cell, { withOurs }) {
	const contenders = [];
	const add = (name, server, ids, more) => contenders.push({
		name, seconds: SECONDS, ...more,
		round: (seconds) => wrk(cell, { url: server.url, load: 'read', connections: CONNECTIONS, seconds, args: [server.keyFile, ids] }),
	});
	if (withOurs) {
		const server = await startFootplate(cell);
		const limited = await limitedKey(cell, server);
		await proveSameWork('footplate', limited);
		const ids = await seedJobs(server, JOBS, join(cell.dir, 'ids-ours'));
		const token = await accessToken(cell, server);
		const seen = await getJob(token, (await import('node:fs')).readFileSync(ids, 'utf8').split('\n')[0]);
		if (seen.status !== 200) {
			throw new Error(`a token was answered ${seen.status}`);
		}
		add('footplate, limited key', limited, ids, { ours: true });
		add('footplate, key without limits', server, ids, { shown: true });
		add('footplate, access token', token, ids, { shown: true });
		const cookie = await sessionCookie(cell, server);
		const asCookie = await fetch(`${server.url}/v1/auth/me`, { headers: { cookie: cookie.key.slice('cookie '.length) } });
		if (asCookie.status !== 200) {
			throw new Error(`a session was answered ${asCookie.status}`);
		}
		add('footplate, session cookie', cookie, ids, { shown: true });
	}
	const peer = await startFastifySqlite(cell, { limits: true });
	await proveSameWork('fastify', peer);
	add('fastify + rate-limit + quota', peer, await seedJobs(peer, JOBS, join(cell.dir, 'ids-peer')));
	return { contenders };
}

export const authReads = {
	title: `reads of a job with limits, ${CONNECTIONS} connections`, unit: 'reads/s', run,
	ratios: [{ name: 'auth_read_vs_fastify', against: 'fastify + rate-limit + quota', target: 3 }],
};
