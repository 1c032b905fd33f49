/* saml_us: ourselves, as one identity provider knows us. How that is made and kept: saml_sp. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;

#define SAML_SP_KEYS 2 /* at a time: one signs; the other is to follow it, or was before it */

enum saml_key_state { SAML_KEY_CURRENT, SAML_KEY_NEXT, SAML_KEY_OLD };
extern const char *const saml_sp_key_words[];

struct saml_sp_key {
	const char *id, *certificate; /* certificate: base64 of the DER */
	int state;                    /* enum saml_key_state */
	int64_t created_at;
	struct evp_pkey_st *key; /* NULL unless it was asked for */
};

struct saml_sp {
	const char *entity_id, *metadata_url, *acs_url, *slo_url;
	struct saml_sp_key keys[SAML_SP_KEYS]; /* current first */
	size_t keys_n;
};
