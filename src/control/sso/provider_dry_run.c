#include "control/sso/provider_dry_run.h"
#include "control/sso/arrive.h"
#include "control/sso/arrive_groups.h"
#include "wire/field_json.h"

#define AT(member) FIELD_AT(struct provider_dry_run, member)

const struct field provider_dry_run_in_fields[] = {
	{ .name = "subject",
		.type = FIELD_STR,
		FIELD_AT(struct provider_dry_run_in, subject),
		.flags = FIELD_NULLABLE,
		.min = 1,
		.max = ARRIVE_SUBJECT_MAX,
		.doc = "Who they are at the provider; null: somebody who was never here." },
	{ .name = "claims",
		.type = FIELD_JSON,
		FIELD_AT(struct provider_dry_run_in, claims),
		.flags = FIELD_REQUIRED,
		.doc = "What the provider says of them, an object. SAML: attributes as lists of texts under their "
		       "names." },
	{ 0 },
};

const struct field provider_dry_run_fields[] = {
	{ .name = "outcome",
		.type = FIELD_ENUM,
		AT(how),
		.words = arrive_how_words,
		.doc = "known: came before. linked: becomes a user that is there. created: becomes a new one." },
	{ .name = "reason", .type = FIELD_STR, AT(why), .doc = "Refused: what the person is told; else null." },
	{ .name = "userId",
		.type = FIELD_STR,
		AT(user_id),
		.doc = "Which user they are; null: none that is there." },
	{ .name = "login", .type = FIELD_STR, AT(login), .doc = "The login that was read." },
	{ .name = "displayName", .type = FIELD_STR, AT(name), .doc = "The name that was read." },
	{ .name = "email", .type = FIELD_STR, AT(email), .doc = "The e-mail address that was read." },
	{ .name = "emailVerified",
		.type = FIELD_BOOL,
		AT(email_verified),
		.doc = "Whether it counts as verified." },
	{ .name = "providerGroups",
		.type = FIELD_LIST,
		.item = FIELD_STR,
		AT(said),
		.doc = "The provider's groups that were read." },
	{ .name = "groups", .type = FIELD_LIST, .item = FIELD_STR, AT(groups), .doc = "The groups of ours." },
	{ .name = "roles",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.sub = arrive_role_fields,
		.sub_size = sizeof(struct arrive_role),
		AT(roles),
		.doc = "The roles they would have by these groups, and by themselves." },
	{ 0 },
};

enum rc provider_dry_run(struct call *c, void *ret_out)
{
	const struct provider_dry_run_in *in = c->in;
	struct provider_dry_run *v = ret_out;
	auto_json struct json_t *claims = NULL;
	struct provider p;
	struct arrive_plan plan = { 0 };
	const char nobody[] = "\n"; /* no provider's subject: claims hold no control characters */

	enum rc rc = provider_load(&c->tx, c->arg[0], &p);
	if (rc == RC_OK)
		rc = json_read(in->claims, strlen(in->claims), &claims, c->tx.fault);
	if (rc == RC_OK && in->claims[0] != '{')
		rc = field_json_problem(c->reader, "/claims", "wrong_type", "must be an object");
	if (rc == RC_OK)
		rc = arrive_plan(
			&c->tx, &(struct sso_person){ &p, in->subject ? in->subject : nobody, claims }, &plan);
	if (rc != RC_OK)
		return rc;
	*v = (struct provider_dry_run){ .how = (int)plan.how,
		.why = plan.why,
		.user_id = plan.user_id,
		.login = plan.person.login,
		.name = plan.person.name,
		.email = plan.person.email,
		.email_verified = plan.person.email_verified,
		.said = plan.person.said,
		.groups = plan.person.groups };
	return plan.how == ARRIVE_REFUSED
		       ? RC_OK
		       : arrive_groups_roles(&c->tx, plan.user_id, &plan.person.groups, &v->roles);
}
