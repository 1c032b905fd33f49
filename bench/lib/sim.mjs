// A steamsim of one's own, and what an unmodified npm client needs to reach it.
import { join } from 'node:path';
import { program } from './footplate.mjs';
import { peer } from './peers.mjs';

/** `write` makes the world's file; answers where the simulator is and which authority vouches for it. */
export async function startSteamsim(cell, write, args = []) {
	const home = cell.folder('steamsim');
	const world = join(home, 'world');
	const ready = join(home, 'ready');
	write(world, home);
	const child = cell.start('steamsim', program('steamsim'), ['--port', '0', '--ready-file', ready, '--tls-dir', home, '--world', world, ...args]);
	return cell.readyFile(child, ready, (text) => {
		const [, url, caFile] = /^ready (\S+) ca=(\S+)/.exec(text);
		return { url, caFile, pid: child.pid };
	});
}

/** Options of cell.node for a client whose every host name leads to the simulator. */
export const steered = (sim) => ({
	nodeArgs: ['--require', peer('redirect.cjs')],
	env: { NODE_EXTRA_CA_CERTS: sim.caFile, STEAMSIM_PORT: new URL(sim.url).port },
});

/** Environment of our own server for the same simulator. */
export const towards = (sim) => ({ FOOTPLATE_STEAM__DIRECTORY_URL: `${sim.url}/ISteamDirectory/GetCMListForConnect/v1/`, FOOTPLATE_STEAM__CA_FILE: sim.caFile });
