// Megabytes of depot content a second, from encrypted chunks, on one thread: ours and node with native libraries.
import { answer, ask } from '../lib/cell.mjs';
import { program } from '../lib/footplate.mjs';
import { peer } from '../lib/peers.mjs';

const SECONDS = 1;

const chunks = (kind) => async (cell, { withOurs }) => {
	const ours = program('chunks_bench');
	const folder = cell.folder('chunks');
	await cell.run('chunks_bench', ours, ['make', folder]);
	const child = cell.node('chunks', peer('chunks.cjs'), { args: [folder] });
	await answer(child);
	const contenders = withOurs ? [{
		name: 'footplate', ours: true, seconds: SECONDS,
		round: async (seconds) => Number(await cell.run('chunks_bench', ours, ['run', kind, String(seconds), folder])),
	}] : [];
	contenders.push({ name: 'node, native', seconds: SECONDS, round: async (seconds) => (await ask(child, { kind, seconds })).rate });
	return { contenders };
};

const figure = (kind, what) => ({ title: `depot chunks, ${what}`, unit: 'MB/s', run: chunks(kind), ratios: [{ name: `chunks_${kind}`, against: 'node, native' }] });

export const chunksLzma = figure('vz', 'LZMA');
export const chunksZstd = figure('vsz', 'zstd');
export const chunksZip = figure('zip', 'zip');
