// Writes tests/corpus/saml: answers of an identity provider, true ones and forged ones, signed by npm xml-crypto (ECDSA: by xmlsec1),
// encrypted by node. Keys are made anew each time; only the certificates and the service provider's key are kept.
// usage: fixtures.cjs FOLDER
"use strict";
const crypto = require("node:crypto"), fs = require("node:fs"), os = require("node:os"), path = require("node:path");
const { execFileSync } = require("node:child_process");
const { SignedXml } = require("xml-crypto");

const out = process.argv[2];
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), "saml-"));
const DS = "http://www.w3.org/2000/09/xmldsig#", XENC = "http://www.w3.org/2001/04/xmlenc#", XENC11 = "http://www.w3.org/2009/xmlenc11#";
const ENVELOPED = DS + "enveloped-signature", EXC = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", SHA256 = XENC + "sha256";
const IDP = "https://idp.example.test/metadata", SP = "https://sp.example.test/metadata", ACS = "https://sp.example.test/acs";

const entity = (name, ...kind) => {
	const key = path.join(tmp, name + ".key"), crt = path.join(tmp, name + ".crt");
	execFileSync("openssl", ["req", "-x509", "-newkey", ...kind, "-nodes", "-keyout", key, "-out", crt, "-days", "7300", "-subj", "/CN=" + name],
		{ stdio: "ignore" });
	const pem = fs.readFileSync(crt, "utf8");
	return { name, file: key, key: fs.readFileSync(key, "utf8"), pem, cert: pem.replace(/-----[A-Z ]+-----|\s/g, "") };
};
const idp = entity("idp", "rsa:2048"), next = entity("next", "rsa:2048"), attacker = entity("attacker", "rsa:2048"), sp = entity("sp", "rsa:2048");
const curve = entity("curve", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), weak = entity("weak", "rsa:1024");

const write = (name, text) => fs.writeFileSync(path.join(out, name), text);

// --- plain documents

const assertion = ({ id = "_assertion", name = "alice@example.test", conditions = "", issuer = IDP, audience = SP, recipient = ACS, answers = "_request",
	method = "bearer", session = "2030-01-01T08:00:00Z", extra = "", group = "ops",
	from = "2030-01-01T00:00:00Z", until = "2030-01-01T00:05:00Z", confirmed = "2030-01-01T00:05:00Z" } = {}) =>
	`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" IssueInstant="2030-01-01T00:00:00Z" Version="2.0">` +
	`<saml:Issuer>${issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">${name}</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${method}"><saml:SubjectConfirmationData${answers ? ` InResponseTo="${answers}"` : ""} ` +
	`NotOnOrAfter="${confirmed}" Recipient="${recipient}"/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="${from}" NotOnOrAfter="${until}">` +
	`${audience ? `<saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction>` : ""}${conditions}</saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="2030-01-01T00:00:00Z" SessionIndex="_session"${session ? ` SessionNotOnOrAfter="${session}"` : ""}><saml:AuthnContext>` +
	`<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>${group}</saml:AttributeValue><saml:AttributeValue>a&amp;b</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute Name="mail"><saml:AttributeValue>alice@example.test</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>${extra}</saml:Assertion>`;

const STATUS = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`;
const FAILED = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode></samlp:Status>`;
const response = (inside, { id = "_response", answers = "_request", extensions = "", status = STATUS, issuer = IDP, destination = ACS } = {}) =>
	`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" ` +
	`IssueInstant="2030-01-01T00:00:00Z"${destination ? ` Destination="${destination}"` : ""}${answers ? ` InResponseTo="${answers}"` : ""}>` +
	`<saml:Issuer>${issuer}</saml:Issuer>${extensions}${status}${inside}</samlp:Response>`;

// --- signatures

