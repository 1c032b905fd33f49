/*
 * oidc_page: what a person's browser shows when a log-on did not work: a small page, or a problem document for programs. Nothing of the
 * request or of the provider's answer stands in it.
 */
#pragma once

#include "control/http/route.h"

/* Writes the answer of a ROUTE_RAW handler; what the handler did is kept. `words` NULL: those for this error. Returns RC_OK or RC_NOMEM. */
must_check enum rc oidc_page(struct call *c, enum rc why, const char *words);
