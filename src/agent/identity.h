/*
 * identity: who the agent is: its id, its Ed25519 secret, and the control plane's public key, pinned when it enrolled. Kept in
 * one file that only its owner may read. Blocking; any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"
#include "wire/tunnel_auth.h"

#include <stddef.h>

#define IDENTITY_ID_MAX 65

struct identity {
	char agent_id[IDENTITY_ID_MAX], region_id[IDENTITY_ID_MAX];
	uint8_t secret[TUNNEL_AUTH_KEY];  /* wipe it: identity_wipe */
	uint8_t control[TUNNEL_AUTH_KEY]; /* public */
};

/* RC_MISSING: there is no such file. */
must_check enum rc identity_load(const char *path, struct identity *ret, struct fault *f);
must_check enum rc identity_save(const char *path, const struct identity *id, struct fault *f);
void identity_wipe(struct identity *id);

struct identity_enroll {
	const char *server_url;   /* http(s)://HOST:PORT */
	const struct hush *token; /* one-time */
	const char *version;
	const char *const *capabilities;  /* end in NULL */
	const char *ca_file, *http_proxy; /* NULL: none */
};

/* Makes a key, and has it enrolled. RC_DENIED: refused for good; other failures may pass. */
must_check enum rc identity_enroll(const struct identity_enroll *how, struct identity *ret, struct fault *f);

/* Opens what was sealed to this agent, as hexadecimal (wire/seal). NULL opens to nothing. */
must_check enum rc identity_open(const struct identity *id, const char *sealed, struct hush *ret, struct fault *f);
