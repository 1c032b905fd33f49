/*
 * saml_sessions: by which name and in which session an identity provider knows a session of ours: what a logout needs, whoever begins it.
 */
#pragma once

#include "control/tx.h"

#include <stdbool.h>

struct call;
struct field_list;

#define SAML_LOGOUT_INDEXES_MAX 32 /* of one LogoutRequest */

struct saml_subject {
	const char *name_id;
	const char *format, *name_qualifier, *sp_name_qualifier, *session_index; /* NULL: none */
};

struct saml_session {
	const char *user_id, *idp_id;
	const char *subject; /* who they are there, for ever */
	struct saml_subject who;
	bool second_factor;
	int64_t until_ms; /* the session ends then at the latest; 0: as any other */
};

/* Opens a browser's session for somebody who has just come. On the writer. Errors as of people_sessions_open. */
must_check enum rc saml_sessions_open(struct call *c, const struct saml_session *s);

/* RC_MISSING: it did not come by this provider. */
must_check enum rc saml_sessions_find(
	struct tx *tx, const char *session_id, const char *idp_id, struct saml_subject *ret);

/* Ends what this person has by this provider: the sessions of these indexes (of const char *), or all without any. On the writer. */
must_check enum rc saml_sessions_end(
	struct tx *tx, const char *idp_id, const char *name_id, const struct field_list *indexes, size_t *ret_n);
