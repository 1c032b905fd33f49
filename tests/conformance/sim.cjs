// What the tests of this folder share: steamsim's controls, and lines of results.
'use strict';
const assert = require('node:assert');
const https = require('node:https');

const port = Number(process.env.SIM_TLS_PORT);

function ask(method, path, body) {
	return new Promise((resolve, reject) => {
		const r = https.request({ host: '127.0.0.1', port, method, path }, (answer) => {
			const parts = [];
			answer.on('data', (p) => parts.push(p));
			answer.on('end', () => {
				const all = Buffer.concat(parts);
				if (answer.statusCode !== 200)
					return reject(new Error(`${method} ${path}: ${answer.statusCode} ${all}`));
				resolve(all);
			});
		});
		r.on('error', reject);
		r.end(body);
	});
}

const ledger = async () => JSON.parse(await ask('GET', '/sim/ledger'));

let count = 0;
function ok(what) {
	console.log(`ok ${++count} ${what}`);
}

// The one place where time is real: whatever hangs ends the run.
setTimeout(() => {
	console.log('not ok: hangs');
	process.exit(1);
}, 120000).unref();

function main(run) {
	process.on('beforeExit', () => {
		console.log('not ok: waits for something that cannot come');
		process.exit(1);
	});
	run().then(
		() => {
			console.log(`1..${count}`);
			process.exit(0);
		},
		(e) => {
			console.log(`not ok ${count + 1} ${e.stack}`);
			process.exit(1);
		},
	);
}

module.exports = { ask, assert, ledger, main, ok };
