#include "control/sso/saml_conf.h"

#include <string.h>

const struct field saml_conf_fields[] = {
	{ .name = "metadata",
		.type = FIELD_STR,
		FIELD_AT(struct saml_conf, metadata),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 262144,
		.doc = "The provider's metadata, an XML document." },
	{ 0 },
};

enum rc saml_conf_check(const struct saml_conf *conf, struct field_reader *r)
{
	return strstr(conf->metadata, "EntityDescriptor") ? RC_OK
							  : field_json_problem(r, "/metadata", "malformed",
								    "is no SAML metadata: no EntityDescriptor");
}

bool saml_conf_is_another(const struct saml_conf *was, const struct saml_conf *is)
{
	static const char name[] = "entityID=";
	const char *a = strstr(was->metadata, name), *b = strstr(is->metadata, name);
	size_t n = a ? strcspn(a + sizeof(name), "\"'") + sizeof(name) + 1 : 0;

	return !a || !b || strncmp(a, b, n) != 0;
}
