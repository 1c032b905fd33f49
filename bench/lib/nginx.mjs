// nginx as Debian ships it, with one worker for each core and one small static JSON file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './cell.mjs';

export async function startNginx(cell) {
	const home = cell.folder('nginx');
	const port = await freePort();
	cell.folder('nginx/www');
	writeFileSync(join(home, 'www/job.json'), '{"id":"job_01JD0000000000000000000000","status":"queued"}');
	writeFileSync(join(home, 'nginx.conf'), `
daemon off;
worker_processes auto;
pid ${home}/pid;
error_log stderr;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 100000000;
	types { application/json json; }
	open_file_cache max=16 inactive=60s;
	client_body_temp_path ${home}/body;
	proxy_temp_path ${home}/proxy;
	fastcgi_temp_path ${home}/fastcgi;
	uwsgi_temp_path ${home}/uwsgi;
	scgi_temp_path ${home}/scgi;
	server { listen 127.0.0.1:${port}; root ${home}/www; }
}
`);
	const child = cell.start('nginx', 'nginx', ['-e', 'stderr', '-p', home, '-c', join(home, 'nginx.conf')], { stopSignal: 'SIGTERM' });
	const url = `http://127.0.0.1:${port}/job.json`;
	await cell.until(child, () => fetch(url).then((reply) => reply.ok && reply.text().then(() => true), () => false));
	return { url, www: join(home, 'www') };
}