const at = (id) => `//*[@ID='${id}']`;
const sign = (xml, id, { by = idp, show = null, transforms = [ENVELOPED, EXC], digest = SHA256, algorithm = RSA256, c14n = EXC, also = null, of = id } = {}) => {
	const s = new SignedXml(null, { idAttribute: "ID", signatureAlgorithm: algorithm });
	s.canonicalizationAlgorithm = c14n;
	s.addReference(at(of), transforms, digest);
	if (also)
		s.addReference(at(also), transforms, digest);
	s.signingKey = by.key;
	s.keyInfoProvider = { getKeyInfo: (key, p) => { p = p ? p + ":" : ""; return show ? `<${p}X509Data><${p}X509Certificate>${show.cert}</${p}X509Certificate></${p}X509Data>` : `<${p}X509Data/>`; } };
	s.computeSignature(xml, { prefix: "ds", location: { reference: `${at(id)}/*[local-name(.)='Issuer']`, action: "after" } });
	return s.getSignedXml();
};
const signEmpty = (xml, id) => { // a Reference with URI="": the whole document
	const s = new SignedXml(null, { idAttribute: "ID", signatureAlgorithm: RSA256 });
	s.canonicalizationAlgorithm = EXC;
	s.addReference("/*", [ENVELOPED, EXC], SHA256, "", "", "", true);
	s.signingKey = idp.key;
	s.keyInfoProvider = { getKeyInfo: () => "<X509Data/>" };
	s.computeSignature(xml, { prefix: "ds", location: { reference: `${at(id)}/*[local-name(.)='Issuer']`, action: "after" } });
	return s.getSignedXml();
};
// By xmlsec1, from a template: what xml-crypto does not know.
const template = (id, algorithm, transforms) => `<ds:Signature xmlns:ds="${DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${EXC}"/><ds:SignatureMethod Algorithm="${algorithm}"/>` +
	`<ds:Reference URI="#${id}"><ds:Transforms>${transforms}</ds:Transforms><ds:DigestMethod Algorithm="${SHA256}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`;
