/*
 * saml_sessions: by which name and in which session an identity provider knows a session of ours: what a logout needs, whoever begins it.
 */
#pragma once

#include "control/tx.h"

struct field_list;

#define SAML_LOGOUT_INDEXES_MAX 32 /* of one LogoutRequest */

struct saml_subject {
	const char *name_id;
	const char *format, *name_qualifier, *sp_name_qualifier, *session_index; /* NULL: none */
};

/* After people_sessions_open. `until_ms`: the session ends then at the latest; 0: as any other. On the writer. */
must_check enum rc saml_sessions_add(struct tx *tx, const char *session_id, const char *idp_id,
	const struct saml_subject *who, int64_t until_ms);

/* RC_MISSING: it did not come by this provider. */
must_check enum rc saml_sessions_find(
	struct tx *tx, const char *session_id, const char *idp_id, struct saml_subject *ret);

/* Ends what this person has by this provider: the sessions of these indexes (of const char *), or all without any. On the writer. */
must_check enum rc saml_sessions_end(
	struct tx *tx, const char *idp_id, const char *name_id, const struct field_list *indexes, size_t *ret_n);
