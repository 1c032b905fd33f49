// Preloaded (node --require): every host but loopback is steamsim. Port 443 goes to SIM_TLS_PORT, everything else is refused,
// so a run also proves that nothing else is asked. Names stay as they are for TLS, so certificates are checked for real.
'use strict';
const net = require('node:net');

const real = net.Socket.prototype.connect;
net.Socket.prototype.connect = function connect(...args) {
	const list = Array.isArray(args[0]) ? args[0] : null;
	const how = list ? list[0] : args[0];
	if (how && typeof how === 'object' && !how.path && !['127.0.0.1', 'localhost', undefined].includes(how.host)) {
		if (Number(how.port) !== 443)
			throw new Error(`nothing may be asked of ${how.host}:${how.port}`);
		const there = { ...how, host: '127.0.0.1', port: Number(process.env.SIM_TLS_PORT) };
		if (list)
			list[0] = there;
		else
			args[0] = there;
	}
	return real.apply(this, args);
};
