// Preloaded into the unmodified npm client: every host name leads to 127.0.0.1, and 443 to the simulator's port. Names and
// certificates are still checked: the simulator's authority is given by NODE_EXTRA_CA_CERTS.
'use strict';
const net = require('node:net');

const connect = net.Socket.prototype.connect;
const isHere = (host) => host === '127.0.0.1' || host === 'localhost' || host === '::1';

function steer(options) {
	if (options.path || !options.host || isHere(options.host)) {
		return options;
	}
	return { ...options, host: '127.0.0.1', port: Number(options.port) === 443 ? Number(process.env.STEAMSIM_PORT) : options.port };
}

net.Socket.prototype.connect = function (...args) {
	const list = Array.isArray(args[0]) ? args[0] : args; // net.connect hands its arguments on as one normalised array
	if (typeof list[0] === 'object' && list[0] !== null) {
		list[0] = steer(list[0]);
	}
	return connect.apply(this, args);
};
