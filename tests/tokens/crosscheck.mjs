// A second opinion: verifies the tokens of FOLDER/ours.json, and writes FOLDER/theirs.json for us to verify. usage: crosscheck.mjs FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import * as jose from "jose";

const folder = process.argv[2], now = Math.floor(Date.now() / 1000), algs = ["EdDSA", "ES256", "RS256"];
const ours = JSON.parse(readFileSync(`${folder}/ours.json`, "utf8"));
const keys = jose.createLocalJWKSet(ours.jwks);
const rules = { issuer: ours.issuer, audience: ours.audience, typ: "at+jwt", requiredClaims: ["exp", "iat", "sub", "jti"] };
const fails = async (what, promise) => {
	try { await promise; } catch { return; }
	throw new Error(`${what} was accepted`);
};

for (const { alg, kid, token } of ours.tokens) {
	const { payload, protectedHeader } = await jose.jwtVerify(token, keys, { ...rules, algorithms: [alg] });
	if (protectedHeader.alg !== alg || protectedHeader.kid !== kid || payload.sub !== "usr_ünï")
		throw new Error(`${alg}: ${JSON.stringify({ protectedHeader, payload })}`);
	await fails(`${alg} for another`, jose.jwtVerify(token, keys, { ...rules, audience: "other" }));
	await fails(`${alg} as another algorithm`, jose.jwtVerify(token, keys, { ...rules, algorithms: algs.filter((a) => a !== alg) }));
	await fails(`${alg}, changed`, jose.jwtVerify(token.replace(/\.(.)/, (m, c) => (c === "e" ? ".f" : ".e")), keys, rules));
}
for (const [i, key] of ours.jwks.keys.entries())
	if ((await jose.calculateJwkThumbprint(key)) !== ours.thumbprints[i]) throw new Error(`thumbprint of ${key.kid}`);

const theirs = { jwks: { keys: [] }, good: [], bad: [], thumbprints: [] };
const claims = () => new jose.SignJWT({ extra: { deep: [1, "two", null] } }).setIssuer("them").setAudience(["us", "others"]).setSubject("s")
	.setJti("j").setIssuedAt(now);
for (const alg of algs) {
	const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true }), kid = `their ${alg}`;
	const jwk = { ...(await jose.exportJWK(publicKey)), kid, alg, use: "sig" };
	theirs.jwks.keys.push(jwk);
	theirs.thumbprints.push(await jose.calculateJwkThumbprint(jwk));
	const sign = (c, more) => c.setProtectedHeader({ alg, kid, typ: "JWT", ...more }).sign(privateKey);
	theirs.good.push({ alg, token: await sign(claims().setExpirationTime(now + 600)) });
	theirs.good.push({ alg, token: await sign(claims().setExpirationTime(now + 600).setNotBefore(now - 10), { typ: "application/jwt" }) });
	theirs.bad.push({ why: `${alg}, over`, token: await sign(claims().setExpirationTime(now - 600)) });
	theirs.bad.push({ why: `${alg}, not yet`, token: await sign(claims().setExpirationTime(now + 900).setNotBefore(now + 600)) });
	theirs.bad.push({ why: `${alg}, without an end`, token: await sign(claims()) });
	theirs.bad.push({ why: `${alg}, another's`, token: await sign(claims().setExpirationTime(now + 600).setAudience("others")) });
	theirs.bad.push({ why: `${alg}, from another`, token: await sign(claims().setExpirationTime(now + 600).setIssuer("thee")) });
	theirs.bad.push({ why: `${alg}, of another type`, token: await sign(claims().setExpirationTime(now + 600), { typ: "at+jwt" }) });
	theirs.bad.push({ why: `${alg}, under another's name`, token: await sign(claims().setExpirationTime(now + 600), { kid: `their ${algs[(algs.indexOf(alg) + 1) % 3]}` }) });
	const { privateKey: strange } = await jose.generateKeyPair(alg);
	theirs.bad.push({ why: `${alg}, by another key`, token: await claims().setExpirationTime(now + 600).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(strange) });
	// The public key as the secret of an HMAC.
	const secret = new TextEncoder().encode(await jose.exportSPKI(publicKey));
	theirs.bad.push({ why: `${alg} as HS256`, token: await claims().setExpirationTime(now + 600).setProtectedHeader({ alg: "HS256", kid, typ: "JWT" }).sign(secret) });
}
theirs.bad.push({ why: "none", token: new jose.UnsecuredJWT({}).setIssuer("them").setAudience("us").setSubject("s").setJti("j").setIssuedAt(now).setExpirationTime(now + 600).encode() });
for (const [alg, options] of [["ES384"], ["PS256", { modulusLength: 2048 }]]) {
	const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
	theirs.jwks.keys.push({ ...(await jose.exportJWK(publicKey)), kid: alg, alg, use: "sig" }); // not ours: to be skipped
	theirs.bad.push({ why: alg, token: await claims().setExpirationTime(now + 600).setProtectedHeader({ alg, kid: alg, typ: "JWT" }).sign(privateKey) });
}
writeFileSync(`${folder}/theirs.json`, JSON.stringify(theirs));
