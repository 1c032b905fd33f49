// A PostgreSQL of the cell's own with its defaults (fsync and synchronous_commit on), reached by its Unix socket, which
// is the quickest way to it.
import { execFileSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './cell.mjs';

const USER = 'postgres';

function binaries() {
	const root = '/usr/lib/postgresql';
	const newest = readdirSync(root).map(Number).filter(Boolean).sort((a, b) => b - a)[0];
	return join(root, String(newest), 'bin');
}

export async function startPostgres(cell) {
	const bin = binaries();
	const home = cell.folder('postgres');
	const root = process.getuid() === 0; // PostgreSQL refuses to run as root
	if (root) {
		const id = (flag) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));
		chownSync(home, id('-u'), id('-g'));
	}
	const user = root ? USER : undefined;
	const data = join(home, 'data');
	await cell.run('initdb', join(bin, 'initdb'), ['-D', data, '-U', USER, '-A', 'trust', '--no-instructions'], { user, cwd: home });
	const port = await freePort();
	const child = cell.start('postgres', join(bin, 'postgres'), [
		'-D', data, '-c', 'listen_addresses=127.0.0.1', '-p', String(port), '-k', home, '-c', 'max_connections=160',
	], { user, cwd: home, stopSignal: 'SIGINT' });
	const ask = ['-h', home, '-p', String(port), '-U', USER];
	await cell.until(child, () => cell.run('pg_isready', join(bin, 'pg_isready'), ask).then(() => true, () => false));
	return {
		stop: () => cell.stop(child),
		async database(name) {
			await cell.run('createdb', join(bin, 'createdb'), [...ask, name]);
			return `postgresql://${USER}@/${name}?host=${encodeURIComponent(home)}&port=${port}`;
		},
	};
}
