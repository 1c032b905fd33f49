// The child's end of lib/cell.mjs: a node program of the bench says when it is ready, answers the runner's requests one
// at a time, and leaves when the runner is gone.
export function serve(ready, handle) {
	process.once('disconnect', () => process.exit(0));
	process.once('SIGTERM', () => process.exit(0));
	process.on('message', async (message) => {
		try {
			process.send(await handle(message));
		} catch (error) {
			process.send({ error: error.stack ?? String(error) });
		}
	});
	process.send(ready);
}

/** `clients` callers repeat `once` for `seconds`; answers how many calls ended per second. */
export async function hammer({ clients, seconds }, once) {
	const start = performance.now();
	const end = start + seconds * 1000;
	let count = 0;
	await Promise.all(Array.from({ length: clients }, async () => {
		while (performance.now() < end) {
			await once();
			count++;
		}
	}));
	return { rate: count / ((performance.now() - start) / 1000) };
}

/** `clients` callers make `count` jobs by `create`; answers how many a second were made, run and told of as ended. */
export async function executed({ clients, count }, create, listen) {
	let left = count;
	let over;
	const all = new Promise((done) => { over = done; });
	const unlisten = listen(() => {
		if (--left === 0) {
			over();
		}
	});
	const start = performance.now();
	let next = 0;
	await Promise.all(Array.from({ length: clients }, async () => {
		while (next++ < count) {
			await create();
		}
	}));
	await all;
	unlisten();
	return { rate: count / ((performance.now() - start) / 1000) };
}
