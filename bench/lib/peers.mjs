// Starts the peers that are node programs.
import { fileURLToPath } from 'node:url';
import { answer, ask } from './cell.mjs';
import { readKey } from './footplate.mjs';

export const peer = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

export async function startFastifySqlite(cell, { limits = false } = {}) {
	const name = limits ? 'fastify_limits' : 'fastify_sqlite';
	const child = cell.node(name, peer('fastify_sqlite.mjs'), { args: [cell.folder(name), ...(limits ? ['limits'] : [])] });
	const { url, keyFile } = await answer(child);
	return { url, keyFile, key: readKey(keyFile), stop: () => cell.stop(child) };
}

export async function startFastifyPlain(cell) {
	const child = cell.node('fastify_plain', peer('fastify_plain.mjs'));
	const { url } = await answer(child);
	return { url, stop: () => cell.stop(child) };
}

/** A peer that drives itself inside its own process; `round` answers its rate. */
export async function startDriver(cell, name, args) {
	const child = cell.node(name, peer(`${name}.mjs`), { args });
	await answer(child);
	return { round: async (message) => (await ask(child, message)).rate, stop: () => cell.stop(child) };
}

/** Hears of the ends of our jobs: see peers/finished.mjs. */
export async function listener(cell, server) {
	const child = cell.node('finished', peer('finished.mjs'), { args: [server.url, server.keyFile] });
	await answer(child);
	return child;
}
