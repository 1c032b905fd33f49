/* oidc_rig: what tests of single sign-on share: providers that run beside the control plane, and people who log on. */
#pragma once

#include "tests/system/browser.h"
#include "tests/system/rig.h"

struct oidc_rig {
	struct rig *rig;
	pid_t pid;
	char issuer[128];
};

/* Starts tests/oidc/SCRIPT, at most once. */
void oidc_rig_start(struct oidc_rig *o, struct rig *r, const char *script);

/* Asks one of its /test/ addresses. `body` NULL: a GET. The caller decrefs. */
json_t *oidc_rig_ask(const struct oidc_rig *o, const char *path, const char *body);

/* Makes the identity provider NAME with the client ctl-NAME. `oidc` and `people`: further members of these. Its id lives until the next call. */
const char *oidc_rig_provider(
	const struct oidc_rig *o, const char *name, const char *secret, const char *oidc, const char *people);

/* A call of the API that must be answered with this status, whose answer has these words (NULL: any). If-Match: *. */
void oidc_rig_wrong(
	const struct rig *r, int status, const char *method, const char *path, const char *body, const char *words);
json_t *oidc_rig_patch(const struct rig *r, const char *path, const char *body);

/* Begins a log-on; the browser stops before it comes back. Its location is the way back then. `go_to` escaped, or NULL. */
void oidc_rig_go(
	const struct oidc_rig *o, struct browser *b, const char *name, const char *user, const char *go_to);
/* The same, and comes back. True: it is logged on. */
bool oidc_rig_log_on(
	const struct oidc_rig *o, struct browser *b, const char *name, const char *user, const char *go_to);

/* The status of GET /v1/auth/me. */
int oidc_rig_me(const struct oidc_rig *o, struct browser *b);
