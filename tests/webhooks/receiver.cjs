// A receiver of webhooks: verifies each delivery with npm standardwebhooks, npm svix and node's crypto, reads CloudEvents with npm cloudevents, keeps what came, and answers as it
// was told. usage: receiver.cjs READY-FILE. It listens on 0.0.0.0, so that a test sees at which address it was reached.
//   POST /hook/NAME            a delivery
//   POST /control/NAME         {"secrets":["whsec_…"],"publicKeys":["whpk_…"],"answers":[500,…],"always":200,"headers":{},"delayMs":0}
//   GET  /log/NAME             what came: [{id, pos, type, subject, address, v1, svix, v1a, tampered, stale, answered, cloud}]; cloud: as the library read it, or null
"use strict";
const http = require("node:http"), crypto = require("node:crypto"), fs = require("node:fs");
const { Webhook: Standard } = require("standardwebhooks");
const { Webhook: Svix } = require("svix");
const { HTTP } = require("cloudevents");

const hooks = new Map();
const hook = (name) => {
	if (!hooks.has(name))
		hooks.set(name, { secrets: [], publicKeys: [], answers: [], always: 200, headers: {}, delayMs: 0, log: [] });
	return hooks.get(name);
};

const passes = (check) => {
	try {
		return check() !== false;
	} catch {
		return false;
	}
};

const verifiesEd25519 = (key, headers, body) => {
	const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(key.replace(/^whpk_/, ""), "base64")]);
	const publicKey = crypto.createPublicKey({ key: der, format: "der", type: "spki" });
	const text = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
	return headers["webhook-signature"].split(" ").filter((s) => s.startsWith("v1a,"))
		.some((s) => crypto.verify(null, text, publicKey, Buffer.from(s.slice(4), "base64")));
};

// The library throws when the envelope is not as CloudEvents 1.0 wants it.
const readCloud = (headers, body) =>
	/^application\/cloudevents/.test(headers["content-type"] || "") ? JSON.parse(JSON.stringify(HTTP.toEvent({ headers, body }))) : null;

const take = (h, headers, address, body) => {
	const event = JSON.parse(body);
	const old = { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 3600) };
	const svix = { "svix-id": headers["webhook-id"], "svix-timestamp": headers["webhook-timestamp"], "svix-signature": headers["webhook-signature"] };
	const all = (keys, check) => keys.length > 0 && keys.every((k) => passes(() => check(k)));
	const some = (keys, check) => keys.some((k) => passes(() => check(k)));
	const answered = h.answers.length ? h.answers.shift() : h.always;
	h.log.push({
		id: headers["webhook-id"], pos: event.pos || Number(event.sequence || 0), type: event.type, event, trace: headers.traceparent || "",
		subject: event.subject || event.taskId || event.jobId || event.resource || event.accountId || event.regionId || "",
		address: address, answered, signatures: headers["webhook-signature"],
		v1: all(h.secrets, (s) => new Standard(s).verify(body, headers)),
		svix: all(h.secrets, (s) => new Svix(s).verify(body, svix)),
		v1a: all(h.publicKeys, (k) => verifiesEd25519(k, headers, body)),
		tampered: some(h.secrets, (s) => new Standard(s).verify(body + " ", headers)) ||
			some(h.publicKeys, (k) => verifiesEd25519(k, headers, body + " ")),
		cloud: readCloud(headers, body),
		stale: some(h.secrets, (s) => new Standard(s).verify(body, old)),
	});
	return answered;
};

const server = http.createServer((req, res) => {
	const address = (req.socket.localAddress || "").replace(/^::ffff:/, ""); // the sender may be killed later on
	let body = "";
	req.setEncoding("utf8");
	req.on("data", (p) => (body += p));
	req.on("end", () => {
		const [, what, name] = req.url.split("/"), h = hook(name);
		const answer = (status, headers, text) => res.writeHead(status, headers).end(text);
		if (what === "hook")
			return setTimeout(() => answer(take(h, req.headers, address, body), h.headers, "noted\u0007 \u00fc"), h.delayMs);
		if (what === "control") {
			Object.assign(h, JSON.parse(body));
			return answer(200, {}, "{}");
		}
		return answer(200, { "content-type": "application/json" }, JSON.stringify(h.log));
	});
});
server.listen(0, "0.0.0.0", () => {
	fs.writeFileSync(process.argv[2] + ".new", String(server.address().port));
	fs.renameSync(process.argv[2] + ".new", process.argv[2]);
});
