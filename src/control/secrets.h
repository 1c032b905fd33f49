/*
 * secrets: what comes from the one root secret of an installation, by HKDF-SHA256: the pepper of API keys, the key of page cursors, the
 * identity that agents pin, fingerprints. The root is in the database, sealed (control/keyring), and never changes.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "control/control.h"

#define SECRETS_ROOT     32
#define SECRETS_NAME_MAX 9 /* with NUL */

/* Fills in all but `ring`. */
must_check enum rc secrets_derive(const uint8_t root[static SECRETS_ROOT], struct control_secrets *ret);

/* What tells two roots apart, in hexadecimal; the database and backups have it. */
void secrets_name(const struct control_secrets *s, char ret[static SECRETS_NAME_MAX]);
