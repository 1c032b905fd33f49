/*
 * vault_stand_in: what of HashiCorp Vault's transit engine a client of keys sees, from its public documentation: keys/NAME, keys/NAME/rotate,
 * encrypt/NAME, decrypt/NAME, with associated_data, versions, min_decryption_version, and its errors. No Vault runs here: a real one may differ in
 * what its documents do not say. On a free port of 127.0.0.1, plain HTTP, a thread of the test.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VAULT_STAND_IN_TOKEN    "hvs.CANARYCAESIJ-stand-in"
#define VAULT_STAND_IN_VERSIONS 16

struct vault_stand_in {
	char url[64];
	_Atomic bool sealed;         /* 503 */
	_Atomic bool may_not_rotate; /* 403 for rotate */
	_Atomic bool exportable, derived;
	_Atomic bool garbles; /* answers that are not JSON */
	_Atomic int min_decryption_version;
	_Atomic int calls;
	/* its own */
	int listener;
	_Atomic int newest;
	uint8_t keys[VAULT_STAND_IN_VERSIONS][32];
	uintptr_t thread;
};

void vault_stand_in_start(struct vault_stand_in *v);
void vault_stand_in_stop(struct vault_stand_in *v);
