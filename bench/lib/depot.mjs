// What the depots of a figure are made of: text, numbers that are near each other, and what cannot be packed, in turns of 256 KiB,
// like the files of a game. No two chunks are the same.
import { randomFillSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PART = 256 << 10;
const WORDS = ['depot', 'chunk', 'river', 'stone', 'crowbar', 'signal', 'lambda', 'north'];
const KEYS = ['', ' scale', ' offset', ' colour'];

/** xorshift32: the same numbers in each run. */
function dice(seed) {
	let x = seed * 2654435761 >>> 0 || 1;
	return () => {
		x ^= x << 13;
		x >>>= 0;
		x ^= x >>> 17;
		x ^= x << 5;
		return x >>>= 0;
	};
}

function text(roll) {
	let out = '';
	while (out.length < PART) {
		const r = roll();
		out += `${WORDS[r & 7]}${KEYS[r >> 3 & 3]} = "${(r >> 8) % 1000}"\n`;
	}
	return Buffer.from(out.slice(0, PART), 'latin1');
}

function numbers(roll) {
	const out = Buffer.alloc(PART);
	for (let at = 0, v = roll() >>> 2; at < PART; at += 4, v += roll() % 10) {
		out.writeUInt32LE(v, at);
	}
	return out;
}

const PARTS = [text, numbers, text, () => randomFillSync(Buffer.alloc(PART))];

/** Files of these many MiB in a new folder; `seed` makes them other than those of another folder. */
export function writeDepot(folder, mib, seed) {
	mkdirSync(folder);
	mib.forEach((size, n) => {
		const roll = dice(seed * 1000 + n + 1);
		writeFileSync(join(folder, `part_${seed}_${n}.pak`), Buffer.concat(Array.from({ length: size }, () => PARTS.map((make) => make(roll))).flat()));
	});
}
