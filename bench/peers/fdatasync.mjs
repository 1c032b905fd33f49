// What the disk itself gives: 4 KiB appended to a file and fdatasync, over and over. Arguments: the folder.
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../lib/drive.mjs';

const fd = openSync(join(process.argv[2], 'appended'), 'a');
const page = Buffer.alloc(4096, 0x5a);
serve({}, ({ seconds }) => {
	const start = performance.now();
	let count = 0;
	for (; performance.now() < start + seconds * 1000; count++) {
		writeSync(fd, page);
		fdatasyncSync(fd);
	}
	return { rate: count / ((performance.now() - start) / 1000) };
});
