/*
 * keys_hash: the hash under which a secret is stored: HMAC-SHA-256 with the installation's pepper. Any thread.
 */
#pragma once

struct control;

#define KEYS_HASH_MAX 65

void keys_hash(const struct control *c, const char *secret, char ret[static KEYS_HASH_MAX]); /* hexadecimal */
