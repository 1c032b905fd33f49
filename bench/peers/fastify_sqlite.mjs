// The peer that does our work: Fastify with better-sqlite3, WAL and synchronous=FULL. A create checks the API key by its
// HMAC, looks the Idempotency-Key up, and writes job, task, event, audit record and the stored answer in one transaction,
// which is on disk before 201 leaves. A read checks the key, selects the job and writes JSON. Statements are prepared
// once and answers have schemas, as Fastify's own guide advises: this is the peer at its best, not a strawman.
// With a second argument, "limits", each call also counts against a rate (its own plugin, @fastify/rate-limit, in memory) and a
// daily quota (a row, counted by one conditional UPDATE, WAL and synchronous=NORMAL: the usual way), as a limited key does with us.
// Arguments: the folder of its database, and maybe "limits".
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fastify from 'fastify';
import { serve } from '../lib/drive.mjs';

const folder = process.argv[2];
const limited = process.argv[3] === 'limits';
const pepper = randomBytes(32);
const key = `fp_live_${randomBytes(27).toString('hex').slice(0, 36)}`;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DAY_MS = 86_400_000;

const db = new Database(join(folder, 'peer.db'));
db.pragma('journal_mode = WAL');
db.pragma(`synchronous = ${limited ? 'NORMAL' : 'FULL'}`);
db.pragma('cache_size = -65536');
db.pragma('foreign_keys = ON');
db.exec(`
	CREATE TABLE api_key (hash BLOB PRIMARY KEY, id TEXT NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL, expires_at INTEGER, revoked_at INTEGER) WITHOUT ROWID;
	CREATE TABLE idempotency (tenant TEXT, key TEXT, route TEXT, fingerprint BLOB NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL, expires_at INTEGER NOT NULL,
		PRIMARY KEY (tenant, route, key)) WITHOUT ROWID;
	CREATE TABLE job (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, action TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL, created_by TEXT NOT NULL,
		created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, queued INTEGER NOT NULL, running INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL);
	CREATE TABLE task (id TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES job(id), action TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
		run_at INTEGER NOT NULL, created_at INTEGER NOT NULL);
	CREATE INDEX task_by_job ON task(job);
	CREATE INDEX task_by_state ON task(state, run_at);
	CREATE TABLE event (position INTEGER PRIMARY KEY, type TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL);
	CREATE TABLE audit (position INTEGER PRIMARY KEY, tenant TEXT NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL, subject TEXT NOT NULL, request TEXT NOT NULL, at INTEGER NOT NULL);
`);
db.exec('CREATE TABLE quota (key TEXT, day INTEGER, used INTEGER NOT NULL, most INTEGER NOT NULL, PRIMARY KEY (key, day)) WITHOUT ROWID');
const mac = (secret) => createHmac('sha256', pepper).update(secret).digest();
db.prepare('INSERT INTO api_key VALUES (?, ?, ?, ?, NULL, NULL)').run(mac(key), id('key'), 'main', 'jobs:read jobs:write');
writeFileSync(join(folder, 'peer.key'), `${key}\n`, { mode: 0o600 });

const findKey = db.prepare('SELECT id, tenant, scopes, expires_at, revoked_at FROM api_key WHERE hash = ?');
const findAnswer = db.prepare('SELECT fingerprint, status, answer FROM idempotency WHERE tenant = ? AND route = ? AND key = ?');
const findJob = db.prepare('SELECT id, action, payload, status, created_at, updated_at, queued, running, succeeded, failed FROM job WHERE id = ? AND tenant = ?');
const addAnswer = db.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)');
const addJob = db.prepare("INSERT INTO job VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, 1, 0, 0, 0)");
const addTask = db.prepare("INSERT INTO task VALUES (?, ?, ?, ?, 'queued', 0, ?, ?)");
const addEvent = db.prepare('INSERT INTO event (type, tenant, subject, body, at) VALUES (?, ?, ?, ?, ?)');
const addAudit = db.prepare('INSERT INTO audit (tenant, actor, verb, subject, request, at) VALUES (?, ?, ?, ?, ?, ?)');

const spend = db.prepare('INSERT INTO quota VALUES (?, ?, 1, 1000000000) ON CONFLICT (key, day) DO UPDATE SET used = used + 1 WHERE used < most RETURNING used');

