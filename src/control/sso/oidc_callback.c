#include "control/people/sessions.h"
#include "control/sso/arrive.h"
#include "control/sso/oidc_answer.h"
#include "control/sso/oidc_found.h"
#include "control/sso/oidc_page.h"
#include "control/sso/once.h"
#include "wire/json.h"

static void forget_state(struct call *c, const struct oidc_found *found)
{
	for (int i = 0; i < ROUTE_COOKIES_MAX; i++)
		if (!c->set_cookie[i]) {
			c->set_cookie[i] = found->forget;
			return;
		}
}

/* They are who they say. Let them in, if they may. */
static enum rc enter(struct call *c, const struct provider *p, const struct oidc_found *found)
{
	auto_json struct json_t *claims = NULL;
	struct arrive_plan plan;
	struct session_made made = { 0 };
	const char *user = NULL;

	c->tx.actor = arena_fmt(c->tx.arena, "idp:%s", p->row.id);
	enum rc rc = c->tx.actor ? json_read(found->claims, strlen(found->claims), &claims, c->tx.fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = sso_arrive(c, &(struct sso_person){ p, found->subject, claims }, &plan, &user);
	if (rc == RC_OK && !user)
		return oidc_page(c, RC_DENIED, plan.why);
	if (rc == RC_OK)
		rc = people_sessions_open(c,
			&(struct session_new){ .user_id = user,
				.kind = SESSION_COOKIE,
				.method = "oidc",
				.second_factor = p->oidc.trusts_mfa && found->second_factor,
				.idp_id = p->row.id,
				.idp_subject = found->subject,
				.idp_session = found->session },
			&made);
	if (rc != RC_OK)
		return rc;
	c->status = 303;
	c->location = arena_str(c->tx.arena, found->go_to);
	return c->location ? RC_OK : RC_NOMEM;
}

static enum rc callback(struct call *c, void *ret_out)
{
	const struct oidc_found *found = c->found;
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	(void)ret_out;

	enum rc rc = p ? provider_named(&c->tx, c->arg[0], PROVIDER_OIDC, p) : RC_NOMEM;
	if (rc == RC_OK)
		rc = oidc_found_keep(&c->tx, p->row.id, found);
	if (rc == RC_OK && found->state) /* whatever came of it: this state is over */
		rc = once_use(&c->tx, p->row.id, found->state, found->until_ms);
	if (rc == RC_EXISTS)
		return oidc_page(c, RC_DENIED, NULL);
	if (rc != RC_OK)
		return rc;
	rc = found->rc != RC_OK ? oidc_page(c, found->rc, NULL) : enter(c, p, found);
	if (rc == RC_OK && found->state)
		forget_state(c, found);
	return rc;
}

extern const struct route oidc_callback_routes[]; /* named by http/routes */

const struct route oidc_callback_routes[] = {
	{ .name = "finishOidcLogin",
		.method = "GET",
		.path = "/v1/auth/oidc/{idp}/callback",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE | ROUTE_RAW | ROUTE_LENIENT,
		.out_type = "text/html; charset=utf-8",
		.query = oidc_answer_fields,
		.query_size = sizeof(struct oidc_answer),
		.before = oidc_answer_before,
		.run = callback,
		.doc = "Where an OpenID provider sends a browser back to: makes the session and goes on where the "
		       "log-on "
		       "was begun." },
	{ 0 },
};
