/*
 * The answers of an identity provider, true and forged (tests/corpus/saml, made by tests/saml/fixtures.cjs with another library's
 * signatures). Every forged one is refused, and for what is forged in it: the words say so, and the true one it was made from is
 * let in under the same expectations.
 */
#include "base/buf.h"
#include "base/when.h"
#include "control/sso/saml_answer.h"
#include "control/sso/saml_certs.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_metadata.h"
#include "control/sso/saml_open.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define FOLDER "tests/corpus/saml/"

static struct arena arena;
static struct saml_certs certs, curve;
static struct saml_opener opener, cbc_opener;
static struct saml_expect expect;

static struct buf file(const char *name)
{
	struct buf b = { 0 };
	char path[128];
	snprintf(path, sizeof(path), FOLDER "%s", name);
	FILE *f = fopen(path, "rb");
	if (!f) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(1);
	}
	for (size_t n; (n = fread(buf_room(&b, 4096), 1, 4096, f)) > 0;)
		b.n += n;
	fclose(f);
	CHECK(!b.bad);
	return b;
}

static void add_cert(struct saml_certs *c, const char *name)
{
	struct buf b = file(name);
	CHECK(saml_certs_add(c, buf_text(&b), NULL) == RC_OK);
	buf_done(&b);
}

static void begin(void)
{
	struct buf key = file("sp.key");
	BIO *bio = BIO_new_mem_buf(key.p, (int)key.n);

	add_cert(&certs, "idp.crt");
	add_cert(&certs, "next.crt"); /* two at once: one follows the other */
	add_cert(&certs, "idp.crt");
	CHECK(certs.n == 2);
	add_cert(&curve, "curve.crt");
	opener.keys[0] = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	CHECK(opener.keys[0]);
	opener.n = 1;
	cbc_opener = opener;
	cbc_opener.cbc = true;
	BIO_free(bio);
	buf_done(&key);
	expect = (struct saml_expect){
		.entity_id = "https://sp.example.test/metadata",
		.acs_url = "https://sp.example.test/acs",
		.idp_entity_id = "https://idp.example.test/metadata",
		.certs = &certs,
		.opener = &opener,
		.request_id = "_request",
	};
	CHECK(when_parse("2030-01-01T00:01:00Z", &expect.now_ms));
}

/* What the fault for the log says is in *why. */
static enum rc ask(const char *name, const struct saml_expect *e, struct saml_person *ret, struct fault *why)
{
	struct buf b = file(name);
	struct fault reason = { 0 };
	struct saml_expect with = *e;

	*why = (struct fault){ 0 };
	with.reason = &reason;
	enum rc rc = saml_answer_read(b.p, b.n, &with, &arena, ret, why);
	if (reason.rc != RC_OK) {
		CHECK(rc == RC_DENIED);
		CHECK_STR(why->text, "the encrypted assertion was not accepted");
		*why = reason;
	}
	buf_done(&b);
	return rc;
}

static void is_in(const char *name, const struct saml_expect *e)
{
	struct saml_person p = { 0 };
	struct fault why;

	if (ask(name, e, &p, &why) != RC_OK) {
		fprintf(stderr, "%s was refused: %s\n", name, why.text);
		exit(1);
	}
	CHECK_STR(p.name_id, "alice@example.test");
	saml_answer_done(&p);
}

static void is_out(const char *name, const struct saml_expect *e, const char *words)
{
	struct saml_person p = { 0 };
	struct fault why;

	if (ask(name, e, &p, &why) == RC_OK) {
		fprintf(stderr, "%s was let in as %s\n", name, p.name_id);
		exit(1);
	}
	if (!strstr(why.text, words)) {
		fprintf(stderr, "%s was refused, but not for '%s': %s\n", name, words, why.text);
		exit(1);
	}
	CHECK(!p.name_id && !p.attributes);
}

