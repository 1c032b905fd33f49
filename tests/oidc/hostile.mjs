/*
 * A provider that lies, for the tests. node hostile.mjs READY-FILE. It sends people straight back with a code.
 * POST /test/next: what the next answers are: { claims, header, sign, mode, iss, description }; see below. The answer tells its counts.
 * POST /test/token: a token with these claims and header, as text, to be brought by the test itself.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const ready = process.argv[2];
const keys = { now: pair('k1'), other: pair('k1') }; /* other: not ours, under the same name */
const nonces = new Map();
let issuer, next = {}, counts = {}, codes = 0, last = {};

function pair(kid) {
	const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
	return { kid, privateKey, publicKey };
}
const b64 = (x) => Buffer.from(x).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

function sign(header, claims, how) {
	const input = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims))}`;
	if (how === 'none')
		return `${input}.`;
	if (how === 'secret') /* with what both of us know */
		return `${input}.${crypto.createHmac('sha256', 'canary-hostile').update(input).digest('base64url')}`;
	if (how === 'public') /* with what everybody knows */
		return `${input}.${crypto.createHmac('sha256', keys.now.publicKey.export({ type: 'spki', format: 'pem' })).update(input).digest('base64url')}`;
	return `${input}.${crypto.sign(null, Buffer.from(input), keys[how ?? 'now'].privateKey).toString('base64url')}`;
}

function token(base) {
	const claims = { ...base, ...next.claims }, header = { alg: 'EdDSA', kid: keys.now.kid, typ: 'JWT', ...next.header };
	for (const o of [claims, header])
		for (const k of Object.keys(o))
			if (o[k] === null)
				delete o[k];
	return sign(header, claims, next.sign);
}

function answer(res, status, body, more) {
	res.writeHead(status, { 'content-type': 'application/json', ...more });
	res.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/* What an answer is besides right. True: it was given. */
function misbehave(at, res) {
	if (next.at !== at)
		return false;
	if (next.mode === 'slow')
		return true; /* never */
	if (next.mode === 'drip') {
		res.writeHead(200, { 'content-type': 'application/json' });
		const t = setInterval(() => res.write(' '), 200);
		res.on('close', () => clearInterval(t));
		return true;
	}
	if (next.mode === 'large')
		return answer(res, 200, `{"x":"${'a'.repeat(4 << 20)}"}`), true;
	if (next.mode === 'deep')
		return answer(res, 200, '['.repeat(10000)), true;
	if (next.mode === 'text')
		return answer(res, 200, '<html>no</html>'), true;
	if (next.mode === 'redirect')
		return answer(res, 302, '', { location: next.to }), true;
	if (next.mode === 'error')
		return answer(res, 400, { error: 'invalid_grant' }), true;
	return false;
}

function description() {
	return {
		issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`,
		userinfo_endpoint: `${issuer}/userinfo`, end_session_endpoint: `${issuer}/end`, ...next.description,
	};
}

const routes = {
	'/.well-known/openid-configuration': (url, body, res) => misbehave('description', res) || answer(res, 200, description()),
	'/jwks': (url, body, res) => {
		if (misbehave('jwks', res))
			return;
		answer(res, 200, { keys: [{ ...keys.now.publicKey.export({ format: 'jwk' }), kid: keys.now.kid, use: 'sig', alg: 'EdDSA' }] });
	},
	'/auth': (url, body, res) => {
		const q = url.searchParams, code = `code-${++codes}`, to = new URL(q.get('redirect_uri'));
		nonces.set(code, { nonce: q.get('nonce'), challenge: q.get('code_challenge') });
		last = { code, state: q.get('state'), query: Object.fromEntries(q) };
		to.searchParams.set('code', code);
		to.searchParams.set('state', q.get('state'));
		if (next.iss !== null && (next.iss || description().authorization_response_iss_parameter_supported))
			to.searchParams.set('iss', next.iss ?? issuer);
		answer(res, 303, '', { location: to.href });
	},
	'/token': (url, body, res) => {
		const q = new URLSearchParams(body), code = q.get('code'), known = nonces.get(code);
		last = { ...last, token: Object.fromEntries(q) };
		nonces.delete(code);
		if (misbehave('token', res))
			return;
		if (!known || crypto.createHash('sha256').update(q.get('code_verifier') ?? '').digest('base64url') !== known.challenge)
			return answer(res, 400, { error: 'invalid_grant' });
		const access = 'hostile-access';
		const id_token = token({ iss: issuer, sub: 'mallory', aud: 'ctl-hostile', exp: now() + 300, iat: now(), nonce: known.nonce,
			preferred_username: 'mallory', at_hash: crypto.createHash('sha512').update(access).digest().subarray(0, 32).toString('base64url') });
		answer(res, 200, { id_token, access_token: access, token_type: 'Bearer' });
	},
	'/userinfo': (url, body, res) => misbehave('userinfo', res) || answer(res, 200, { sub: 'mallory', groups: ['ops'], ...next.userinfo }),
	'/test/next': (url, body, res) => {
		next = JSON.parse(body);
		if (next.rotate)
			keys.now = pair(next.rotate);
		answer(res, 200, { counts, last });
	},
	'/test/token': (url, body, res) => {
		const was = next;
		next = JSON.parse(body);
		const text = token({ iss: issuer, aud: 'ctl-hostile', iat: now(), exp: now() + 120, jti: crypto.randomUUID(), sub: 'mallory',
			events: { 'http://schemas.openid.net/event/backchannel-logout': {} } });
		next = was;
		answer(res, 200, { token: text });
	},
};

const server = http.createServer((req, res) => {
	const url = new URL(req.url, issuer);
	let body = '';
	counts[url.pathname] = (counts[url.pathname] ?? 0) + 1;
	req.on('data', (d) => { body += d; });
	req.on('end', () => (routes[url.pathname] ?? ((u, b, r) => answer(r, 404, {})))(url, body, res));
});
server.listen(0, '127.0.0.1', () => {
	issuer = `http://127.0.0.1:${server.address().port}`;
	fs.writeFileSync(`${ready}.new`, issuer);
	fs.renameSync(`${ready}.new`, ready);
});
