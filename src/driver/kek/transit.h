/*
 * transit: key-encryption keys of HashiCorp Vault's transit engine (or OpenBao's), over its HTTP API: encrypt, decrypt, rotate, read. The key
 * must be of type aes256-gcm96 and neither derived nor exportable; what a wrapped key is bound to goes along as associated_data. The
 * text that Vault gives, vault:v2:…, is kept as vault:2:….
 *
 * The token comes from a file (0600), which is read for every call: an agent may renew it. Plain http is spoken with 127.0.0.1 alone.
 * (developer.hashicorp.com: Vault, HTTP API, secrets engines, transit)
 */
#pragma once

#include "contract/kek.h"

#define TRANSIT_NAME        "vault"
#define TRANSIT_DEADLINE_MS 5000

struct transit_conf {
	const char *url;       /* https://HOST[:PORT] */
	const char *mount;     /* "transit" */
	const char *key;       /* the key's name there */
	const char *namespace; /* NULL: none */
	const char *token_file;
	const char *ca_file; /* NULL: the system's authorities alone. All of these are kept */
};

/* RC_MISSING: no such key. RC_AWAY: not reached, or sealed. RC_DENIED: the token may not. RC_INVALID: a key that will not do. */
must_check enum rc transit_open(const struct transit_conf *conf, struct kek **ret, struct fault *f);
