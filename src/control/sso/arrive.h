/*
 * arrive: somebody comes from an identity provider, which has proven who they are there. Who are they here, may they come in,
 * and in which groups are they? One set of rules for all kinds of single sign-on (claims_rules):
 *
 * - Who came before is known by the provider's subject, and by that alone: neither login nor e-mail address finds them again.
 * - Who comes for the first time is linked to a user only by linkByEmail, with a verified address that exactly one user of the
 *   tenant has; else made, by createUsers, under a login that nobody has. A user that is there is never taken over by its name.
 * - An address is kept only when it was verified, so that nobody can wait under another's address for a link.
 * - The groups that a provider gives are the provider's (group_members.source): at each log-on they become what it says now,
 *   and those that people gave by hand stay.
 */
#pragma once

#include "control/sso/provider.h"

#define ARRIVE_SUBJECT_MAX 255 /* bytes */

/* What has been proven, by whatever protocol. */
struct sso_person {
	const struct provider *idp;
	const char *subject;         /* who they are there, for ever */
	const struct json_t *claims; /* an object; SAML's attributes as lists of texts under their names */
};

enum arrive_how { ARRIVE_KNOWN, ARRIVE_LINKED, ARRIVE_CREATED, ARRIVE_REFUSED };
extern const char *const arrive_how_words[];

struct arrive_plan {
	enum arrive_how how;
	const char *why;     /* refused: words for the person; they hold nothing that the provider said */
	const char *user_id; /* known and linked; else NULL */
	struct claims_person person;
	bool leaves; /* refused, and what they had here by this provider ends: groups, sessions */
};

/* What would come of it; nothing is changed. Any connection. */
must_check enum rc arrive_plan(struct tx *tx, const struct sso_person *p, struct arrive_plan *ret);

/*
 * Does it, on the writer, with events and audit rows. RC_OK with *ret_user_id NULL: not let in, for plan->why; what changed by
 * that (groups lost) must be committed, so the caller answers with a page of its own, not with an error.
 */
must_check enum rc sso_arrive(
	struct call *c, const struct sso_person *p, struct arrive_plan *ret_plan, const char **ret_user_id);
