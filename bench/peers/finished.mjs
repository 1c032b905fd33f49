// Counts the jobs of ours that ended well, on the event stream; answers once so many more than at the last request have.
// Arguments: the server's address, the key file.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { serve } from '../lib/drive.mjs';

const [address, keyFile] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const authorization = `Bearer ${readFileSync(keyFile, 'utf8').trim()}`;

let count = 0;
let want = Infinity;
let reached = () => {};
let rest = '';
await new Promise((done, fail) => {
	get({ hostname, port, path: '/v1/events?type=job.finished', headers: { authorization, accept: 'text/event-stream' } }, (reply) => {
		if (reply.statusCode !== 200) {
			fail(new Error(`the event stream was answered ${reply.statusCode}`));
		}
		reply.setEncoding('utf8').on('data', (text) => {
			const lines = (rest + text).split('\n');
			rest = lines.pop();
			count += lines.filter((line) => line.startsWith('data:') && line.includes('"status":"succeeded"')).length;
			if (count >= want) {
				reached();
			}
		});
		done();
	}).once('error', fail);
});

serve({}, async ({ more }) => {
	want = more;
	await new Promise((done) => {
		reached = done;
		if (count >= want) {
			done();
		}
	});
	count -= want;
	want = Infinity;
	return {};
});
