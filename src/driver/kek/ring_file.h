/*
 * ring_file: key-encryption keys in a file, one line a version:
 *
 *	footplate-keyring 1
 *	1 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
 *	2 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
 *
 * The file is its owner's alone (0600), or a credential that systemd shows to the service. A file of 32 bytes, or 64 hexadecimal digits,
 * is a master key from before there were versions: version 1 of a ring, that becomes one when a version is added.
 *
 * Keys are kept in locked memory. They are used by HKDF-SHA256 ("key-encryption key"), never as they stand.
 */
#pragma once

#include "contract/kek.h"

#include <stdbool.h>

#define RING_FILE_KEYS_MAX 64
#define RING_FILE_PATH_MAX 4200
#define RING_FILE_NAME     "file"

struct ring_file_conf {
	const char *path;
	bool credential; /* systemd's: others of the group may seem to read it, and it cannot be written */
	bool make;       /* one with version 1 when there is none */
};

/* RC_MISSING: no such file. RC_DENIED: others can read it. RC_INVALID: it cannot be read, or a key in it is not random. */
must_check enum rc ring_file_open(const struct ring_file_conf *conf, struct kek **ret, struct fault *f);
