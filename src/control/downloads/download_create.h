/* download_create: a new download: asked for by a caller, or by something else (triggers). */
#pragma once

#include "control/http/route.h"

struct download_request;
struct action_download_source;

/* May the caller have this done, and is it right? `request`: JSON as createDownload takes it, without a password. Problems stand under `at`. */
must_check enum rc download_create_check(struct call *c, const char *request, const char *at);

/* A caller asks for it, by whatever route: checked, counted, made, and begun if it is its turn. *ret_id is in the arena. */
must_check enum rc download_create_called(struct call *c, const struct download_request *in, const char **ret_id);
void download_create_count(struct call *c);

/* In the name of who acts, whose limits count: tx->actor, tx->tenant_id. *ret_id is in the arena. */
must_check enum rc download_create_fired(struct tx *tx, const char *request, const char **ret_id);

/* May the caller have any of this, and is there room for it? */
must_check enum rc download_create_check_all(struct call *c, const struct download_request *in);

/* In the name of who acts; it waits for its turn. *ret_id is in the arena. */
must_check enum rc download_create_add(struct tx *tx, const struct download_request *in,
	const struct action_download_source *s, const char **ret_id);
