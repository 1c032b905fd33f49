/*
 * once: what may be used one time only: the state of a log-on, the jti of a logout token, the id of an assertion. Durable, and
 * for all control planes on the database. On the writer.
 */
#pragma once

#include "control/tx.h"

/*
 * `what` is the thing with its kind before it ("state:…", "jti:…", "assertion:…"), of any length; it is remembered until
 * until_ms, when it would be refused for its age. RC_EXISTS: it was used before; the transaction is not spoilt.
 */
must_check enum rc once_use(struct tx *tx, const char *idp_id, const char *what, int64_t until_ms);

/* Was it not used before, as far as can be seen? RC_EXISTS: it was. For what costs much before once_use; any connection. */
must_check enum rc once_unused(struct tx *tx, const char *idp_id, const char *what);
