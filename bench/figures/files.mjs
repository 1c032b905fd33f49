// The file server: MiB a second of one archive that lies in the page cache, ours with key check and database, nginx's without.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFootplate } from '../lib/footplate.mjs';
import { startNginx } from '../lib/nginx.mjs';
import { wrk } from '../lib/wrk.mjs';

const SECONDS = 3;
const CONNECTIONS = 4;
const MIB = 64;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** An artifact whose package is `bytes`: rows and blob as the publisher and the control plane make them. */
async function plant(cell, ours, bytes) {
	const sum = sha256(bytes), content = sha256('a content');
	const folder = join(ours.data, 'artifacts/blobs', sum.slice(0, 2), sum.slice(2, 4));
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, sum), bytes);
	await cell.run('sqlite3', 'sqlite3', ['-cmd', '.timeout 10000', join(ours.data, 'footplate.db'), `
		INSERT INTO contents (id, kind, bytes, files, state, created_at) VALUES ('${content}', 'app', ${bytes.length}, 1, 'whole', 1);
		INSERT INTO content_packages (content_id, format, bytes, sha256) VALUES ('${content}', 'tar', ${bytes.length}, '${sum}');
		INSERT INTO artifacts (id, content_id, package_format, source, state, expires_at, labels, tenant_id, created_by, version, created_at, updated_at)
			VALUES ('art_bench', '${content}', 'tar', '{}', 'ready', 9000000000000, '{}', 'ten_default', 'bench', 1, 1, 1);`]);
	return `${ours.url}/v1/artifacts/art_bench/content`;
}

async function run(cell, { withOurs }) {
	const bytes = randomBytes(MIB << 20);
	const peer = await startNginx(cell);
	writeFileSync(join(peer.www, 'archive.tar'), bytes);
	const servers = [['nginx', new URL('/archive.tar', peer.url).href, '-']];
	if (withOurs) {
		const ours = await startFootplate(cell);
		servers.unshift(['footplate', await plant(cell, ours, bytes), ours.keyFile]);
	}
	for (const [name, url, keyFile] of servers) {
		const { readKey } = await import('../lib/footplate.mjs');
		const reply = await fetch(url, keyFile === '-' ? {} : { headers: { Authorization: `Bearer ${readKey(keyFile)}` } });
		if (!reply.ok || sha256(Buffer.from(await reply.arrayBuffer())) !== sha256(bytes)) {
			throw new Error(`${name} does not serve the archive`);
		}
	}
	const contenders = servers.map(([name, url, keyFile]) => ({
		name, ours: name === 'footplate', seconds: SECONDS,
		round: async (seconds) => MIB * await wrk(cell, { url, load: 'file', connections: CONNECTIONS, seconds, args: [keyFile] }),
	}));
	return { contenders };
}

export const files = {
	title: `an archive of ${MIB} MiB from the page cache, ${CONNECTIONS} connections`, unit: 'MiB/s', run,
	ratios: [{ name: 'files_vs_nginx', against: 'nginx', target: 0.8 }],
};
