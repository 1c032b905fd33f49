/* oidc_conf: how to speak with an OpenID provider, as an administrator says it. */
#pragma once

#include "base/field.h"
#include "base/own.h"
#include "base/rc.h"

struct field_reader;

enum oidc_auth { OIDC_AUTH_BASIC, OIDC_AUTH_POST, OIDC_AUTH_KEY, OIDC_AUTH_NONE };

struct oidc_conf {
	const char *issuer, *client_id;
	int auth; /* enum oidc_auth */
	struct field_list scopes;
	const char *prompt;   /* NULL: nothing is asked for */
	uint32_t max_age_s;   /* 0: no matter how long ago they proved to the provider who they are */
	bool userinfo;        /* claims of the userinfo endpoint, too */
	bool logout_redirect; /* who logs out here is sent to log out there */
	bool trusts_mfa;      /* a second factor there is one here */
};
extern const struct field oidc_conf_fields[];

/* What the table cannot tell. Problems are added to r; RC_INVALID then. */
must_check enum rc oidc_conf_check(const struct oidc_conf *conf, struct field_reader *r);

/* https://, or http:// to this very machine; with a host, without a user, a query and a fragment. */
bool oidc_conf_is_url(const char *url);
