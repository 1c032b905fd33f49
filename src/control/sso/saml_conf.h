/* saml_conf: how to speak with a SAML identity provider, as an administrator says it. */
#pragma once

#include "base/field.h"
#include "wire/field_json.h"

#define SAML_CONF_METADATA_MAX 262144

/* Texts that are NULL: see the field table for what is used. */
struct saml_conf {
	const char *metadata, *metadata_url, *metadata_certificate;
	uint32_t refresh_s;
	const char *entity_id; /* ours */
	const char *subject_attribute, *name_id_format;
	bool signed_response, encrypted, aes_cbc, unsolicited, force_authn;
	struct field_list second_factors; /* of const char * */
};
extern const struct field saml_conf_fields[];

/* Does it speak of another provider, whose subjects are other people? */
bool saml_conf_is_another(const struct saml_conf *was, const struct saml_conf *is);

/* What the table cannot tell. Problems are added to r; RC_INVALID then. */
must_check enum rc saml_conf_check(const struct saml_conf *conf, struct field_reader *r);
