// A cell is one run's room: a temporary folder and every process started in it. Whatever way the run ends, close() ends
// the processes and removes the folder; a process whose runner is killed outright is ended by the kernel (pdeathsig).
import { spawn } from 'node:child_process';
import { closeSync, chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_MS = 60_000;
const STOP_MS = 8_000;

export class Cell {
	constructor() {
		this.dir = mkdtempSync(join(process.env.BENCH_TMPDIR ?? tmpdir(), 'footplate-bench-'));
		chmodSync(this.dir, 0o755); // PostgreSQL runs as its own user and must reach its folder
		this.children = new Set();
		this.started = 0;
		this.closed = false;
	}

	mustBeOpen() {
		if (this.closed) {
			throw new Error('the run was ended'); // a figure that was still starting things when a signal came
		}
	}

	/** A folder of its own inside the cell. */
	folder(name) {
		this.mustBeOpen();
		const path = join(this.dir, name);
		mkdirSync(path, { recursive: true, mode: 0o755 });
		return path;
	}

	/** Starts a program in the foreground; its output goes to a log of the cell unless `pipe` is set. */
	start(name, command, args, { env = {}, user, cwd, ipc = false, pipe = false, stopSignal = 'SIGTERM' } = {}) {
		this.mustBeOpen();
		const log = join(this.dir, `${name}-${++this.started}.log`);
		const fd = openSync(log, 'w');
		const who = user ? ['--reuid', user, '--regid', user, '--clear-groups'] : [];
		const stdio = ['ignore', pipe ? 'pipe' : fd, fd];
		if (ipc) {
			stdio.push('ipc');
		}
		const child = spawn('setpriv', ['--pdeathsig', stopSignal.slice(3), ...who, '--', command, ...args], {
			cwd, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, ...env }, stdio, // nginx lies in /usr/sbin
		});
		closeSync(fd);
		child.label = name;
		child.log = log;
		child.stopSignal = stopSignal;
		child.gone = new Promise((done) => {
			child.once('exit', (code, signal) => done({ code, signal }));
			child.once('error', (error) => done({ code: -1, signal: error.message }));
		});
		this.children.add(child);
		child.gone.then(() => this.children.delete(child));
		return child;
	}

	/** Starts one of the bench's own node programs, which talks over an IPC channel (see lib/drive.mjs). */
	node(name, script, { args = [], env = {}, nodeArgs = [] } = {}) {
		const child = this.start(name, process.execPath, [...nodeArgs, script, ...args], { env, ipc: true });
		child.on('error', () => {});
		return child;
	}

	/** Runs a program to its end and returns what it wrote; throws when it failed. */
	async run(name, command, args, options = {}) {
		const child = this.start(name, command, args, { ...options, pipe: true });
		let out = '';
		child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
		const { code, signal } = await child.gone;
		if (code !== 0) {
			throw new Error(`${name}: ended with ${signal ?? code}\n${out}${tail(child.log)}`);
		}
		return out;
	}

	/** Waits until `look` gives something; ends early, with the log, when the child dies. */
	async until(child, look) {
		let dead = null;
		child.gone.then((how) => { dead = how; });
		for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(20)) {
			if (dead) {
				throw new Error(`${child.label}: ended with ${dead.signal ?? dead.code} before it was ready\n${tail(child.log)}`);
			}
			const found = await look();
			if (found) {
				return found;
			}
		}
		throw new Error(`${child.label}: not ready after ${READY_MS} ms\n${tail(child.log)}`);
	}

	/** The JSON of a ready file, once the program has written all of it. */
	/** What `read` makes of the file's text, once that does not throw. */
	readyFile(child, path, read = JSON.parse) {
		return this.until(child, () => {
			try {
				return existsSync(path) ? read(readFileSync(path, 'utf8')) : null;
			} catch {
				return null; // half written
			}
		});
	}

	async stop(child) {
		if (!this.children.has(child)) {
			return;
		}
		child.kill(child.stopSignal);
		const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
		await child.gone;
		clearTimeout(late);
	}

	async close() {
		this.closed = true;
		await Promise.all([...this.children].map((child) => this.stop(child)));
		rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
	}
}

/** The next message of a node child, or an error with its log when it dies first. */
export function answer(child) {
	return new Promise((done, fail) => {
		const heard = (message) => {
			child.off('message', heard);
			if (message.error) {
				fail(new Error(`${child.label}: ${message.error}`));
			} else {
				done(message);
			}
		};
		child.on('message', heard);
		child.gone.then((how) => fail(new Error(`${child.label}: ended with ${how.signal ?? how.code}\n${tail(child.log)}`)));
	});
}

export function ask(child, message) {
	const reply = answer(child);
	child.send(message);
	return reply;
}

export function freePort() {
	return new Promise((done, fail) => {
		const probe = createServer().once('error', fail).listen(0, '127.0.0.1', () => {
			const { port } = probe.address();
			probe.close(() => done(port));
		});
	});
}

export function tail(log) {
	try {
		return readFileSync(log, 'utf8').split('\n').slice(-25).join('\n');
	} catch {
		return '';
	}
}
