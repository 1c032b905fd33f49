// One round of wrk. Only answers of 2xx and 3xx count; a round with others is an error, for its rate would mean nothing.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const script = (name) => fileURLToPath(new URL(`../load/${name}.lua`, import.meta.url));

export async function wrkCount(cell, { url, load, connections, seconds, args = [] }) {
	const out = await cell.run('wrk', 'wrk', [
		'-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script(load), url, '--', randomUUID().slice(0, 13), ...args,
	]);
	const line = /^RESULT (.*)$/m.exec(out);
	if (!line) {
		throw new Error(`wrk gave no result for ${url}\n${out}`);
	}
	const seen = JSON.parse(line[1]);
	const bad = seen.status + seen.connect + seen.read + seen.write + seen.timeout;
	if (bad > 0 || seen.requests === 0) {
		throw new Error(`wrk on ${url}: ${bad} of ${seen.requests} requests failed: ${line[1]}`);
	}
	return seen;
}

/** The same; answers requests a second. */
export async function wrk(cell, what) {
	const seen = await wrkCount(cell, what);
	return seen.requests / (seen.micros / 1e6);
}