const TWO = `<ds:Transform Algorithm="${ENVELOPED}"/><ds:Transform Algorithm="${EXC}"/>`;
const signByXmlsec = (xml, id, { by = idp, algorithm = RSA256, transforms = TWO } = {}) => {
	const file = path.join(tmp, "in.xml");
	const i = xml.indexOf("</saml:Issuer>", xml.indexOf(`ID="${id}"`)) + "</saml:Issuer>".length;
	fs.writeFileSync(file, xml.slice(0, i) + template(id, algorithm, transforms) + xml.slice(i));
	return execFileSync("xmlsec1", ["--sign", "--privkey-pem", by.file, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response", file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
};
const bare = (xml) => xml.replace(/^<\?xml[^>]*\?>\s*/, "").trim();
const signatureOf = (xml) => xml.match(/<ds:Signature [\s\S]*?<\/ds:Signature>/)[0];
const without = (xml, part) => xml.replace(part, "");

// --- encryption

const encrypt = (xml, { to = sp, cipher = "aes-256-gcm", wrap = "mgf1p", spoil = null, beside = false } = {}) => {
	const [, bits, mode] = cipher.split("-"), key = crypto.randomBytes(bits / 8), iv = crypto.randomBytes(mode === "gcm" ? 12 : 16);
	const c = crypto.createCipheriv(cipher, key, iv);
	let body = Buffer.concat([iv, c.update(xml, "utf8"), c.final(), mode === "gcm" ? c.getAuthTag() : Buffer.alloc(0)]);
	if (spoil)
		body = spoil(body);
	const padding = wrap === "1_5" ? crypto.constants.RSA_PKCS1_PADDING : crypto.constants.RSA_PKCS1_OAEP_PADDING;
	const wrapped = crypto.publicEncrypt({ key: to.pem, padding, oaepHash: wrap === "11" ? "sha256" : wrap === "1_5" ? undefined : "sha1" }, key);
	const method = { mgf1p: `<xenc:EncryptionMethod Algorithm="${XENC}rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="${DS}sha1"/></xenc:EncryptionMethod>`,
		11: `<xenc:EncryptionMethod Algorithm="${XENC11}rsa-oaep"><ds:DigestMethod Algorithm="${SHA256}"/><xenc11:MGF xmlns:xenc11="${XENC11}" Algorithm="${XENC11}mgf1sha256"/></xenc:EncryptionMethod>`,
		"1_5": `<xenc:EncryptionMethod Algorithm="${XENC}rsa-1_5"/>` }[wrap];
	const value = (b) => `<xenc:CipherData><xenc:CipherValue>${b.toString("base64")}</xenc:CipherValue></xenc:CipherData>`;
	const ek = `<xenc:EncryptedKey>${method}${value(wrapped)}</xenc:EncryptedKey>`;
	return `<saml:EncryptedAssertion xmlns:xenc="${XENC}" xmlns:ds="${DS}"><xenc:EncryptedData Type="${XENC}Element">` +
		`<xenc:EncryptionMethod Algorithm="${mode === "gcm" ? XENC11 : XENC}aes${bits}-${mode}"/>${beside ? "" : `<ds:KeyInfo>${ek}</ds:KeyInfo>`}${value(body)}` +
		`</xenc:EncryptedData>${beside ? ek : ""}</saml:EncryptedAssertion>`;
};

// --- true ones

const good = sign(response(assertion()), "_assertion", { show: idp });
const signed = sign(assertion(), "_assertion");
const both = sign(good, "_response");
write("good.xml", good);
write("good_both.xml", both);
write("good_next.xml", sign(response(assertion()), "_assertion", { by: next }));
write("good_sha512.xml", sign(response(assertion()), "_assertion", { algorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", digest: XENC + "sha512" }));
write("good_ecdsa.xml", bare(signByXmlsec(response(assertion()), "_assertion", { by: curve, algorithm: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" })));
write("good_xmlsec.xml", bare(signByXmlsec(response(assertion()), "_assertion")));
write("good_unsolicited.xml", sign(response(assertion({ answers: "" }), { answers: "" }), "_assertion"));
write("good_one_time.xml", sign(response(assertion({ conditions: "<saml:OneTimeUse/>" })), "_assertion"));
write("good_declared.xml", `<?xml version="1.0" encoding="UTF-8"?>\n` + good);
write("good_encrypted.xml", response(encrypt(signed)));
write("good_encrypted_11.xml", response(encrypt(signed, { cipher: "aes-128-gcm", wrap: "11", beside: true })));
write("good_encrypted_both.xml", sign(response(encrypt(signed)), "_response"));
write("good_cbc.xml", response(encrypt(signed, { cipher: "aes-256-cbc" })));

// --- wrapped signatures: a forged assertion is read, a true one is verified

const evil = assertion({ id: "_evil", name: "admin@example.test" }), mine = signatureOf(signed), naked = without(signed, mine);
const intoSignature = (s, what) => s.replace("</ds:Signature>", what + "</ds:Signature>");
const after = (xml, what) => xml.replace("</saml:Issuer>", "</saml:Issuer>" + what);
const ofResponse = bare(both).replace(/^[\s\S]*?<\/saml:Issuer>/, "").match(/^<ds:Signature [\s\S]*?<\/ds:Signature>/)[0];
const wholeBoth = without(both, ofResponse);
const evilResponse = response(evil, { id: "_evilresponse" });
write("xsw1.xml", after(evilResponse, intoSignature(ofResponse, wholeBoth)));
write("xsw2.xml", after(evilResponse, wholeBoth + ofResponse));
write("xsw3.xml", response(evil + signed));
write("xsw4.xml", response(evil.replace("</saml:Assertion>", signed + "</saml:Assertion>")));
write("xsw5.xml", response(after(evil, mine) + naked));
write("xsw6.xml", response(after(evil, intoSignature(mine, naked))));
write("xsw7.xml", response(signed, { extensions: `<samlp:Extensions>${evil}</samlp:Extensions>` }));
write("xsw8.xml", response(after(evil, intoSignature(mine, `<ds:Object>${naked}</ds:Object>`))));
// The same where an ID is not told apart, and where another name or namespace hides the second assertion.
write("xsw3_same_id.xml", response(evil.replace("_evil", "_assertion") + signed));
write("xsw7_same_id.xml", response(signed, { extensions: `<samlp:Extensions>${evil.replace("_evil", "_assertion")}</samlp:Extensions>` }));
write("xsw_lower.xml", response(after(evil, mine), { extensions: `<samlp:Extensions>${naked.replaceAll("saml:Assertion", "saml:assertion")}</samlp:Extensions>` }));
write("xsw_namespace.xml", response(after(evil, mine), { extensions: `<samlp:Extensions>${naked.replace("<saml:Assertion ", "<x:Assertion xmlns:x=\"urn:x\" ").replace("</saml:Assertion>", "</x:Assertion>")}</samlp:Extensions>` }));
write("xsw_advice.xml", response(after(evil, mine).replace("</saml:Conditions>", `</saml:Conditions><saml:Advice>${naked}</saml:Advice>`)));
// A signature that verifies stands where the one that is looked for does not.
write("decoy_extension.xml", response(evil, { extensions: `<samlp:Extensions>${mine}</samlp:Extensions>` }));
write("decoy_in_attribute.xml", response(after(evil.replace("<saml:AttributeValue>ops</saml:AttributeValue>", `<saml:AttributeValue>${signed}</saml:AttributeValue>`), mine)));
write("decoy_second.xml", response(signed.replace("</saml:Subject>", "</saml:Subject>" + mine)));
write("decoy_beside.xml", response(after(evil, sign(evil, "_evil", { by: attacker }).match(/<ds:Signature [\s\S]*?<\/ds:Signature>/)[0] + mine)));
write("decoy_subject.xml", response(signed.replace("<saml:NameID ", mine + "<saml:NameID ")));

// --- signatures that say something else

write("unsigned.xml", response(assertion()));
write("response_only.xml", sign(response(assertion()), "_response"));
write("attacker.xml", sign(response(assertion({ name: "admin@example.test" })), "_assertion", { by: attacker, show: attacker }));
write("attacker_shows_idp.xml", sign(response(assertion()), "_assertion", { by: attacker, show: idp }));
write("attacker_response.xml", sign(good, "_response", { by: attacker }));
write("changed_name.xml", good.replace(">alice@example.test</saml:NameID>", ">admin@example.test</saml:NameID>"));
write("changed_group.xml", good.replace(">ops<", ">all<"));
write("changed_status.xml", both.replace("_request\">", "_another\">"));
write("sha1.xml", sign(response(assertion()), "_assertion", { algorithm: DS + "rsa-sha1" }));
write("sha1_digest.xml", sign(response(assertion()), "_assertion", { digest: DS + "sha1" }));
write("hmac.xml", good.replace(RSA256, DS + "hmac-sha1"));
write("other_element.xml", sign(response(assertion()), "_assertion", { of: "_response", transforms: [ENVELOPED, EXC] }));
write("two_references.xml", sign(response(assertion()), "_assertion", { also: "_response" }));
write("empty_reference.xml", signEmpty(response(assertion()), "_assertion"));
write("file_reference.xml", good.replace('URI="#_assertion"', 'URI="file:///etc/hostname"'));
write("xpointer_reference.xml", good.replace('URI="#_assertion"', "URI=\"#xpointer(id('_assertion'))\""));
write("inclusive.xml", sign(response(assertion()), "_assertion", { transforms: [ENVELOPED, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"] }));
write("with_comments.xml", sign(response(assertion()), "_assertion", { transforms: [ENVELOPED, EXC + "WithComments"] }));
write("enveloped_only.xml", sign(response(assertion()), "_assertion", { transforms: [ENVELOPED] }));
const stylesheet = `<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><x/></xsl:template></xsl:stylesheet>`;
const third = (algorithm, inside) => good.replace("</ds:Transforms>", `<ds:Transform Algorithm="${algorithm}">${inside}</ds:Transform></ds:Transforms>`);
write("xslt.xml", third("http://www.w3.org/TR/1999/REC-xslt-19991116", stylesheet));
write("xslt_called_exc.xml", good.replace(`<ds:Transform Algorithm="${EXC}"/>`, `<ds:Transform Algorithm="${EXC}">${stylesheet}</ds:Transform>`));
write("xpath.xml", bare(signByXmlsec(response(assertion()), "_assertion", { transforms: TWO + `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::*[local-name()='NameID'])</ds:XPath></ds:Transform>` }) || ""));
write("object.xml", intoSignature(good, "<ds:Object>x</ds:Object>"));

// --- XML that is more than elements and text

const name = ">alice@example.test</saml:NameID>";
const dtd = (inside) => `<!DOCTYPE samlp:Response [${inside}]>` + good;
write("comment.xml", good.replace(name, ">alice@example.test<!---->.evil.test</saml:NameID>"));
write("comment_only.xml", good.replace("<saml:Subject>", "<saml:Subject><!-- -->"));
write("instruction.xml", good.replace(name, ">alice@example.test<?x?></saml:NameID>"));
write("cdata.xml", good.replace(name, "><![CDATA[alice@example.test]]></saml:NameID>"));
write("dtd.xml", dtd(""));
write("dtd_ids.xml", dtd(`<!ATTLIST saml:Assertion ID ID #REQUIRED>`));
write("xxe.xml", dtd(`<!ENTITY x SYSTEM "file:///etc/hostname">`).replace(">a&amp;b<", ">&x;<"));
write("laughs.xml", dtd(`<!ENTITY a "ha">${[..."bcdefgh"].map((c) => `<!ENTITY ${c} "${`&${String.fromCharCode(c.charCodeAt(0) - 1)};`.repeat(10)}">`).join("")}`).replace(">a&amp;b<", ">&h;<"));
write("entity.xml", good.replace(">a&amp;b<", ">&nbsp;<"));
write("xinclude.xml", good.replace(">ops<", `><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hostname" parse="text"/><`));
write("utf16.xml", Buffer.from("\ufeff" + good, "utf16le"));
write("utf7.xml", `<?xml version="1.0" encoding="UTF-7"?>` + good);
write("xml11.xml", `<?xml version="1.1"?>` + good);
write("deep.xml", good.replace(">ops<", ">" + "<x>".repeat(80) + "</x>".repeat(80) + "<"));
write("duplicate_id.xml", response(signed, { id: "_assertion" }));
write("duplicate_id_spelt.xml", response(signed, { extensions: `<samlp:Extensions Id="_assertion"/>` }));
write("duplicate_xml_id.xml", response(signed, { extensions: `<samlp:Extensions xml:id="_assertion"/>` }));
write("cut.xml", good.slice(0, -20));
write("trailing.xml", good + good);
write("two_assertions.xml", response(signed + sign(assertion({ id: "_second" }), "_second")));
write("two_names.xml", sign(response(assertion().replace("</saml:NameID>", "</saml:NameID><saml:NameID>admin@example.test</saml:NameID>")), "_assertion"));
write("name_in_name.xml", sign(response(assertion({ name: "alice<x/>@example.test" })), "_assertion"));
write("root.xml", signed);

// --- what the identity provider did not say to us

write("failed.xml", sign(response("", { status: FAILED }), "_response"));
write("failed_with_assertion.xml", sign(sign(response(assertion(), { status: FAILED }), "_assertion"), "_response"));
write("failed_forged.xml", after(response(evil, { id: "_evilresponse", status: FAILED }), signatureOf(sign(response("", { status: FAILED }), "_response"))));
write("two_statuses.xml", response(signed, { status: STATUS + FAILED }));
write("no_assertion.xml", sign(response(""), "_response"));
write("no_audience.xml", sign(response(assertion({ audience: "" })), "_assertion"));
write("two_audiences.xml", sign(response(assertion({ conditions: "<saml:AudienceRestriction><saml:Audience>https://other.example.test</saml:Audience></saml:AudienceRestriction>" })), "_assertion"));
write("unknown_condition.xml", sign(response(assertion({ conditions: `<x:Only xmlns:x="urn:x"/>` })), "_assertion"));
write("holder_of_key.xml", sign(response(assertion({ method: "holder-of-key" })), "_assertion"));
write("other_issuer.xml", sign(response(assertion({ issuer: "https://other.example.test" }), {}), "_assertion"));
write("other_response_issuer.xml", response(signed, { issuer: "https://other.example.test" }));
write("other_recipient.xml", sign(response(assertion({ recipient: "https://sp.example.test/acs2" })), "_assertion"));
write("conditions_not_yet.xml", sign(response(assertion({ from: "2030-01-01T00:02:01Z" })), "_assertion"));
write("conditions_over.xml", sign(response(assertion({ from: "2029-12-31T23:50:00Z", until: "2030-01-01T00:00:00Z" })), "_assertion"));
write("confirmation_over.xml", sign(response(assertion({ confirmed: "2030-01-01T00:00:00Z" })), "_assertion"));
write("no_destination.xml", sign(response(signed, { destination: "" }), "_response"));
write("answers_nothing.xml", sign(response(assertion({ answers: "" })), "_assertion"));
write("answers_by_response.xml", sign(response(assertion({ answers: "_other" })), "_assertion"));
write("session_over.xml", sign(response(assertion({ session: "2029-12-31T23:58:00Z" })), "_assertion"));

// --- encrypted

const flip = (i) => (b) => { b[i < 0 ? b.length + i : i] ^= 1; return b; };
write("encrypted_unsigned.xml", response(encrypt(assertion())));
write("encrypted_attacker.xml", response(encrypt(sign(evil, "_evil", { by: attacker }))));
write("encrypted_wrapped.xml", response(encrypt(evil.replace("</saml:Assertion>", signed + "</saml:Assertion>"))));
write("encrypted_and_plain.xml", response(encrypt(signed) + evil));
write("plain_and_encrypted.xml", response(evil + encrypt(signed)));
write("encrypted_twice.xml", response(encrypt(signed) + encrypt(signed)));
write("encrypted_comment.xml", response(encrypt(signed.replace(name, ">alice@example.test<!---->.evil.test</saml:NameID>"))));
write("encrypted_dtd.xml", response(encrypt(`<!DOCTYPE x [<!ENTITY x "y">]>` + signed)));
write("encrypted_for_other.xml", response(encrypt(signed, { to: attacker })));
write("encrypted_flipped.xml", response(encrypt(signed, { spoil: flip(40) })));
write("encrypted_tag.xml", response(encrypt(signed, { spoil: flip(-1) })));
write("encrypted_short.xml", response(encrypt(signed, { spoil: (b) => b.subarray(0, 28) })));
write("encrypted_rsa15.xml", response(encrypt(signed, { wrap: "1_5" })));
write("cbc_padding.xml", response(encrypt(signed, { cipher: "aes-256-cbc", spoil: flip(-17) })));
write("cbc_block.xml", response(encrypt(signed, { cipher: "aes-256-cbc", spoil: flip(40) })));
write("cbc_cut.xml", response(encrypt(signed, { cipher: "aes-256-cbc", spoil: (b) => b.subarray(0, b.length - 5) })));
write("cbc_not_xml.xml", response(encrypt("hello", { cipher: "aes-256-cbc" })));
write("encrypted_nothing.xml", response("<saml:EncryptedAssertion/>"));

// --- what the identity provider says of itself

const metadata = (certs, more = "") => `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_metadata" entityID="${IDP}"${more}><md:IDPSSODescriptor ` +
	`protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAuthnRequestsSigned="true">${certs.map((c) => `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${DS}"><ds:X509Data>` +
	`<ds:X509Certificate>${c.cert}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`).join("")}` +
	`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.test/slo" ResponseLocation="https://idp.example.test/slo/done"/>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.test/post"/>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.test/sso?tenant=1"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
const signMetadata = (xml, by) => {
	const s = new SignedXml(null, { idAttribute: "ID", signatureAlgorithm: RSA256 });
	s.canonicalizationAlgorithm = EXC;
	s.addReference(at("_metadata"), [ENVELOPED, EXC], SHA256);
	s.signingKey = by.key;
	s.keyInfoProvider = { getKeyInfo: () => "" };
	s.computeSignature(xml, { prefix: "ds", location: { reference: "/*", action: "prepend" } });
	return s.getSignedXml();
};
write("metadata.xml", metadata([idp, next, curve], ` validUntil="2031-01-01T00:00:00Z"`));
write("metadata_signed.xml", signMetadata(metadata([idp]), next));
write("metadata_attacker.xml", signMetadata(metadata([attacker]), attacker));
write("metadata_weak.xml", metadata([weak]));
write("metadata_no_key.xml", metadata([]));
write("metadata_script.xml", metadata([idp]).replaceAll("https://idp.example.test/", "javascript:alert(1)//"));
write("metadata_comment.xml", "<!-- made by hand -->\n" + metadata([idp]));
for (const who of [idp, next, attacker, curve, weak])
	write(who.name + ".crt", who.cert);
write("sp.key", sp.key);
fs.rmSync(tmp, { recursive: true });
