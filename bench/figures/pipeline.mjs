// Chunks through the agent's pipeline, from memory, beside what the same libraries do with the same chunks on all cores when nothing
// else is done; and beside the same with the check of Adler-32 and SHA-1, which the pipeline makes of each chunk.
import { program } from '../lib/footplate.mjs';

const SECONDS = 1;

const pipeline = (kind) => async (cell, { withOurs }) => {
	const bench = program('pipeline_bench');
	const folder = cell.folder('pipeline');
	await cell.run('chunks_bench', program('chunks_bench'), ['make', folder]);
	const by = (name, how, more) => ({ name, seconds: SECONDS, ...more,
		round: async (seconds) => Number(await cell.run('pipeline_bench', bench, [how, kind, String(seconds), folder])) });
	const contenders = [by('all cores', 'ceiling'), by('all cores, checked', 'checked')];
	return { contenders: withOurs ? [by('footplate', 'pipeline', { ours: true }), ...contenders] : contenders };
};

const figure = (kind, what) => ({ title: `chunk pipeline from memory, ${what}`, unit: 'MB/s', run: pipeline(kind), ratios: [
	{ name: `chunk_pipeline_${kind}_vs_ceiling`, against: 'all cores', target: 0.85 },
	{ name: `chunk_pipeline_${kind}_vs_checked`, against: 'all cores, checked' }] });

export const pipelineLzma = figure('vz', 'LZMA');
export const pipelineZstd = figure('vsz', 'zstd');
export const pipelineZip = figure('zip', 'zip');

/** Bytes into tmpfs in Gbit/s, and the memory of a download; each with the worst of what was seen. */
export async function measurePipeline(cell) {
	const bench = program('pipeline_bench');
	const folder = cell.folder('pipeline');
	const shown = {};
	await cell.run('chunks_bench', program('chunks_bench'), ['make', folder]);
	for (const kind of ['vz', 'vsz', 'zip']) {
		shown[`tmpfs_gbit_${kind}`] = Number(await cell.run('pipeline_bench', bench, ['tmpfs', kind, String(SECONDS), folder]));
		shown[`download_mib_${kind}`] = Number(await cell.run('pipeline_bench', bench, ['memory', kind, String(SECONDS), folder]));
	}
	return shown;
}
