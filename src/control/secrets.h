/*
 * secrets: what one master secret gives. DATA/master.key (0600) is made at the first start; everything else is derived from
 * it (HKDF-SHA256), so there is one file to keep safe, and to back up apart from the database.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "control/control.h"

must_check enum rc secrets_open(const char *data_dir, struct control_secrets *ret, struct fault *f);
