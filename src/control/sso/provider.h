/*
 * provider: one identity provider, as the database has it and as the single sign-on of its kind reads it. What depends on the
 * kind stands in a field table of its own: oidc_conf_fields, saml_conf_fields. Secrets are in the vault, see provider_secret.
 */
#pragma once

#include "base/hush.h"
#include "control/http/route.h"
#include "control/sso/oidc_conf.h"
#include "control/sso/saml_conf.h"
#include "wire/claims.h"

#define PROVIDER_MAX 50 /* in the installation */

enum provider_kind { PROVIDER_OIDC, PROVIDER_SAML };
extern const char *const provider_kind_words[];

#define PROVIDER_CLIENT_SECRET "client_secret" /* of OpenID Connect */
#define PROVIDER_PRIVATE_KEY   "private_key"   /* PEM; with which we sign, or open what is encrypted for us */

/* As the API shows it. */
struct provider_row {
	const char *id, *tenant_id;
	int kind; /* enum provider_kind */
	const char *name, *title, *base_url;
	bool enabled;
	const char *people, *oidc, *saml; /* JSON; of oidc and saml the other kind's is NULL */
	bool client_secret_set, private_key_set;
	int64_t version, created_at, updated_at;
};
extern const struct field provider_row_fields[];

#define PROVIDER_SELECT                                                                                            \
	"SELECT p.id, p.tenant_id, p.kind, p.name, p.title, p.base_url, p.enabled, p.people, CASE WHEN p.kind = "  \
	"'oidc' THEN p.conf END, CASE WHEN p.kind = 'saml' THEN p.conf END, EXISTS (SELECT 1 FROM secrets s "      \
	"WHERE s.kind = 'identity_provider' AND s.owner = p.id AND s.name = 'client_secret' AND s.sealed IS NOT "  \
	"NULL), EXISTS (SELECT 1 FROM secrets s WHERE s.kind = 'identity_provider' AND s.owner = p.id AND s.name " \
	"= 'private_key' AND s.sealed IS NOT NULL), p.version, p.created_at, p.updated_at FROM "                   \
	"identity_providers p "

/* The same for those who work with it. */
struct provider {
	struct provider_row row;
	struct claims_rules people;
	struct oidc_conf oidc; /* of PROVIDER_OIDC */
	struct saml_conf saml; /* of PROVIDER_SAML */
};

/* RC_MISSING: there is none. *ret lives in the transaction's arena. */
must_check enum rc provider_row_load(struct tx *tx, const char *id, struct provider_row *ret);
must_check enum rc provider_load(struct tx *tx, const char *id, struct provider *ret);

/* The one of this name and kind that is enabled; RC_MISSING in the same words for one that is not. */
must_check enum rc provider_named(struct tx *tx, const char *name, enum provider_kind kind, struct provider *ret);

/*
 * Decodes the texts of a row and checks what their tables cannot. `r` collects problems, each with its place in the row's JSON;
 * ret->row's texts have every member, with its default. RC_INVALID, RC_NOMEM.
 */
must_check enum rc provider_read(
	const struct provider_row *row, struct field_reader *r, struct provider *ret, struct fault *f);

/* One of the PROVIDER_ secrets. RC_MISSING: it was not set. */
must_check enum rc provider_secret(struct tx *tx, const char *id, const char *name, struct hush *ret);
