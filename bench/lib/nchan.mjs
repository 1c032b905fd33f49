// nginx with nchan (Debian's libnginx-mod-nchan): one worker, one channel; /pub takes messages, /sub is the event stream.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './cell.mjs';

export async function startNchan(cell) {
	const home = cell.folder('nchan');
	const port = await freePort();
	writeFileSync(join(home, 'nginx.conf'), `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid ${home}/pid;
error_log stderr;
events { worker_connections 8000; }
http {
	access_log off;
	keepalive_requests 100000000;
	client_body_temp_path ${home}/body;
	proxy_temp_path ${home}/proxy;
	fastcgi_temp_path ${home}/fastcgi;
	uwsgi_temp_path ${home}/uwsgi;
	scgi_temp_path ${home}/scgi;
	server {
		listen 127.0.0.1:${port};
		location = /health { return 200; }
		location = /pub { nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 100000; nchan_message_timeout 5m; }
		location = /sub { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
	}
}
`);
	const child = cell.start('nchan', 'nginx', ['-e', 'stderr', '-p', home, '-c', join(home, 'nginx.conf')], { stopSignal: 'SIGTERM' });
	const url = `http://127.0.0.1:${port}`;
	await cell.until(child, () => fetch(`${url}/health`).then((reply) => reply.ok, () => false));
	return { url, port, pid: child.pid, keyFile: '-', stop: () => cell.stop(child) };
}
