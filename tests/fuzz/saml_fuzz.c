/* What a stranger may send for SAML: no document does harm, and none is let in without a key that could have signed it. */
#include "control/sso/saml_answer.h"
#include "control/sso/saml_certs.h"
#include "control/sso/saml_conditions.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_guard.h"
#include "control/sso/saml_metadata.h"
#include "control/sso/saml_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct saml_certs nobody;
static const struct saml_expect expect = { .entity_id = "https://sp.example.test/metadata",
	.acs_url = "https://sp.example.test/acs",
	.idp_entity_id = "https://idp.example.test/metadata",
	.certs = &nobody,
	.request_id = "_request",
	.now_ms = 1893456060000 };

static void answer(const uint8_t *p, size_t n, struct arena *a)
{
	struct saml_person person = { 0 };
	struct fault f = { 0 };

	if (saml_answer_read(p, n, &expect, a, &person, &f) == RC_OK)
		__builtin_trap();
}

static void metadata(const uint8_t *p, size_t n, struct arena *a)
{
	struct saml_idp i = { 0 };
	struct fault f = { 0 };

	if (saml_metadata_read(p, n, NULL, a, &i, &f) != RC_OK)
		return;
	if (!i.entity_id || i.certs.n == 0 || i.sso.binding == SAML_NONE)
		__builtin_trap();
	saml_metadata_done(&i);
}

/* As if it had been signed. */
static void assertion(const uint8_t *p, size_t n)
{
	auto_saml_doc struct _xmlDoc *doc = NULL;
	struct saml_guarded at = { 0 };
	struct fault f = { 0 };
	int64_t until = 0;

	if (saml_xml_read(p, n, SAML_XML_MESSAGE, &doc, &f) != RC_OK)
		return;
	for (enum saml_guard_form form = SAML_FORM_RESPONSE; form <= SAML_FORM_METADATA; form++) {
		if (saml_guard(doc, form, &at, &f) != RC_OK)
			continue;
		struct _xmlNode *a = at.assertion;
		if (a && saml_conditions(a, &expect, &until, &f) == RC_OK &&
			saml_conditions_bearer(a, &expect, &until, &f) == RC_OK && until == 0)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };

	answer(p, n, &a);
	metadata(p, n, &a);
	assertion(p, n);
	arena_done(&a);
	return 0;
}
