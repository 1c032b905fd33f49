#include "control/sso/oidc_conf.h"
#include "wire/field_json.h"
#include "wire/oidc.h"

#include <string.h>

#define AT(member) FIELD_AT(struct oidc_conf, member)

static const char *const auth_words[] = { "client_secret_basic", "client_secret_post", "private_key_jwt", "none",
	NULL };

const struct field oidc_conf_fields[] = {
	{ .name = "issuer",
		.type = FIELD_STR,
		AT(issuer),
		.flags = FIELD_REQUIRED,
		.min = 8,
		.max = 512,
		.doc = "The provider's issuer, letter by letter as it names itself. https://, but on this "
		       "machine." },
	{ .name = "clientId",
		.type = FIELD_STR,
		AT(client_id),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 256,
		.doc = "What the provider calls us." },
	{ .name = "clientAuth",
		.type = FIELD_ENUM,
		AT(auth),
		.words = auth_words,
		.doc = "How we prove it: by the secret client_secret, or by the secret private_key (an Ed25519, "
		       "P-256 "
		       "or RSA key as PEM)." },
	{ .name = "scopes",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(scopes),
		.max = 20,
		.doc = "Asked for besides openid; empty: profile and email." },
	{ .name = "prompt",
		.type = FIELD_STR,
		AT(prompt),
		.flags = FIELD_NULLABLE,
		.max = 64,
		.chars = "abcdefghijklmnopqrstuvwxyz_ ",
		.doc = "What the provider is told to ask at every log-on, such as login or select_account." },
	{ .name = "maxAgeSeconds",
		.type = FIELD_U32,
		AT(max_age_s),
		.max = 31536000,
		.doc = "People must have proved to the provider who they are so lately; 0: at any time." },
	{ .name = "userinfo",
		.type = FIELD_BOOL,
		AT(userinfo),
		.doc = "Claims are also read from the provider's userinfo endpoint." },
	{ .name = "logoutRedirect",
		.type = FIELD_BOOL,
		AT(logout_redirect),
		.doc = "Who logs out here is sent to the provider, to log out there." },
	{ .name = "trustMfa",
		.type = FIELD_BOOL,
		AT(trusts_mfa),
		.doc = "A second factor that the provider tells of (amr: mfa, mca) counts as one here." },
	{ 0 },
};

bool oidc_conf_is_url(const char *url) { return oidc_is_url(url) && !strchr(url, '?'); }

enum rc oidc_conf_check(const struct oidc_conf *conf, struct field_reader *r)
{
	const char *const *scopes = conf->scopes.at;
	enum rc rc = RC_OK;

	if (!oidc_conf_is_url(conf->issuer))
		rc = field_json_problem(r, "/issuer", "malformed",
			"must be https:// with a host, without user, query and fragment; http:// only on this "
			"machine");
	for (const char *p = conf->client_id; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			rc = field_json_problem(r, "/clientId", "malformed", "must not hold control characters");
			break;
		}
	for (size_t i = 0; i < conf->scopes.n; i++)
		if (!*scopes[i] || strlen(scopes[i]) > 128 || strpbrk(scopes[i], " \"\\"))
			rc = field_json_problem(
				r, "/scopes", "malformed", "each must be one word of at most 128 bytes");
	return rc;
}
