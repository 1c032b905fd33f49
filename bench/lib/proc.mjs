// What a process and all it started have cost so far.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK']));

const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

/** Seconds of processor, its own and the kernel's for it. */
export function cpuSeconds(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return children(pid).reduce((sum, child) => sum + cpuSeconds(child), (Number(fields[11]) + Number(fields[12])) / TICKS);
}

const kib = (pid, what) => 1024 * Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** Bytes resident, now and at most so far. */
export const residentBytes = (pid) => children(pid).reduce((sum, child) => sum + residentBytes(child), kib(pid, 'VmRSS'));
export const peakBytes = (pid) => children(pid).reduce((sum, child) => sum + peakBytes(child), kib(pid, 'VmHWM'));
