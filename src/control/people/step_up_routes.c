#include "base/hush.h"
#include "control/people/logins.h"
#include "control/people/mfa.h"
#include "control/people/passwords.h"
#include "control/people/sessions.h"
#include "control/people/user_routes.h"
#include "wire/field_json.h"

#define CODE_IN_MAX 32

/* The person of the call, who must be one with a session. */
static enum rc myself(struct call *c, struct user_row *ret)
{
	if (c->who->kind != PRINCIPAL_USER)
		return fault_set(c->tx.fault, RC_CONFLICT, "a key has no second factor; log in as a person");
	return users_find(&c->tx, c->who->id, ret);
}

struct step_up_in {
	const char *password, *code;
};
static const struct field step_up_fields[] = {
	{ .name = "password",
		.type = FIELD_STR,
		FIELD_AT(struct step_up_in, password),
		.flags = FIELD_NULLABLE | FIELD_SECRET,
		.min = 1,
		.max = PASSWORDS_MAX,
		.doc = "Your password; or" },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct step_up_in, code),
		.flags = FIELD_NULLABLE | FIELD_SECRET,
		.min = 1,
		.max = CODE_IN_MAX,
		.doc = "a code of your authenticator, or a recovery code." },
	{ 0 },
};
struct step_up_view {
	int64_t until;
};
static const struct field step_up_out_fields[] = {
	{ .name = "sessionExpiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct step_up_view, until),
		.doc = "When the session ends in any case." },
	{ 0 },
};

static enum rc before_step_up(struct call *c)
{
	const struct step_up_in *in = c->in;
	struct hush password = { 0 };
	const struct logins_found *found = NULL;
	struct user_row me;

	enum rc rc = myself(c, &me);
	if (rc != RC_OK)
		return rc;
	if (!in->password == !in->code)
		return field_json_problem(c->reader, "/code", "required", "give a password or a code");
	if (in->code)
		return RC_OK;
	rc = hush_set(&password, in->password, strlen(in->password));
	hush_wipe((char *)in->password, strlen(in->password));
	if (rc == RC_OK)
		rc = logins_look(&c->tx, me.login, &me, &password, &found);
	hush_done(&password);
	c->found = found;
	return rc;
}

static enum rc step_up(struct call *c, void *ret_out)
{
	const struct step_up_in *in = c->in;
	struct step_up_view *v = ret_out;
	struct session_made made = { 0 };
	struct user_row me;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = in->code ? mfa_verify(&c->tx, &me, in->code, NULL) : logins_settle(&c->tx, c->found, &me);
	if (rc != RC_OK)
		return mfa_refused(c, rc);
	rc = people_sessions_step_up(c, in->code != NULL, &made);
	v->until = made.expires_at;
	return rc;
}

const struct route step_up_routes[] = {
	{ .name = "stepUp",
		.method = "POST",
		.path = "/v1/auth/step-up",
		.reach = REACH_SELF,
		.flags = ROUTE_WRITE,
		.in = step_up_fields,
		.in_size = sizeof(struct step_up_in),
		.out = step_up_out_fields,
		.out_size = sizeof(struct step_up_view),
		.before = before_step_up,
		.run = step_up,
		.doc = "Proves once more who you are, for calls that answer step_up_required." },
	{ 0 },
};
