// The one job API that ours and the Fastify peer both have, used by hand: to prove that the two do the same work before
// they are measured, and to lay jobs down for the reads.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';

export async function postJob({ url, key }, body, { idempotencyKey = `seed-${randomUUID()}`, headers = {} } = {}) {
	const reply = await fetch(`${url}/v1/jobs`, {
		method: 'POST', body: JSON.stringify(body),
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotencyKey, ...headers },
	});
	return { status: reply.status, body: await reply.json() };
}

export async function getJob({ url, key }, id) {
	const reply = await fetch(`${url}/v1/jobs/${id}`, { headers: key ? { authorization: `Bearer ${key}` } : {} });
	return { status: reply.status, body: await reply.json() };
}

const ONE_APP = { action: 'pics.product_info', payload: { apps: [440] } };

/** Throws unless the server creates once a key, refuses a changed body and a wrong key, and reads back what it made. */
export async function proveSameWork(name, server) {
	const must = (what, ok, seen) => {
		if (!ok) {
			throw new Error(`${name}: ${what}: ${JSON.stringify(seen)}`);
		}
	};
	const once = { idempotencyKey: `prove-${randomUUID()}` };
	const made = await postJob(server, ONE_APP, once);
	must('a create answers 201 with an id', made.status === 201 && typeof made.body.id === 'string', made);
	const again = await postJob(server, ONE_APP, once);
	must('the same key gives the same job', again.status === 201 && again.body.id === made.body.id, again);
	const other = await postJob(server, { action: 'pics.product_info', payload: { apps: [570] } }, once);
	must('the same key with another body is refused', other.status === 422, other);
	const read = await getJob(server, made.body.id);
	must('a read gives the job', read.status === 200 && read.body.id === made.body.id && read.body.action === ONE_APP.action, read);
	const stranger = await getJob({ url: server.url, key: 'fp_live_wrong' }, made.body.id);
	must('a wrong key is refused', stranger.status === 401, stranger);
}

/** Makes `n` jobs and writes their ids, one a line, for load/read.lua. */
export async function seedJobs(server, n, file) {
	const ids = [];
	await Promise.all(Array.from({ length: 32 }, async () => {
		while (ids.length < n) {
			const { status, body } = await postJob(server, ONE_APP);
			if (status !== 201) {
				throw new Error(`${server.url}: a seed job was answered ${status}: ${JSON.stringify(body)}`);
			}
			ids.push(body.id);
		}
	}));
	writeFileSync(file, `${ids.slice(0, n).join('\n')}\n`);
	return file;
}
