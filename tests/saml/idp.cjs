// An identity provider of SAML 2.0: npm samlp, unmodified, on express. usage: idp.cjs READY-FILE. Its keys live as long as it does.
//   GET  /metadata, /sso, /logout   as such a provider has them
//   POST /control   {"sp":"https://…/metadata"} the service provider's metadata, whose signatures are checked from then on;
//                   {"user":{…}}, {"key":"first"|"next"}, {"encrypt":true}, {"signResponse":true}, {"options":{…}} of samlp.auth,
//                   {"binding":"redirect"|"post"} of logouts, {"away":true}: metadata answers 503
//   GET  /log       what came: [{what, …}]
//   GET  /leave     begins a logout here, of all participants
"use strict";
const crypto = require("node:crypto"), fs = require("node:fs"), os = require("node:os"), path = require("node:path");
const { execFileSync } = require("node:child_process");
const express = require("express"), samlp = require("samlp");
process.removeAllListeners("warning");

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "saml-idp-"));
const pair = (name) => {
	const key = path.join(dir, "key"), crt = path.join(dir, "crt");
	execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-days", "30", "-subj", "/CN=" + name], { stdio: "ignore" });
	return { key: fs.readFileSync(key, "utf8"), cert: fs.readFileSync(crt, "utf8") };
};
const keys = { first: pair("first"), next: pair("next") };
fs.rmSync(dir, { recursive: true });

const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const state = { user: {}, key: "first", published: "first", encrypt: false, signResponse: false, options: {}, binding: "redirect", away: false };
const log = [], participants = [];
let sp = null, serial = 0, issuer = "";

const readSp = async (url) => {
	const answer = await fetch(url), text = await answer.text();
	const wrap = (c) => `-----BEGIN CERTIFICATE-----\n${c.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
	const of = (use) => [...text.matchAll(new RegExp(`<md:KeyDescriptor use="${use}">.*?<ds:X509Certificate>([^<]*)`, "gs"))].map((m) => wrap(m[1]));
	const at = (name) => text.match(new RegExp(`<md:${name} [^>]*Location="([^"]*)"`))[1];
	return { text, type: answer.headers.get("content-type"), entityId: text.match(/entityID="([^"]*)"/)[1], signing: of("signing"), encryption: of("encryption")[0],
		acs: at("AssertionConsumerService"), slo: at("SingleLogoutService") };
};

const app = express();
app.use(express.urlencoded({ extended: false, limit: "1mb" }));
app.use(express.json());
app.set("query parser", "simple");

app.get("/metadata", (req, res, next) => {
	log.push({ what: "metadata" });
	if (state.away)
		return res.status(503).end();
	samlp.metadata({ issuer, cert: keys[state.published].cert, redirectEndpointPath: "/sso", postEndpointPath: "/sso",
		logoutEndpointPaths: { [state.binding]: "/logout" } })(req, res, next);
});

const sso = (req, res, next) => {
	const index = `_s${++serial}`, k = keys[state.key];
	log.push({ what: "sso", signed: Boolean(req.query.Signature), relayState: req.query.RelayState });
	samlp.parseRequest(req, (err, asked) => {
		if (err)
			return next(err);
		const acs = (asked && asked.assertionConsumerServiceURL) || sp.acs;
		log.at(-1).request = asked && asked.id;
		log.at(-1).forceAuthn = asked && asked.forceAuthn;
		participants.push({ serviceProviderId: sp.entityId, nameId: state.user.id, nameIdFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", sessionIndex: index,
			serviceProviderLogoutURL: sp.slo, cert: sp.signing[0], binding: state.binding === "post" ? POST : REDIRECT });
		samlp.auth({ issuer, cert: k.cert, key: k.key, signatureAlgorithm: "rsa-sha256", digestAlgorithm: "sha256", lifetimeInSeconds: 300,
			signResponse: state.signResponse, recipient: acs, destination: acs, audience: sp.entityId, sessionIndex: index,
			...(asked ? { signingCert: sp.signing[0], deflate: true } : {}),
			...(state.encrypt ? { encryptionCert: sp.encryption, encryptionPublicKey: new crypto.X509Certificate(sp.encryption).publicKey.export({ type: "spki", format: "pem" }),
				encryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm" } : {}),
			getPostURL: (audience, dom, request, cb) => cb(null, acs), getUserFromRequest: () => state.user, ...state.options })(req, res, next);
	});
};
app.get("/sso", sso);
app.post("/sso", sso);

const transactions = new Map(); // in place of a session: samlp keeps here what a logout is about
const store = {
	save: (req, value, cb) => { const id = crypto.randomBytes(8).toString("hex"); transactions.set(id, value); cb(null, id); },
	load: (req, id, options, cb) => { const value = transactions.get(id); cb = cb || options; if (options.destroy) transactions.delete(id); cb(null, value); },
	update: (req, id, value, cb) => { transactions.set(id, value); cb(null, id); },
};
const SessionParticipants = require("samlp/lib/sessionParticipants");
const all = new SessionParticipants(participants);
const logout = (req, res, next) => {
	const k = keys[state.key], source = { ...req.query, ...(req.body || {}) };
	req.body = req.body || {};
	log.push({ what: "logout", request: Boolean(source.SAMLRequest), response: Boolean(source.SAMLResponse), signed: Boolean(source.Signature), method: req.method });
	samlp.logout({ issuer, cert: k.cert, key: k.key, deflate: true, protocolBinding: state.binding === "post" ? POST : REDIRECT, sessionParticipants: all, store,
		destination: sp.slo, clearIdPSession: (cb) => { log.push({ what: "cleared" }); cb(); } })(req, res, next);
};
app.get("/logout", logout);
app.post("/logout", logout);
app.get("/leave", (req, res, next) => logout(req, res, next));

app.post("/control", async (req, res, next) => {
	try {
		if (req.body.sp)
			sp = await readSp(req.body.sp);
		for (const name of Object.keys(state))
			if (name in req.body)
				state[name] = req.body[name];
		if (req.body.forget)
			participants.splice(0);
		res.json({ sp, participants: participants.length });
	} catch (err) {
		next(err);
	}
});
app.get("/log", (req, res) => res.json({ log: log.splice(0), participants: participants.length }));
app.use((err, req, res, next) => res.status(500).type("text").send(String(err.stack || err)));

const server = app.listen(0, "127.0.0.1", () => {
	issuer = `http://127.0.0.1:${server.address().port}/metadata`;
	fs.writeFileSync(process.argv[2] + ".part", issuer.replace("/metadata", ""));
	fs.renameSync(process.argv[2] + ".part", process.argv[2]);
});