static void reads_the_person(void)
{
	struct saml_person p = { 0 };
	struct fault why;

	CHECK(ask("good.xml", &expect, &p, &why) == RC_OK);
	CHECK_STR(p.name_id, "alice@example.test");
	CHECK_STR(p.name_format, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
	CHECK_STR(p.session_index, "_session");
	CHECK_STR(p.assertion_id, "_assertion");
	CHECK_STR(p.context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
	CHECK(!p.name_qualifier && !p.sp_name_qualifier);
	CHECK(p.authn_ms == expect.now_ms - 60000);
	CHECK(p.until_ms == expect.now_ms + 4 * 60000 + SAML_SKEW_MS);
	CHECK(p.session_until_ms == expect.now_ms + (8 * 60 - 1) * 60000);
	const json_t *groups = json_object_get(p.attributes, "groups");
	CHECK(json_array_size(groups) == 2);
	CHECK_STR(json_string_value(json_array_get(groups, 0)), "ops");
	CHECK_STR(json_string_value(json_array_get(groups, 1)), "a&b");
	saml_answer_done(&p);
}

static void lets_true_ones_in(void)
{
	static const char *const plain[] = { "good.xml", "good_both.xml", "good_next.xml", "good_sha512.xml",
		"good_xmlsec.xml", "good_one_time.xml", "good_declared.xml", "good_encrypted.xml",
		"good_encrypted_11.xml", "good_encrypted_both.xml" };
	struct saml_expect e = expect;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		is_in(plain[i], &expect);
	e.certs = &curve;
	is_in("good_ecdsa.xml", &e);
	e = expect;
	e.opener = &cbc_opener;
	is_in("good_cbc.xml", &e);
	is_in("good_encrypted.xml", &e);
	e = expect;
	e.request_id = NULL;
	is_in("good_unsolicited.xml", &e);
}

/* --- forged documents: what differs from the true one is named by the words */

struct forged {
	const char *name, *words;
};

static void refuses(const struct forged *all, const char *original, const struct saml_expect *e)
{
	is_in(original, e);
	for (const struct forged *f = all; f->name; f++)
		is_out(f->name, e, f->words);
}

#define PLACE_A "has an assertion at a place where none may be"
#define PLACE_S "has a signature at a place where none may be"

static void refuses_wrapped_signatures(void)
{
	static const struct forged all[] = {
		{ "xsw1.xml", "holds an element that is not expected" },
		{ "xsw2.xml", PLACE_A },
		{ "xsw3.xml", "more than one assertion" },
		{ "xsw4.xml", PLACE_A },
		{ "xsw5.xml", "covers another element" },
		{ "xsw6.xml", "holds an element that is not expected" },
		{ "xsw7.xml", PLACE_A },
		{ "xsw8.xml", "holds an element that is not expected" },
		{ "xsw3_same_id.xml", "the same ID twice" },
		{ "xsw7_same_id.xml", "the same ID twice" },
		{ "xsw_lower.xml", PLACE_A },
		{ "xsw_namespace.xml", PLACE_A },
		{ "xsw_advice.xml", "covers another element" },
		{ "decoy_extension.xml", PLACE_S },
		{ "decoy_in_attribute.xml", "covers another element" },
		{ "decoy_second.xml", "signed twice" },
		{ "decoy_beside.xml", "signed twice" },
		{ "decoy_subject.xml", PLACE_S },
		{ 0 },
	};
	refuses(all, "good.xml", &expect);
	is_in("good_both.xml", &expect); /* from which 1 and 2 were made */
}

static void refuses_other_signatures(void)
{
	static const struct forged all[] = {
		{ "unsigned.xml", "the assertion is not signed" },
		{ "response_only.xml", "the assertion is not signed" },
		{ "attacker.xml", "not by a key of" },
		{ "attacker_shows_idp.xml", "not by a key of" },
		{ "attacker_response.xml", "not by a key of" },
		{ "changed_name.xml", "what it covers was changed" },
		{ "changed_group.xml", "what it covers was changed" },
		{ "changed_status.xml", "what it covers was changed" },
		{ "sha1.xml", "algorithm is not RSA or ECDSA" },
		{ "sha1_digest.xml", "digest is not SHA-256" },
		{ "hmac.xml", "algorithm is not RSA or ECDSA" },
		{ "other_element.xml", "covers another element" },
		{ "two_references.xml", "SignedInfo holds an element that is not expected" },
		{ "empty_reference.xml", "covers another element" },
		{ "file_reference.xml", "covers another element" },
		{ "xpointer_reference.xml", "covers another element" },
		{ "inclusive.xml", "has other transforms" },
		{ "with_comments.xml", "has other transforms" },
		{ "enveloped_only.xml", "has other transforms" },
		{ "xslt.xml", "has other transforms" },
		{ "xslt_called_exc.xml", "has other transforms" },
		{ "xpath.xml", "has other transforms" },
		{ "object.xml", "Signature holds an element that is not expected" },
		{ 0 },
	};
	struct saml_expect e = expect;

	refuses(all, "good.xml", &expect);
	e.certs = &curve; /* right algorithms, another's key */
	is_out("good.xml", &e, "not by a key of");
	is_out("good_ecdsa.xml", &expect, "not by a key of");
	e = expect;
	e.signed_response = true;
	is_in("good_both.xml", &e);
	is_out("good.xml", &e, "the response is not signed");
}

static void refuses_more_than_text(void)
{
	static const struct forged all[] = {
		{ "comment.xml", "a comment" },
		{ "comment_only.xml", "a comment" },
		{ "instruction.xml", "a processing instruction" },
		{ "cdata.xml", "a CDATA section" },
		{ "dtd.xml", "a document type" },
		{ "dtd_ids.xml", "a document type" },
		{ "xxe.xml", "a document type" },
		{ "laughs.xml", "a document type" },
		{ "entity.xml", "not well-formed" },
		{ "xinclude.xml", "XInclude" },
		{ "utf16.xml", "not UTF-8" },
		{ "utf7.xml", "another encoding" },
		{ "xml11.xml", "not XML 1.0" },
		{ "deep.xml", "nested too deep" },
		{ "duplicate_id.xml", "the same ID twice" },
		{ "duplicate_id_spelt.xml", "the same ID twice" },
		{ "duplicate_xml_id.xml", "the same ID twice" },
		{ "cut.xml", "not well-formed" },
		{ "trailing.xml", "not well-formed" },
		{ "two_assertions.xml", "more than one assertion" },
		{ "two_names.xml", "no NameID of one text" },
		{ "name_in_name.xml", "no NameID of one text" },
		{ "root.xml", "not a SAML response" },
		{ 0 },
	};
	refuses(all, "good.xml", &expect);
}

static void refuses_what_was_not_said_to_us(void)
{
	static const struct forged all[] = {
		{ "failed.xml", "tells of a failure: Responder, AuthnFailed" },
		{ "failed_with_assertion.xml", "tells of a failure" },
		{ "failed_forged.xml", "tells of a failure" },
		{ "two_statuses.xml", "tells of a failure" },
		{ "no_assertion.xml", "has no assertion" },
		{ "no_audience.xml", "names no audience" },
		{ "two_audiences.xml", "for another audience" },
		{ "unknown_condition.xml", "a condition that is not known" },
		{ "holder_of_key.xml", "no subject that its bearer is" },
		{ "other_issuer.xml", "not issued by the identity provider" },
		{ "other_response_issuer.xml", "not issued by the identity provider" },
		{ "other_recipient.xml", "for another recipient" },
		{ "conditions_not_yet.xml", "the assertion is not valid now" },
		{ "conditions_over.xml", "the assertion is not valid now" },
		{ "confirmation_over.xml", "the confirmation of the subject is not valid now" },
		{ "no_destination.xml", "for another destination" },
		{ "answers_nothing.xml", "does not answer the request" },
		{ "answers_by_response.xml", "does not answer the request" },
		{ "session_over.xml", "session at the identity provider is over" },
		{ "good_unsolicited.xml", "does not answer the request" },
		{ 0 },
	};
	refuses(all, "good.xml", &expect);
}

/* The document is the true one; what is expected differs in one thing. */
static void refuses_elsewhere(void)
{
	struct saml_expect e = expect;

	is_in("good.xml", &e);
	e.entity_id = "https://other.example.test/metadata";
	is_out("good.xml", &e, "for another audience");
	e = expect;
	e.acs_url = "https://sp.example.test/acs2";
	is_out("good.xml", &e, "for another destination");
	e = expect;
	e.idp_entity_id = "https://other.example.test/metadata";
	is_out("good.xml", &e, "not issued by");
	e = expect;
	e.request_id = "_of_another_browser";
	is_out("good.xml", &e, "does not answer the request");
	e.request_id = NULL;
	is_out("good.xml", &e, "does not answer the request");
	e = expect;
	e.encrypted = true;
	is_in("good_encrypted.xml", &e);
	is_out("good.xml", &e, "is not encrypted");
}

static void keeps_to_time(void)
{
	struct saml_expect e = expect;
	int64_t from = expect.now_ms - 60000, until = expect.now_ms + 4 * 60000;

	e.now_ms = until + SAML_SKEW_MS - 1;
	is_in("good.xml", &e);
	e.now_ms++;
	is_out("good.xml", &e, "not valid now");
	e.now_ms = from - SAML_SKEW_MS;
	is_in("good.xml", &e);
	e.now_ms--;
	is_out("good.xml", &e, "issued in the future");
}

static void refuses_encrypted(void)
{
	static const struct forged all[] = {
		{ "encrypted_unsigned.xml", "the assertion is not signed" },
		{ "encrypted_attacker.xml", "not by a key of" },
		{ "encrypted_wrapped.xml", PLACE_A },
		{ "encrypted_and_plain.xml", "more than one assertion" },
		{ "plain_and_encrypted.xml", "more than one assertion" },
		{ "encrypted_twice.xml", "more than one assertion" },
		{ "encrypted_comment.xml", "a comment" },
		{ "encrypted_dtd.xml", "a document type" },
		{ "encrypted_for_other.xml", "not for a key of ours" },
		{ "encrypted_flipped.xml", "was altered" },
		{ "encrypted_tag.xml", "was altered" },
		{ "encrypted_short.xml", "was altered" },
		{ "encrypted_rsa15.xml", "otherwise than by RSA-OAEP" },
		{ "encrypted_nothing.xml", "has not one EncryptedData" },
		{ "good_cbc.xml", "AES-CBC is only opened where" },
		{ 0 },
	};
	struct saml_expect e = expect;

	refuses(all, "good_encrypted.xml", &expect);
	e.opener = NULL;
	is_out("good_encrypted.xml", &e, "no key of ours");
}

/* Whatever is wrong behind the encryption, one answer: who alters blocks of AES-CBC learns nothing about what they became. */
static void tells_nothing_of_padding(void)
{
	static const char *const all[] = { "cbc_padding.xml", "cbc_block.xml", "cbc_cut.xml", "cbc_not_xml.xml",
		"encrypted_unsigned.xml", "encrypted_attacker.xml", "encrypted_for_other.xml",
		"encrypted_rsa15.xml" };
	struct saml_expect e = expect;

	e.opener = &cbc_opener;
	is_in("good_cbc.xml", &e);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct buf b = file(all[i]);
		struct saml_person p = { 0 };
		struct fault f = { 0 };
		CHECK(saml_answer_read(b.p, b.n, &e, &arena, &p, &f) == RC_DENIED);
		CHECK(f.rc == RC_DENIED);
		CHECK_STR(f.text, "the encrypted assertion was not accepted");
		buf_done(&b);
	}
}

/* --- metadata */

static enum rc metadata(const char *name, const struct saml_certs *signer, struct saml_idp *ret, struct fault *why)
{
	struct buf b = file(name);
	enum rc rc = saml_metadata_read(b.p, b.n, signer, &arena, ret, why);

	buf_done(&b);
	return rc;
}

static void refuses_metadata(const char *name, const struct saml_certs *signer, const char *words)
{
	struct saml_idp i = { 0 };
	struct fault why = { 0 };

	CHECK(metadata(name, signer, &i, &why) != RC_OK);
	CHECK(strstr(why.text, words));
}

static void reads_metadata(void)
{
	struct saml_idp i = { 0 };
	struct saml_certs next = { 0 };
	struct fault why = { 0 };

	CHECK(metadata("metadata.xml", NULL, &i, &why) == RC_OK);
	CHECK_STR(i.entity_id, "https://idp.example.test/metadata");
	CHECK(i.sso.binding == SAML_REDIRECT && i.slo.binding == SAML_REDIRECT && i.wants_signed);
	CHECK_STR(i.sso.url, "https://idp.example.test/sso?tenant=1");
	CHECK_STR(i.slo.url, "https://idp.example.test/slo");
	CHECK_STR(i.slo.response_url, "https://idp.example.test/slo/done");
	CHECK(i.certs.n == 3 && i.valid_until_ms == 1924992000000);
	saml_metadata_done(&i);
	CHECK(metadata("metadata_comment.xml", NULL, &i, &why) == RC_OK && i.certs.n == 1);
	saml_metadata_done(&i);

	add_cert(&next, "next.crt");
	CHECK(metadata("metadata_signed.xml", &next, &i, &why) == RC_OK && i.certs.n == 1);
	saml_metadata_done(&i);
	refuses_metadata("metadata_attacker.xml", &next, "not by a key of");
	refuses_metadata("metadata.xml", &next, "the metadata is not signed");
	refuses_metadata("metadata_weak.xml", NULL, "neither RSA of 2048");
	refuses_metadata("metadata_no_key.xml", NULL, "no certificate");
	refuses_metadata("metadata_script.xml", NULL, "no http or https URL");
	refuses_metadata("good.xml", NULL, "not the metadata");
	refuses_metadata("dtd.xml", NULL, "a document type");
	saml_certs_done(&next);
}

int main(void)
{
	begin();
	reads_the_person();
	lets_true_ones_in();
	refuses_wrapped_signatures();
	refuses_other_signatures();
	refuses_more_than_text();
	refuses_what_was_not_said_to_us();
	refuses_elsewhere();
	keeps_to_time();
	refuses_encrypted();
	tells_nothing_of_padding();
	reads_metadata();
	EVP_PKEY_free(opener.keys[0]);
	saml_certs_done(&certs);
	saml_certs_done(&curve);
	arena_done(&arena);
	return 0;
}
