// Preloaded for a run over plain TCP. Only Steam has the private half of the key that clients know, so its public half is swapped
// for steamsim's; a run in which that was never done was not over TCP, and fails.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');

const ours = fs.readFileSync(process.env.SIM_TCP_KEY);
const real = crypto.publicEncrypt;
let swapped = 0;
crypto.publicEncrypt = (key, buffer) => {
	const theirs = Buffer.isBuffer(key) || typeof key === 'string'; // passwords are encrypted with a key that is an object
	swapped += theirs;
	return real(theirs ? ours : key, buffer);
};
process.on('exit', (code) => {
	if (code === 0 && swapped === 0) {
		console.log('not ok: no handshake over TCP was seen');
		process.exitCode = 1;
	}
});
