#include "control/sso/saml_conf.h"
#include "control/sso/oidc_conf.h"
#include "control/sso/saml_certs.h"
#include "control/sso/saml_metadata.h"

#include <string.h>

#define AT(member) FIELD_AT(struct saml_conf, member)

const struct field saml_conf_fields[] = {
	{ .name = "metadata",
		.type = FIELD_STR,
		AT(metadata),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = SAML_CONF_METADATA_MAX,
		.doc = "The provider's metadata: an XML document of one EntityDescriptor. This or metadataUrl." },
	{ .name = "metadataUrl",
		.type = FIELD_STR,
		AT(metadata_url),
		.flags = FIELD_NULLABLE,
		.min = 8,
		.max = 1024,
		.doc = "Where its metadata is fetched from, now and then; what was fetched goes before "
		       "`metadata`." },
	{ .name = "metadataCertificate",
		.type = FIELD_STR,
		AT(metadata_certificate),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 16384,
		.doc = "Base64 (DER) of the certificate whose key signs the metadata, which must then be signed." },
	{ .name = "refreshS",
		.type = FIELD_U32,
		AT(refresh_s),
		.min = 60,
		.max = 604800,
		.def = 3600,
		.doc = "After how many seconds the metadata is fetched anew." },
	{ .name = "entityId",
		.type = FIELD_STR,
		AT(entity_id),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 1024,
		.doc = "Our name at the provider; null: the address of our metadata." },
	{ .name = "subjectAttribute",
		.type = FIELD_STR,
		AT(subject_attribute),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 128,
		.doc = "The attribute that tells for ever who somebody is; null: the NameID, which must not be "
		       "transient." },
	{ .name = "nameIdFormat",
		.type = FIELD_STR,
		AT(name_id_format),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = 256,
		.doc = "The format of NameID that is asked for; null: any." },
	{ .name = "signedResponse",
		.type = FIELD_BOOL,
		AT(signed_response),
		.doc = "The response must be signed, besides the assertion." },
	{ .name = "encrypted", .type = FIELD_BOOL, AT(encrypted), .doc = "The assertion must be encrypted." },
	{ .name = "aesCbc",
		.type = FIELD_BOOL,
		AT(aes_cbc),
		.doc = "Opens assertions that are encrypted by AES-CBC, too; it cannot tell altered bytes from "
		       "true ones." },
	{ .name = "unsolicited",
		.type = FIELD_BOOL,
		AT(unsolicited),
		.doc = "Lets people in who come from the provider without having been sent there; whoever can make "
		       "a "
		       "browser post a form can then log it on as somebody else." },
	{ .name = "forceAuthn",
		.type = FIELD_BOOL,
		AT(force_authn),
		.doc = "Asks the provider to have people prove anew who they are." },
	{ .name = "secondFactors",
		.type = FIELD_LIST,
		AT(second_factors),
		.item = FIELD_STR,
		.max = 20,
		.doc = "The AuthnContextClassRefs that tell of more than a password." },
	{ 0 },
};

static enum rc check_metadata(const struct saml_conf *conf, const struct saml_certs *signer, struct field_reader *r)
{
	struct saml_idp i = { 0 };
	struct fault why = { 0 };
	enum rc rc = saml_metadata_read(conf->metadata, strlen(conf->metadata), signer, r->arena, &i, &why);

	saml_metadata_done(&i);
	return rc == RC_OK || rc == RC_NOMEM ? rc : field_json_problem(r, "/metadata", "malformed", why.text);
}

enum rc saml_conf_check(const struct saml_conf *conf, struct field_reader *r)
{
	struct saml_certs signer = { 0 };
	struct fault why = { 0 };
	enum rc rc = RC_OK;

	if (!conf->metadata && !conf->metadata_url)
		rc = field_json_problem(r, "/metadata", "required", "this or metadataUrl must be given");
	if (conf->metadata_url && !oidc_conf_is_url(conf->metadata_url))
		rc = field_json_problem(
			r, "/metadataUrl", "malformed", "is to be https://, or http:// to this machine");
	if (conf->metadata_certificate && saml_certs_add(&signer, conf->metadata_certificate, &why) != RC_OK)
		rc = field_json_problem(r, "/metadataCertificate", "malformed", why.text);
	if (rc == RC_OK && conf->metadata)
		rc = check_metadata(conf, conf->metadata_certificate ? &signer : NULL, r);
	saml_certs_done(&signer);
	return rc;
}

static bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static const char *entity(const struct saml_conf *conf, struct arena *a)
{
	struct saml_idp i = { 0 };
	bool read = conf->metadata &&
		    saml_metadata_read(conf->metadata, strlen(conf->metadata), NULL, a, &i, NULL) == RC_OK;

	saml_metadata_done(&i);
	return read ? i.entity_id : NULL;
}

bool saml_conf_is_another(const struct saml_conf *was, const struct saml_conf *is)
{
	struct arena a = { 0 };
	const char *then = entity(was, &a), *now = entity(is, &a);
	bool another = then && now ? strcmp(then, now) != 0 : !same(was->metadata_url, is->metadata_url);

	arena_done(&a);
	return another || !same(was->subject_attribute, is->subject_attribute);
}
