/*
 * An OpenID provider for the tests: npm's oidc-provider, unmodified. node op.mjs READY-FILE FOOTPLATE-URL
 * /test/rotate makes new signing keys; /test/user?id=&groups=&email= says who somebody is; /test/counts tells what was asked for.
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import Provider from 'oidc-provider';

const [ready, footplate] = process.argv.slice(2);
const users = new Map();
const counts = {};
let issuer, handler, generation = 0;

const jwk = (type, options, alg) => {
	const key = crypto.generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
	return { ...key, alg, use: 'sig', kid: `${alg}-${generation}` };
};

/* The key of the client that proves itself by one; the test gives the same to Footplate. */
const clientKey = crypto.generateKeyPairSync('ed25519');
const clientJwk = clientKey.publicKey.export({ format: 'jwk' });
const thumbprint = crypto.createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${clientJwk.x}"}`).digest('base64url');

function client(name, alg, more) {
	return {
		client_id: `ctl-${name}`,
		client_secret: `canary secret/${name}+%`,
		redirect_uris: [`${footplate}/v1/auth/oidc/${name}/callback`],
		post_logout_redirect_uris: [`${footplate}/`],
		backchannel_logout_uri: `${footplate}/v1/auth/oidc/${name}/backchannel-logout`,
		backchannel_logout_session_required: true,
		id_token_signed_response_alg: alg,
		grant_types: ['authorization_code'],
		response_types: ['code'],
		...more,
	};
}

function start() {
	generation++;
	const provider = new Provider(issuer, {
		clients: [
			client('rs', 'RS256'),
			client('es', 'ES256', { token_endpoint_auth_method: 'client_secret_post' }),
			client('ed', 'EdDSA', {
				client_secret: undefined,
				token_endpoint_auth_method: 'private_key_jwt',
				token_endpoint_auth_signing_alg: 'EdDSA',
				jwks: { keys: [{ ...clientJwk, alg: 'EdDSA', use: 'sig', kid: thumbprint }] },
			}),
		],
		jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256'), jwk('ed25519', {}, 'EdDSA')] },
		pkce: { required: () => true },
		enabledJWA: {
			idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
			clientAuthSigningAlgValues: ['EdDSA', 'ES256', 'RS256'],
		},
		claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'], groups: ['groups'] },
		scopes: ['openid', 'email', 'profile', 'groups'],
		conformIdTokenClaims: false,
		findAccount: async (ctx, id) => ({
			accountId: id,
			claims: async () => ({ sub: id, email: `${id}@example.test`, email_verified: true, name: `${id} of the tests`, preferred_username: id, groups: [], ...users.get(id) }),
		}),
		features: {
			devInteractions: { enabled: true },
			backchannelLogout: { enabled: true },
			rpInitiatedLogout: { enabled: true },
		},
		cookies: { keys: ['only for tests'] },
		/* Its own guard lets nothing go to this machine, where we are. */
		fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
	});
	provider.on('server_error', (ctx, e) => console.error('server_error', e));
	provider.on('grant.error', (ctx, e) => console.error('grant.error', e.message, e.error_detail ?? ''));
	provider.on('backchannel.error', (ctx, e) => console.error('backchannel.error', e.message));
	handler = provider.callback();
}

function control(url, res) {
	const q = url.searchParams;
	if (url.pathname === '/test/rotate')
		start();
	if (url.pathname === '/test/user')
		users.set(q.get('id'), JSON.parse(q.get('claims')));
	const key = clientKey.privateKey.export({ format: 'pem', type: 'pkcs8' });
	res.setHeader('content-type', 'application/json');
	res.end(JSON.stringify({ counts, key }));
}

const server = http.createServer((req, res) => {
	const url = new URL(req.url, issuer);
	if (url.pathname.startsWith('/test/'))
		return control(url, res);
	counts[url.pathname] = (counts[url.pathname] ?? 0) + 1;
	handler(req, res);
});
server.listen(0, '127.0.0.1', () => {
	issuer = `http://127.0.0.1:${server.address().port}`;
	start();
	fs.writeFileSync(`${ready}.new`, issuer);
	fs.renameSync(`${ready}.new`, ready);
});
