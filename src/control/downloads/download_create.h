/* download_create: downloads that something else asks for: triggers. */
#pragma once

#include "control/http/route.h"

/* May the caller have this done, and is it right? `request`: JSON as createDownload takes it, without a password. Problems stand under `at`. */
must_check enum rc download_create_check(struct call *c, const char *request, const char *at);

/* In the name of who acts, whose limits count: tx->actor, tx->tenant_id. *ret_id is in the arena. */
must_check enum rc download_create_fired(struct tx *tx, const char *request, const char **ret_id);
