// `make bench`: each figure against its peer in the same run, interleaved, median of five; the table to the terminal, the
// ratios to build/bench.json. ONLY=name runs one ratio (or "memory"); --peers-only measures the peers alone.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authReads } from './figures/auth.mjs';
import { chunksLzma, chunksZip, chunksZstd } from './figures/chunks.mjs';
import { clusterCreates, clusterReads } from './figures/cluster.mjs';
import { createsAt1, createsAt64 } from './figures/creates.mjs';
import { downloadsLzma, downloadsMixed, downloadsZip, downloadsZstd } from './figures/downloads.mjs';
import { executed } from './figures/executed.mjs';
import { files } from './figures/files.mjs';
import { measureMemory } from './figures/memory.mjs';
import { measurePipeline, pipelineLzma, pipelineZip, pipelineZstd } from './figures/pipeline.mjs';
import { productInfo } from './figures/product_info.mjs';
import { reads } from './figures/reads.mjs';
import { measureRecovery } from './figures/recovery.mjs';
import { measureSessions } from './figures/sessions.mjs';
import { fanOutFigure, measureSubscribers } from './figures/streams.mjs';
import { measureUpdates } from './figures/updates.mjs';
import { Cell } from './lib/cell.mjs';
import { interleave, median, number, table } from './lib/stats.mjs';

const FIGURES = [createsAt1, createsAt64, executed, fanOutFigure, clusterCreates, clusterReads, reads, authReads, files, productInfo, downloadsMixed, downloadsLzma, downloadsZstd, downloadsZip, chunksLzma, chunksZstd, chunksZip, pipelineLzma, pipelineZstd, pipelineZip];
const OUT = process.env.BENCH_OUT ?? fileURLToPath(new URL('../build/bench.json', import.meta.url));
const PASSES = { updates_metadata_pass: { of: 'metadata', limit: 2 }, updates_full_pass: { of: 'full', limit: 30 }, updates_fifty: { of: 'fifty', limit: 5 } };
const only = process.env.ONLY ?? '';
const withOurs = !process.argv.includes('--peers-only');

const names = [...FIGURES.flatMap(({ ratios }) => ratios.map(({ name }) => name)), 'memory', 'chunk_pipeline', 'recovery_vs_bullmq', 'sse_memory_vs_nchan', 'session_memory_vs_steam_user', ...Object.keys(PASSES)];
if (only && !names.includes(only)) {
	console.error(`ONLY=${only} is no figure; there are: ${names.join(', ')}`);
	process.exit(2);
}

let cell = null;
let ended = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
	process.once(signal, async () => {
		ended = true;
		await cell?.close();
		process.exit(130);
	});
}
process.on('uncaughtException', (error) => {
	if (!ended) { // what a signal breaks off is not worth a word
		console.error(`bench: ${error.message}`);
		process.exit(1);
	}
});

async function inCell(work) {
	cell = new Cell();
	try {
		return await work(cell);
	} finally {
		await cell.close();
		cell = null;
	}
}

const report = { ratios: {}, shown: {}, memory: {}, machine: { cores: cpus().length, cpu: cpus()[0]?.model ?? '', node: process.version, load: loadavg() } };
const missed = [];

function judge(figure, rows) {
	const ours = rows.find((row) => row.ours);
	if (!ours) {
		return;
	}
	const best = () => rows.filter((row) => !row.ours && !row.shown).sort((a, b) => b.median - a.median)[0];
	for (const { name, against, target } of figure.ratios.filter((ratio) => !only || ratio.name === only)) {
		const other = against ? rows.find((row) => row.name === against) : best();
		const ratio = ours.median / other.median;
		report.ratios[name] = { ratio: Number(ratio.toFixed(3)), ours: Math.round(ours.median), peer: Math.round(other.median), unit: figure.unit, against: other.name };
		verdict(`${name}: ${ratio.toFixed(2)} × ${other.name}`, target === undefined ? null : ratio >= target, target && `target ≥ ${target} ×`);
	}
	for (const { against, target } of figure.floors ?? []) {
		const ratio = ours.median / rows.find((row) => row.name === against).median;
		verdict(`${figure.title}: ${ratio.toFixed(2)} × ${against}`, ratio > target, 'target: above');
	}
}

