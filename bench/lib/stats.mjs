// Interleaved rounds, their medians, and the table that shows them.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export const ROUNDS = 5;
const REST_MS = 200; // lets the disk's queue of the one run dry before the next begins

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A/B/A/B: every contender once a round, the next round begun by the next contender; a warm-up of each comes first. */
export async function interleave(contenders, { rounds = ROUNDS, warm = true } = {}) {
	const rows = contenders.map(({ name, ours = false, shown = false }) => ({ name, ours, shown, samples: [] }));
	const load = [loadavg()[0]];
	if (warm) {
		for (const { round, seconds } of contenders) {
			await round(Math.min(1, seconds));
		}
	}
	for (let n = 0; n < rounds; n++) {
		for (let k = 0; k < contenders.length; k++) {
			const at = (n + k) % contenders.length;
			rows[at].samples.push(await contenders[at].round(contenders[at].seconds));
			await sleep(REST_MS);
		}
		load.push(loadavg()[0]);
	}
	for (const row of rows) {
		row.median = median(row.samples);
		row.min = Math.min(...row.samples);
		row.max = Math.max(...row.samples);
	}
	return { rows, load: { first: load[0], highest: Math.max(...load) } };
}

export function number(value) {
	if (value === undefined || value === null) {
		return '-';
	}
	return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

export function table(head, rows) {
	const width = head.map((_, at) => Math.max(...[head, ...rows].map((row) => String(row[at]).length)));
	const line = (row) => row.map((cell, at) => (at === 0 ? String(cell).padEnd(width[at]) : String(cell).padStart(width[at]))).join('  ').trimEnd();
	return [line(head), width.map((n) => '-'.repeat(n)).join('  '), ...rows.map(line)].join('\n');
}