const ROUTE = 'POST /v1/jobs';
const create = db.transaction((caller, idempotencyKey, fingerprint, request) => {
	const before = findAnswer.get(caller.tenant, ROUTE, idempotencyKey);
	if (before) {
		return before.fingerprint.equals(fingerprint) ? before : { status: 422, answer: problem(422, 'idempotency_key_reused') };
	}
	const now = Date.now();
	const job = id('job');
	const payload = JSON.stringify(request.body.payload);
	addJob.run(job, caller.tenant, request.body.action, payload, caller.id, now, now);
	addTask.run(id('task'), job, request.body.action, payload, now, now);
	addEvent.run('job.created', caller.tenant, job, JSON.stringify({ id: job, action: request.body.action, tasks: 1 }), now);
	addAudit.run(caller.tenant, caller.id, 'job.create', job, request.id, now);
	const answer = JSON.stringify(shown({ id: job, action: request.body.action, payload, status: 'queued', created_at: now, updated_at: now, queued: 1, running: 0, succeeded: 0, failed: 0 }));
	addAnswer.run(caller.tenant, idempotencyKey, ROUTE, fingerprint, 201, answer, now + DAY_MS);
	return { status: 201, answer };
});

const app = fastify({ logger: false, genReqId: () => id('req') });
if (limited) {
	await app.register((await import('@fastify/rate-limit')).default, {
		max: 1_000_000, timeWindow: '1 minute', keyGenerator: (request) => request.headers.authorization ?? '', enableDraftSpec: true,
	});
}
app.decorateRequest('caller', null);
app.addHook('onRequest', async (request, reply) => {
	const header = request.headers.authorization ?? '';
	const row = header.startsWith('Bearer ') ? findKey.get(mac(header.slice(7))) : undefined;
	if (!row || row.revoked_at !== null || (row.expires_at !== null && row.expires_at < Date.now())) {
		return reply.code(401).type('application/problem+json').send(problem(401, 'unauthenticated'));
	}
	request.caller = row;
	if (limited && spend.get(row.id, Math.floor(Date.now() / DAY_MS)) === undefined) {
		return reply.code(429).type('application/problem+json').send(problem(429, 'quota_exceeded'));
	}
});

const jobSchema = {
	type: 'object',
	properties: {
		id: { type: 'string' }, action: { type: 'string' }, status: { type: 'string' }, createdAt: { type: 'string' }, updatedAt: { type: 'string' },
		payload: { type: 'object', additionalProperties: true },
		counts: { type: 'object', properties: { queued: { type: 'integer' }, running: { type: 'integer' }, succeeded: { type: 'integer' }, failed: { type: 'integer' } } },
	},
};
const bodySchema = {
	type: 'object', required: ['action', 'payload'], additionalProperties: false,
	properties: { action: { type: 'string', maxLength: 100 }, payload: { type: 'object' } },
};

app.post('/v1/jobs', { schema: { body: bodySchema } }, async (request, reply) => {
	const idempotencyKey = request.headers['idempotency-key'];
	if (!idempotencyKey || idempotencyKey.length > 255) {
		return reply.code(400).type('application/problem+json').send(problem(400, 'idempotency_key_missing'));
	}
	const fingerprint = createHash('sha256').update(JSON.stringify(request.body)).digest();
	const { status, answer } = create.immediate(request.caller, idempotencyKey, fingerprint, request);
	return reply.code(status).type('application/json').send(answer);
});

app.get('/v1/jobs/:id', { schema: { response: { 200: jobSchema } } }, async (request, reply) => {
	const row = findJob.get(request.params.id, request.caller.tenant);
	if (!row) {
		return reply.code(404).type('application/problem+json').send(problem(404, 'not_found'));
	}
	return shown(row);
});

const url = await app.listen({ host: '127.0.0.1', port: 0 });
serve({ url, keyFile: join(folder, 'peer.key') }, () => ({}));

function shown(row) {
	return {
		id: row.id, action: row.action, status: row.status, payload: JSON.parse(row.payload),
		createdAt: new Date(row.created_at).toISOString(), updatedAt: new Date(row.updated_at).toISOString(),
		counts: { queued: row.queued, running: row.running, succeeded: row.succeeded, failed: row.failed },
	};
}

function problem(status, code) {
	return JSON.stringify({ type: `/v1/problems#${code}`, status, code });
}

/** prefix_ and a ULID: 48 bits of time, 80 random bits. */
function id(prefix) {
	const bytes = Buffer.alloc(17);
	bytes.writeUIntBE(Date.now(), 1, 6);
	pool(10).copy(bytes, 7);
	let text = '';
	for (let bit = 6; bit < 136; bit += 5) { // 130 bits, 26 letters; the two highest bits are nought
		const at = bit >> 3;
		text += ALPHABET[(((bytes[at] << 8) | (bytes[at + 1] ?? 0)) >> (11 - (bit & 7))) & 31];
	}
	return `${prefix}_${text}`;
}

/** Random bytes from a block drawn ahead: one system call for many ids. */
function pool(n) {
	pool.at ??= 0;
	if (!pool.block || pool.at + n > pool.block.length) {
		pool.block = randomBytes(8192);
		pool.at = 0;
	}
	pool.at += n;
	return pool.block.subarray(pool.at - n, pool.at);
}
