/* oidc_answer: somebody comes back from an OpenID provider: is it their log-on, and who are they? The `before` of the callback. */
#pragma once

#include "control/http/route.h"

struct oidc_answer {
	const char *code, *state, *iss, *error;
};
extern const struct field oidc_answer_fields[];

/* Leaves a struct oidc_found. */
must_check enum rc oidc_answer_before(struct call *c);