function verdict(line, met, target) {
	console.log(`  ${line}${met === null ? '' : `  (${target}: ${met ? 'met' : 'MISSED'})`}`);
	if (met === false) {
		missed.push(`${line} (${target})`);
	}
}

async function runFigure(figure) {
	await inCell(async (room) => {
		const { contenders, shown } = await figure.run(room, { withOurs });
		const { rows, load } = await interleave(contenders);
		console.log(`\n${figure.title} (${figure.unit}; load average ${load.first.toFixed(2)} before, at most ${load.highest.toFixed(2)})`);
		console.log(table(['', 'min', 'median', 'max'], rows.map((row) => [row.name, number(row.min), number(row.median), number(row.max)])));
		const costs = shown?.() ?? {};
		for (const [name, all] of Object.entries(costs)) {
			console.log(`  ${name}: ${Object.entries(all).map(([what, value]) => `${what}=${value}`).join(' ')}`);
		}
		report.shown[figure.ratios[0].name] = {
			unit: figure.unit, load, costs,
			rows: rows.map(({ name, samples, min, median, max }) => ({ name, min, median, max, samples })),
		};
		judge(figure, rows);
	});
}

async function runMemory() {
	report.memory = await inCell(measureMemory);
	const rows = Object.entries(report.memory);
	console.log('\nresident memory');
	console.log(table(['', 'KiB', 'limit'], rows.map(([name, { bytes, limit }]) => [name, number(bytes / 1024), limit ? number(limit / 1024) : '-'])));
	for (const [name, { bytes, limit }] of rows.filter(([, row]) => row.limit)) {
		verdict(`${name}: ${number(bytes / 1024)} KiB`, bytes <= limit, `target ≤ ${number(limit / 1024)} KiB`);
	}
}

/** A download's memory beside what the agent has anyway, and what reaches a file in memory. */
async function runPipeline() {
	const shown = await inCell(measurePipeline);
	console.log('\na download from memory');
	console.log(table(['', 'vz', 'vsz', 'zip'], ['tmpfs_gbit', 'download_mib'].map((what) => [what, ...['vz', 'vsz', 'zip'].map((kind) => number(shown[`${what}_${kind}`]))])));
	report.shown.chunk_pipeline = shown;
	for (const kind of ['vz', 'vsz', 'zip']) {
		verdict(`memory of a download, ${kind}: ${number(shown[`download_mib_${kind}`])} MiB`, shown[`download_mib_${kind}`] <= 16, 'target ≤ 16 MiB');
	}
}

/** Logged-on sessions: bytes each, and logons per second. */
async function runSessions() {
	const rows = await inCell((room) => measureSessions(room, { withOurs }));
	console.log('\na logged-on session');
	console.log(table(['sessions', 'steam-user KiB', 'ours KiB', 'steam-user logons/s', 'ours logons/s'], rows.map((row) => [String(row.sessions), number(row.peer / 1024),
		row.ours ? number(row.ours / 1024) : '-', number(row.peerPerSecond), row.oursPerSecond ? number(row.oursPerSecond) : '-'])));
	report.shown.session_memory_vs_steam_user = { rows };
	const last = rows.at(-1);
	if (last.ours) {
		const ratio = last.peer / last.ours;
		report.ratios.session_memory_vs_steam_user = { ratio: Number(ratio.toFixed(3)), ours: Math.round(last.ours), peer: Math.round(last.peer), unit: 'bytes', against: 'npm steam-user' };
		verdict(`session_memory_vs_steam_user: ${ratio.toFixed(2)} × less than npm steam-user at ${last.sessions} sessions`, ratio >= 4, 'target ≥ 4 ×');
	}
}

