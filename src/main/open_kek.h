/*
 * open_kek: who keeps the key-encryption keys, as configured.
 *
 * The file is the one that data.master_key names, else the systemd credential footplate-master-key, else DATA/master.key.
 */
#pragma once

#include "main/conf.h"

#include <stdbool.h>

struct kek;

#define OPEN_KEK_CREDENTIAL "footplate-master-key"

/*
 * `make`: DATA/master.key is made when it is needed and not there; else RC_MISSING. *ret_old: a file beside another provider, whose keys
 * still open what they wrapped; NULL: none.
 */
must_check enum rc open_kek(
	const struct conf *c, bool make, struct kek **ret, struct kek **ret_old, struct fault *f);
