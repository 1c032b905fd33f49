// A collector of traces for tests (OTLP/HTTP, JSON and protobuf): `node otlp_sink.cjs READY_FILE`.
// The first POST is answered 503 with Retry-After, the second as a partial success. GET /spans tells what came.
'use strict';
const fs = require('fs');
const http = require('http');

const spans = [];
const seen = { posts: 0, types: [], authorization: null };

// --- protobuf, after opentelemetry-proto: field number -> [name, kind]; a table within is a message
const pair = {};
const value = { 1: ['stringValue', 'text'], 3: ['intValue', 'int'] };
Object.assign(pair, { 1: ['key', 'text'], 2: ['value', value] });
const span = {
	1: ['traceId', 'hex'], 2: ['spanId', 'hex'], 4: ['parentSpanId', 'hex'], 5: ['name', 'text'], 6: ['kind', 'int'],
	7: ['startTimeUnixNano', 'fixed64'], 8: ['endTimeUnixNano', 'fixed64'], 9: ['attributes', pair, 'many'],
	15: ['status', { 3: ['code', 'int'] }],
};
const request = { 1: ['resourceSpans', {
	1: ['resource', { 1: ['attributes', pair, 'many'] }],
	2: ['scopeSpans', { 1: ['scope', { 1: ['name', 'text'], 2: ['version', 'text'] }], 2: ['spans', span, 'many'] }, 'many'],
}, 'many'] };

function varint(b, at) {
	let v = 0n, shift = 0n;
	for (;;) {
		const c = b[at++];
		if (c === undefined) throw new Error('cut');
		v |= BigInt(c & 0x7f) << shift;
		shift += 7n;
		if (c < 0x80) return [v, at];
	}
}

function decode(b, table) {
	const out = {};
	for (const k of Object.keys(table)) if (table[k][2] === 'many') out[table[k][0]] = [];
	for (let at = 0; at < b.length;) {
		let key, v;
		[key, at] = varint(b, at);
		const row = table[Number(key >> 3n)], wire = Number(key & 7n);
		if (!row) throw new Error('unknown field ' + (key >> 3n));
		if (wire === 0) {
			[v, at] = varint(b, at);
			v = Number(BigInt.asIntN(64, v));
		} else if (wire === 1) {
			v = b.readBigUInt64LE(at).toString();
			at += 8;
		} else if (wire === 2) {
			let n;
			[n, at] = varint(b, at);
			const part = b.subarray(at, at + Number(n));
			if (part.length !== Number(n)) throw new Error('cut');
			at += Number(n);
			v = row[1] === 'text' ? part.toString('utf8') : row[1] === 'hex' ? part.toString('hex') : decode(part, row[1]);
		} else throw new Error('wire type ' + wire);
		if (row[2] === 'many') out[row[0]].push(v);
		else out[row[0]] = v;
	}
	return out;
}

function plain(attributes) {
	const out = {};
	for (const a of attributes) out[a.key] = 'stringValue' in a.value ? a.value.stringValue : Number(a.value.intValue);
	return out;
}

function keep(body) {
	for (const r of body.resourceSpans)
		for (const s of r.scopeSpans)
			for (const one of s.spans) {
				if (!/^[0-9a-f]{32}$/.test(one.traceId) || !/^[0-9a-f]{16}$/.test(one.spanId)) throw new Error('ids');
				if (BigInt(one.endTimeUnixNano) < BigInt(one.startTimeUnixNano)) throw new Error('times');
				spans.push({ ...one, attributes: plain(one.attributes), resource: plain(r.resource.attributes) });
			}
}

const server = http.createServer((req, res) => {
	const parts = [];
	req.on('data', (p) => parts.push(p));
	req.on('end', () => {
		if (req.method === 'GET') {
			res.end(JSON.stringify({ ...seen, spans }));
			return;
		}
		const type = req.headers['content-type'], json = type === 'application/json', body = Buffer.concat(parts);
		seen.posts++;
		if (!seen.types.includes(type)) seen.types.push(type);
		seen.authorization = req.headers.authorization || null;
		if (seen.posts === 1) {
			res.writeHead(503, { 'retry-after': '1' });
			res.end();
			return;
		}
		try {
			if (req.url !== '/collect/v1/traces') throw new Error('path');
			keep(json ? JSON.parse(body) : decode(body, request));
		} catch (e) {
			seen.broken = e.message;
		}
		res.setHeader('content-type', type);
		if (seen.posts > 2) res.end(json ? '{}' : undefined);
		else res.end(json ? '{"partialSuccess":{"rejectedSpans":"1"}}' : Buffer.from([0x0a, 2, 0x08, 1]));
	});
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(process.argv[2], String(server.address().port)));
