// Ours, as `make` builds it, on a free port of 127.0.0.1 with its database in the cell.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = process.env.BENCH_BUILD ?? fileURLToPath(new URL('../../build/', import.meta.url));

export function program(name) {
	const path = [join(BUILD, name), join(BUILD, 'sim', name), join(BUILD, 'bench', name)].find(existsSync);
	if (!path) {
		throw new Error(`${join(BUILD, name)} is not there: build it first (make), or name the build folder in BENCH_BUILD`);
	}
	return path;
}

let count = 0;

export async function startFootplate(cell, { agent = false, env = {}, set = [] } = {}) {
	const home = cell.folder(`footplate-${++count}`);
	const ready = join(home, 'ready.json');
	const child = cell.start('footplate', program('footplate'), [
		'serve', '--data', join(home, 'data'), '--host', '127.0.0.1', '--port', '0', '--ready-file', ready, ...(agent ? [] : ['--no-agent']), ...set.flatMap((one) => ['--set', one]),
	], { env });
	const { url, keyFile } = await cell.readyFile(child, ready);
	return { child, pid: child.pid, data: join(home, 'data'), url, keyFile, key: existsSync(keyFile) ? readKey(keyFile) : null, stop: () => cell.stop(child) };
}

export const readKey = (file) => readFileSync(file, 'utf8').trim();

/** Bytes resident in a process and all it started. */
export function resident(pid) {
	const kib = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
	return children.reduce((sum, child) => sum + resident(child), kib * 1024);
}
