// npm steam-user, as it is, and footplate fetch the same depots of the same steamsim: the same manifests, the same bytes.
'use strict';
const child = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { logOff, logOn } = require('./account.cjs');
const { assert, ledger, main, ok } = require('./sim.cjs');

const APP = 900;
const DEPOTS = {
	901: { gid: '7617088375292372759', what: 'zip' },
	902: { gid: '7617088375292372760', what: 'LZMA' },
	903: { gid: '7617088375292372761', what: 'zstd' },
	904: { gid: '7617088375292372762', what: 'folders, a link, an empty file, one that is executable' },
	905: { gid: '7617088375292372763', what: 'the same with names that anybody can read' },
};
const DIRECTORY = 64, SYMLINK = 512, EXECUTABLE = 32;

const sha256 = (b) => crypto.createHash('sha256').update(b).digest('hex');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'fp-conformance-'));

// What footplate is told of this Steam; its own settings are not asked for.
function environment() {
	const url = `https://127.0.0.1:${process.env.SIM_TLS_PORT}`;
	const env = { PATH: process.env.PATH, HOME: work, XDG_CACHE_HOME: path.join(work, 'cache') };
	env.FOOTPLATE_STEAM__DIRECTORY_URL = `${url}/ISteamDirectory/GetCMListForConnect/v1/`;
	env.FOOTPLATE_STEAM__CA_FILE = process.env.NODE_EXTRA_CA_CERTS;
	for (const [name, at] of [['API', 'api'], ['COMMUNITY', 'community'], ['STORE', 'store'], ['LOGIN', 'login']])
		env[`FOOTPLATE_STEAM__${name}_URL`] = `${url}/${at}`;
	return env;
}

function run(program, args, how) {
	return new Promise((resolve, reject) => {
		const p = child.execFile(program, args, { encoding: 'buffer', maxBuffer: 1 << 26, ...how }, (e, out, err) =>
			e ? reject(new Error(`${path.basename(program)} ${args.join(' ')}: ${e.message}\n${err}`)) : resolve(out));
		p.stdin.end(how.input);
	});
}

// A server that all `get` of this test ask; the one with --local brings its own.
async function serve(env) {
	const ready = path.join(work, 'ready'), data = path.join(work, 'data');
	const p = child.spawn(process.env.FOOTPLATE, ['serve', '--data', data, '--port', '0', '--ready-file', ready],
		{ env, stdio: ['ignore', fs.openSync(path.join(work, 'log'), 'w'), 'inherit'] });
	for (let i = 0; i < 600 && !(fs.existsSync(ready) && fs.statSync(ready).size); i++) {
		assert.strictEqual(p.exitCode, null, 'footplate did not start');
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	env.FOOTPLATE_SERVER = JSON.parse(fs.readFileSync(ready)).url;
	env.FOOTPLATE_KEY_FILE = path.join(data, 'admin.key');
	return p;
}

const get = (env, what, folder, ...more) => run(process.env.FOOTPLATE, ['get', what, '-C', folder, ...more], { env });

// As both say it, in one order. npm's client leaves encrypted targets of links as they are.
function plain(manifest, links) {
	const { depot_id, gid_manifest, creation_time, cb_disk_original, cb_disk_compressed, unique_chunks } = manifest;
	const files = manifest.files.map((f) => ({
		filename: f.filename,
		size: f.size,
		flags: f.flags,
		sha_filename: f.sha_filename,
		sha_content: f.sha_content,
		linktarget: links ? f.linktarget || null : undefined,
		chunks: f.chunks.map((c) => [c.sha, c.crc, c.offset, c.cb_original, c.cb_compressed].join(' ')).sort(),
	}));
	files.sort((a, b) => (a.filename < b.filename ? -1 : 1));
	return { depot_id, gid_manifest, creation_time, cb_disk_original, cb_disk_compressed, unique_chunks, files };
}

async function sameManifest(client, depot, gid) {
	const raw = await client.getRawManifest(APP, depot, gid, 'public');
	const { key } = await client.getDepotDecryptionKey(APP, depot);
	const ours = JSON.parse(await run(process.env.MANIFEST_PRINT, [key.toString('hex')], { input: raw.manifest }));
	const { manifest } = await client.getManifest(APP, depot, gid, 'public');
	assert.deepStrictEqual(plain(ours, depot === 905), plain(manifest, depot === 905));
	return { manifest, ours };
}

function below(folder, under = '') {
	return fs.readdirSync(path.join(folder, under), { withFileTypes: true }).flatMap((e) => {
		const name = path.join(under, e.name);
		return e.isDirectory() ? [name, ...below(folder, name)] : [name];
	});
}

// Each entry of the manifest is in the folder, as the manifest says and as npm's client downloads it; nothing else is.
async function sameFiles(client, depot, { manifest, ours }, folder) {
	const links = Object.fromEntries(ours.files.map((f) => [f.filename, f.linktarget]));
	let compared = 0;
	for (const f of manifest.files) {
		const at = path.join(folder, f.filename.replaceAll('\\', '/')), st = fs.lstatSync(at);
		assert.strictEqual(st.isDirectory(), (f.flags & DIRECTORY) !== 0, at);
		assert.strictEqual(st.isSymbolicLink(), (f.flags & SYMLINK) !== 0, at);
		if (st.isSymbolicLink())
			assert.strictEqual(fs.readlinkSync(at), links[f.filename]);
		if (!st.isFile())
			continue;
		assert.strictEqual(String(st.size), f.size);
		assert.strictEqual((st.mode & 0o100) !== 0, (f.flags & EXECUTABLE) !== 0, at);
		const theirs = f.size === '0' ? Buffer.alloc(0) : (await client.downloadFile(APP, depot, f)).file;
		assert.strictEqual(sha256(fs.readFileSync(at)), sha256(theirs), at);
		compared++;
	}
	const names = manifest.files.map((f) => f.filename.replaceAll('\\', '/'));
	const folders = names.flatMap((n) => n.split('/').slice(0, -1).map((_, i, all) => all.slice(0, i + 1).join('/')));
	assert.deepStrictEqual(below(folder).sort(), [...new Set([...names, ...folders])].sort());
	return compared;
}

async function same(client, depot, folder, what = DEPOTS[depot].what) {
	const { gid } = DEPOTS[depot];
	const both = await sameManifest(client, Number(depot), gid);
	const n = await sameFiles(client, Number(depot), both, folder);
	assert.ok(n >= 3);
	ok(`${what}: a manifest of ${both.manifest.files.length} entries read alike, ${n} files with equal SHA-256`);
}

main(async () => {
	const env = environment();
	const server = await serve(env);
	try {
		const client = await logOn({ anonymous: true });
		for (const depot of Object.keys(DEPOTS)) {
			const folder = path.join(work, depot);
			await get(env, `steam:${APP}/${depot}:${DEPOTS[depot].gid}`, folder);
			await same(client, depot, folder);
		}
		const local = path.join(work, 'local');
		await get(env, `steam:${APP}/902`, local, '--local');
		await same(client, '902', local, 'LZMA, fetched with --local');
		await logOff(client);
		assert.strictEqual((await ledger()).malformed, 0);
	} finally {
		server.kill('SIGTERM');
		await new Promise((resolve) => server.once('exit', resolve));
		fs.rmSync(work, { recursive: true, force: true });
	}
});
