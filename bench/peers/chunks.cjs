// Decodes depot chunks as a node program with native libraries does: OpenSSL, lzma-native, zstd-napi, zlib. Arguments: the folder
// that chunks_bench made. CommonJS, for lzma-native is.
const { createDecipheriv, createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { inflateRawSync } = require('node:zlib');
const lzma = require('lzma-native');
const zstd = require('zstd-napi');

const folder = process.argv[2];
const key = Buffer.alloc(32, 7);
const chunks = readFileSync(join(folder, 'index'), 'utf8').trim().split('\n').map((line) => {
	const [kind, file, sha, , size] = line.split(' ');
	return { kind, sha, size: Number(size), bytes: readFileSync(join(folder, file)) };
});

function decrypt(bytes) {
	const head = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
	const iv = head.update(bytes.subarray(0, 16));
	const body = createDecipheriv('aes-256-cbc', key, iv);
	return Buffer.concat([body.update(bytes.subarray(16)), body.final()]);
}

/** The old .lzma format: the properties, the size, the bytes. */
function unlzma(box, size) {
	const length = Buffer.alloc(8);
	length.writeUInt32LE(size);
	return new Promise((done) => {
		lzma.LZMA().decompress(Buffer.concat([box.subarray(7, 12), length, box.subarray(12, -10)]), (plain) => done(plain));
	});
}

function unzip(box) {
	const from = 30 + box.readUInt16LE(26) + box.readUInt16LE(28);
	return inflateRawSync(box.subarray(from, from + box.readUInt32LE(18)));
}

const unpack = {
	vz: unlzma,
	vsz: (box) => zstd.decompress(box.subarray(8, -15)),
	zip: unzip,
};

async function round({ kind, seconds }) {
	const of = chunks.filter((chunk) => chunk.kind === kind);
	const start = performance.now();
	let bytes = 0;
	for (let i = 0; performance.now() < start + seconds * 1000; i++) {
		const { sha, size, bytes: sealed } = of[i % of.length];
		const plain = await unpack[kind](decrypt(sealed), size);
		if (createHash('sha1').update(plain).digest('hex') !== sha) {
			throw new Error(`a chunk of kind ${kind} came out wrong`);
		}
		bytes += plain.length;
	}
	return { rate: bytes / 1e6 / ((performance.now() - start) / 1000) };
}

import('../lib/drive.mjs').then(({ serve }) => serve({}, round));
