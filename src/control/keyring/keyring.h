/*
 * keyring: the vault's keys in memory, by number. Each seals the keys of values (access/vault); each is itself wrapped by a
 * key-encryption key (contract/kek) in the table vault_keys. So a secret is opened without asking whoever keeps that key. Three levels: a value under
 * its own key, that under one of these, this under the key-encryption key.
 *
 * In locked memory. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYRING_KEY  32
#define KEYRING_MAX  32 /* that are loaded at once */
#define KEYRING_BASE 0  /* the number of `kek` in struct control_secrets: from before there were numbers */

struct keyring;

/* *ret_held: see io/locked. */
must_check enum rc keyring_new(struct keyring **ret, bool *ret_held, struct fault *f);
void keyring_free(struct keyring *k);
OWN_DEFINE(keyring)

/* One that is there already is left as it is. RC_LIMIT: KEYRING_MAX are. */
must_check enum rc keyring_put(
	struct keyring *k, uint32_t number, const uint8_t key[static KEYRING_KEY], struct fault *f);
void keyring_drop(struct keyring *k, uint32_t number);
void keyring_keep(struct keyring *k, const uint32_t *numbers, size_t n); /* drops all others */
bool keyring_has(struct keyring *k, uint32_t number);

/* Copies it for one use; the caller wipes it. false: it is not loaded. */
must_check bool keyring_find(struct keyring *k, uint32_t number, uint8_t ret[static KEYRING_KEY]);

/* The one that seals; 0: none yet. */
uint32_t keyring_current(struct keyring *k);
void keyring_set_current(struct keyring *k, uint32_t number); /* that was put */
