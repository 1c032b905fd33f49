/*
 * secrets: what one master key gives. It is the file that the setting data.master_key names, else the systemd credential
 * footplate-master-key, else DATA/master.key (0600), which is made at the first start. Everything else is derived from it
 * (HKDF-SHA256), so there is one key to keep safe, and to back up apart from the database.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "control/control.h"

#define SECRETS_CREDENTIAL "footplate-master-key"

/*
 * `named`: the file of the setting, NULL: none. `credentials`: systemd's folder ($CREDENTIALS_DIRECTORY), NULL: none.
 * RC_DENIED: others can read the key. RC_INVALID: it is not 32 bytes (or 64 hexadecimal digits), or not random.
 */
must_check enum rc secrets_open(const char *data_dir, const char *named, const char *credentials,
	struct control_secrets *ret, struct fault *f);