/** Seconds until another worker has the job of one that was killed; of ours also of one that only fell silent. */
async function runRecovery() {
	const { killed, silent, peer } = await inCell((room) => measureRecovery(room, { withOurs }));
	const seconds = (list) => [Math.min(...list), median(list), Math.max(...list)].map((ms) => number(ms / 1000));
	console.log('\na dead worker\'s job runs elsewhere (s)');
	console.log(table(['', 'min', 'median', 'max'], [
		...(withOurs ? [['footplate, agent killed', ...seconds(killed)], ['footplate, agent silent', ...seconds(silent)]] : []),
		['bullmq, worker killed', ...seconds([peer])],
	]));
	report.shown.recovery_vs_bullmq = { killed, silent, peer };
	if (withOurs) {
		const ratio = peer / median(killed);
		report.ratios.recovery_vs_bullmq = { ratio: Number(ratio.toFixed(3)), ours: Math.round(median(killed)), peer: Math.round(peer), unit: 'ms', against: 'bullmq' };
		verdict(`recovery_vs_bullmq: ${ratio.toFixed(1)} × sooner than bullmq`, ratio >= 6, 'target ≥ 6 ×');
	}
}

/** Seconds of a poll of 2,000 watched titles; of 50. */
async function runUpdates() {
	const took = await inCell(measureUpdates);
	const seconds = (list) => [Math.min(...list), median(list), Math.max(...list)].map((ms) => number(ms / 1000));
	console.log('\n2,000 watched titles, 250 ms to each answer (s)');
	console.log(table(['', 'min', 'median', 'max'], Object.entries(PASSES).map(([name, { of }]) => [name, ...seconds(took[of])])));
	for (const [name, { of, limit }] of Object.entries(PASSES)) {
		const middle = median(took[of]) / 1000;
		report.shown[name] = { seconds: Number(middle.toFixed(3)), limit, samples: took[of] };
		verdict(`${name}: ${middle.toFixed(2)} s`, middle <= limit, `target ≤ ${limit} s`);
	}
}

/** Bytes of an idle subscriber of an event stream. */
async function runSubscribers() {
	const { ours, peer } = await inCell((room) => measureSubscribers(room, { withOurs }));
	console.log('\nan idle subscriber of an event stream (KiB)');
	console.log(table(['', 'KiB'], [...(withOurs ? [['footplate', number(ours / 1024)]] : []), ['nchan', number(peer / 1024)]]));
	if (withOurs) {
		const ratio = peer / ours;
		report.ratios.sse_memory_vs_nchan = { ratio: Number(ratio.toFixed(3)), ours: Math.round(ours), peer: Math.round(peer), unit: 'bytes', against: 'nchan' };
		verdict(`sse_memory_vs_nchan: ${ratio.toFixed(2)} × less than nchan`, ratio >= 5, 'target ≥ 5 ×');
	}
}

const start = performance.now();
for (const figure of FIGURES) {
	if (!only || figure.ratios.some(({ name }) => name === only)) {
		await runFigure(figure);
	}
}
if (withOurs && (!only || only === 'memory')) {
	await runMemory();
}
if (withOurs && (!only || only === 'chunk_pipeline')) {
	await runPipeline();
}
if (withOurs && (!only || only in PASSES)) {
	await runUpdates();
}
if (!only || only === 'session_memory_vs_steam_user') {
	await runSessions();
}
if (!only || only === 'sse_memory_vs_nchan') {
	await runSubscribers();
}
if (!only || only === 'recovery_vs_bullmq') {
	await runRecovery();
}
report.seconds = Math.round((performance.now() - start) / 1000);
if (withOurs) {
	mkdirSync(dirname(OUT), { recursive: true });
	writeFileSync(OUT, `${JSON.stringify(report, null, 2)}\n`);
}
const sum = missed.length ? `missed:\n  ${missed.join('\n  ')}` : withOurs ? 'every target met' : 'the peers alone';
console.log(`\n${report.seconds} s; ${sum}`);
