/*
 * claims: what an identity provider says of a person, and how an installation reads it: which claim is the login, the name,
 * the e-mail address, and which groups become groups of ours. The claims of OpenID Connect come as they are; the attributes of
 * SAML as an object of lists. Pure; any thread. Texts live in the arena.
 *
 * A claim is named by its name, or by a JSON pointer (RFC 6901) when it stands deeper: "groups", "/realm_access/roles". A group
 * is matched as a whole; one '*' stands for anything. There are no regular expressions: a match takes time in proportion to
 * the text, whatever the text is.
 */
#pragma once

#include "base/arena.h"
#include "base/field.h"
#include "base/own.h"
#include "base/rc.h"

struct json_t;

#define CLAIMS_NAME_MAX   128 /* bytes of a claim's name or pointer */
#define CLAIMS_TEXT_MAX   256 /* of a claim's text; a longer one is as none */
#define CLAIMS_VALUES_MAX 500 /* of one claim that are looked at */
#define CLAIMS_RULES_MAX  200

/* Who of the provider's group is in which of ours. */
struct claims_group {
	const char *match, *group_id;
};

/* How people of one provider are read. Members that are NULL: see the field table for what is used. */
struct claims_rules {
	const char *login, *name, *email, *email_verified, *groups; /* claims */
	bool trusts_email;           /* its e-mail addresses are verified, whether it says so or not */
	bool creates, links;         /* people that come for the first time */
	bool needs_group;            /* who is in no group of ours is not let in */
	struct field_list domains;   /* of const char *: of verified e-mail addresses; empty: any */
	struct field_list group_map; /* of struct claims_group */
};
extern const struct field claims_rules_fields[];

/* What came of it. A text is NULL when the claims have none. */
struct claims_person {
	const char *login; /* lower case */
	const char *name, *email;
	bool email_verified;
	struct field_list said;   /* of const char *: the provider's groups */
	struct field_list groups; /* of const char *: ids of ours, each once */
};

/* The value of a claim; NULL: there is none. Borrowed from `in`. */
const struct json_t *claims_find(const struct json_t *in, const char *name);

/* Its text; of a list with one text, that. NULL: there is none, it is too long, or it holds control characters. */
const char *claims_text(const struct json_t *in, const char *name, struct arena *a);

bool claims_matches(const char *pattern, const char *text);

/* RC_NOMEM. */
must_check enum rc claims_read(
	const struct claims_rules *rules, const struct json_t *in, struct arena *a, struct claims_person *ret);

/* Is it an e-mail address of one of the domains? True without any. */
bool claims_in_domains(const struct field_list *domains, const char *email);
