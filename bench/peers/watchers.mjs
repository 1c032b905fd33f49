// Idle subscribers of an event stream: opens them, waits for the head of each answer, then only listens.
// Arguments: the server's address, the key file, how many.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { serve } from '../lib/drive.mjs';

const [address, keyFile, count] = process.argv.slice(2);
const { hostname, port, host } = new URL(address);
const request = `GET /v1/events?after=0 HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${readFileSync(keyFile, 'utf8').trim()}\r\nAccept: text/event-stream\r\n\r\n`;

const subscribe = () => new Promise((done, fail) => {
	let head = '';
	const socket = connect(Number(port), hostname, () => socket.write(request));
	socket.setEncoding('latin1');
	socket.on('error', fail);
	socket.on('close', () => fail(new Error(`the stream closed: ${head.slice(0, 300)}`)));
	socket.on('data', (text) => {
		if (head.includes('\r\n\r\n')) {
			return;
		}
		head += text;
		if (head.includes('\r\n\r\n')) {
			if (/^HTTP\/1\.1 200 /.test(head) && /^content-type: *text\/event-stream/im.test(head)) {
				done();
			} else {
				fail(new Error(`not an event stream: ${head.slice(0, 300)}`));
			}
		}
	});
});

serve({}, async () => {
	for (let left = Number(count); left > 0; left -= 50) {
		await Promise.all(Array.from({ length: Math.min(50, left) }, subscribe));
	}
	return { open: Number(count) };
});
