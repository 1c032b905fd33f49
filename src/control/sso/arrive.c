#include "control/sso/arrive.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/people/sessions_revoke.h"
#include "control/sso/arrive_groups.h"

#define LOGIN_MAX 128

const char *const arrive_how_words[] = { "known", "linked", "created", "refused", NULL };

static enum rc refuse(struct arrive_plan *p, const char *why)
{
	p->how = ARRIVE_REFUSED;
	p->why = why;
	return RC_OK;
}

/* A login that the log-on form, paths and log lines can take. */
static bool is_login(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-+@";
	size_t n = s ? strlen(s) : 0;
	return n > 0 && n <= LOGIN_MAX && strspn(s, letters) == n;
}

static enum rc find_known(struct tx *tx, const struct sso_person *p, const char **ret_id, bool *ret_enabled)
{
	static const struct store_query find = { .sql = "SELECT u.id, u.enabled FROM user_identities i JOIN users "
							"u ON u.id = i.user_id WHERE i.idp_id "
							"= $1 AND i.subject = $2 AND u.tenant_id = $3" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(p->idp->row.id), store_text(p->subject), store_text(p->idp->row.tenant_id)),
		&r, tx->fault);

	if (rc != RC_OK)
		return rc;
	*ret_id = arena_str(tx->arena, store_col_text(r, 0));
	*ret_enabled = store_col_int(r, 1) != 0;
	return *ret_id ? RC_OK : RC_NOMEM;
}

/* Who has this address: RC_MISSING nobody, RC_CONFLICT several, or one that this provider knows as somebody else. */
static enum rc find_by_email(
	struct tx *tx, const struct sso_person *p, const char *email, const char **ret_id, bool *ret_enabled)
{
	static const struct store_query find = {
		.sql = "SELECT u.id, u.enabled, (SELECT COUNT(*) FROM users o WHERE o.tenant_id = u.tenant_id AND "
		       "LOWER(o.email) = $2), (SELECT COUNT(*) FROM user_identities i WHERE i.user_id = u.id AND "
		       "i.idp_id = $3) FROM users u WHERE u.tenant_id = $1 AND LOWER(u.email) = $2 ORDER BY u.id "
		       "LIMIT "
		       "1"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &find,
		STORE_ARGS(store_text(p->idp->row.tenant_id), store_text(email), store_text(p->idp->row.id)), &r,
		tx->fault);

	if (rc != RC_OK)
		return rc;
	if (store_col_int(r, 2) != 1 || store_col_int(r, 3) != 0)
		return RC_CONFLICT;
	*ret_id = arena_str(tx->arena, store_col_text(r, 0));
	*ret_enabled = store_col_int(r, 1) != 0;
	return *ret_id ? RC_OK : RC_NOMEM;
}

static enum rc plan_new(struct tx *tx, const struct sso_person *p, struct arrive_plan *plan)
{
	static const struct store_query taken = { .sql = "SELECT id FROM users WHERE login = $1" };
	const struct claims_person *who = &plan->person;
	auto_rows struct store_rows *r = NULL;

	if (!p->idp->people.creates)
		return refuse(plan, "You have no account here yet. Ask an administrator to make one.");
	if (!is_login(who->login))
		return refuse(plan, "Your provider names no login for you that can be used here.");
	enum rc rc = store_one(tx->db, &taken, STORE_ARGS(store_text(who->login)), &r, tx->fault);
	if (rc == RC_OK)
		return refuse(plan, "Somebody here has your login already. Ask an administrator to link the two.");
	plan->how = ARRIVE_CREATED;
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc plan_first(struct tx *tx, const struct sso_person *p, struct arrive_plan *plan)
{
	const struct claims_person *who = &plan->person;
	bool enabled = false;

	if (!p->idp->people.links || !who->email_verified)
		return plan_new(tx, p, plan);
	enum rc rc = find_by_email(tx, p, who->email, &plan->user_id, &enabled);
	if (rc == RC_MISSING)
		return plan_new(tx, p, plan);
	if (rc == RC_CONFLICT)
		return refuse(plan, "More than one user here could be you. Ask an administrator.");
	plan->how = ARRIVE_LINKED;
	return rc == RC_OK && !enabled ? refuse(plan, "Your account here is disabled.") : rc;
}

/* May anybody with these claims come in? NULL: yes. */
static const char *objection(const struct claims_rules *rules, const struct claims_person *who)
{
	if (rules->domains.n && !(who->email_verified && claims_in_domains(&rules->domains, who->email)))
		return "Your e-mail address is not one of those that are let in here.";
	if (rules->needs_group && who->groups.n == 0)
		return "You are in no group that is let in here.";
	return NULL;
}

enum rc arrive_plan(struct tx *tx, const struct sso_person *p, struct arrive_plan *ret)
{
	size_t n = strlen(p->subject);
	bool enabled = false;

	*ret = (struct arrive_plan){ 0 };
	if (n == 0 || n > ARRIVE_SUBJECT_MAX)
		return refuse(ret, "Your provider names you in a way that cannot be kept.");
	enum rc rc = claims_read(&p->idp->people, p->claims, tx->arena, &ret->person);
	if (rc == RC_OK)
		rc = find_known(tx, p, &ret->user_id, &enabled);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	const char *why = objection(&p->idp->people, &ret->person);
	if (why) {
		ret->leaves = ret->user_id != NULL;
		return refuse(ret, why);
	}
	if (rc == RC_MISSING)
		return plan_first(tx, p, ret);
	return enabled ? RC_OK : refuse(ret, "Your account here is disabled.");
}

static enum rc create_user(
	struct tx *tx, const struct sso_person *p, const struct arrive_plan *plan, const char *id)
{
	static const struct store_query add = { .sql = "INSERT INTO users (id, tenant_id, login, name, email, "
						       "source, created_by, created_at, updated_at) "
						       "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $7)" };
	const struct claims_person *who = &plan->person;
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(store_text(id), store_text(p->idp->row.tenant_id), store_text(who->login),
			store_text(who->name ? who->name : who->login),
			store_text(who->email_verified ? who->email : NULL), store_text(p->idp->row.id),
			store_int(tx->now_ms)),
		tx->fault);

	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "user.created", .resource = id });
	return rc == RC_OK ? audit_note(tx, "user.create", id, p->idp->row.id) : rc;
}

/* From now on this subject of the provider is this user. */
static enum rc link_user(struct tx *tx, const struct sso_person *p, const char *id)
{
	static const struct store_query add = {
		.sql = "INSERT INTO user_identities (idp_id, subject, user_id, created_at) VALUES ($1, $2, $3, $4)"
	};
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(
			store_text(p->idp->row.id), store_text(p->subject), store_text(id), store_int(tx->now_ms)),
		tx->fault);

	if (rc == RC_OK)
		rc = events_add(
			tx, &(struct event){ .type = "user.linked",
				    .resource = id,
				    .payload = arena_fmt(tx->arena, "{\"providerId\":\"%s\"}", p->idp->row.id) });
	return rc == RC_OK ? audit_note(tx, "user.link", id, p->idp->row.id) : rc;
}

/* The name and the address of those that the provider made stay what it says. */
static enum rc refresh(struct tx *tx, const struct sso_person *p, const struct arrive_plan *plan)
{
	static const struct store_query set = { .sql = "UPDATE users SET name = $3, email = COALESCE($4, email), "
						       "updated_at = $5, version = version + 1 "
						       "WHERE id = $1 AND source = $2 AND (name <> $3 OR "
						       "COALESCE(email, '') <> COALESCE($4, email, "
						       "''))" };
	const struct claims_person *who = &plan->person;

	return who->name
		       ? store_do(tx->db, &set,
				 STORE_ARGS(store_text(plan->user_id), store_text(p->idp->row.id),
					 store_text(who->name), store_text(who->email_verified ? who->email : NULL),
					 store_int(tx->now_ms)),
				 tx->fault)
		       : RC_OK;
}

static enum rc not_let_in(struct tx *tx, const struct sso_person *p, const struct arrive_plan *plan)
{
	static const struct field_list none = { 0 };
	enum rc rc = RC_OK;

	size_t n = 0;

	if (plan->leaves)
		rc = arrive_groups_set(tx, p->idp, plan->user_id, &none);
	if (rc == RC_OK && plan->leaves)
		rc = people_sessions_revoke_idp(tx, p->idp->row.id, p->subject, NULL, "sso_refused", &n);
	return rc == RC_OK ? audit_note(tx, "user.sso_refused", plan->user_id ? plan->user_id : p->idp->row.id,
				     plan->why)
			   : rc;
}

enum rc sso_arrive(
	struct call *c, const struct sso_person *p, struct arrive_plan *ret_plan, const char **ret_user_id)
{
	struct tx *tx = &c->tx;
	const char *id = NULL;

	enum rc rc = arrive_plan(tx, p, ret_plan);
	if (rc != RC_OK)
		return rc;
	if (ret_plan->how == ARRIVE_REFUSED) {
		*ret_user_id = NULL;
		return not_let_in(tx, p, ret_plan);
	}
	id = ret_plan->how == ARRIVE_CREATED ? tx_id(tx, "usr") : ret_plan->user_id;
	rc = id ? RC_OK : RC_NOMEM;
	if (rc == RC_OK && ret_plan->how == ARRIVE_CREATED)
		rc = create_user(tx, p, ret_plan, id);
	if (rc == RC_OK && ret_plan->how != ARRIVE_KNOWN)
		rc = link_user(tx, p, id);
	if (rc == RC_OK && ret_plan->how == ARRIVE_KNOWN)
		rc = refresh(tx, p, ret_plan);
	if (rc == RC_OK)
		rc = arrive_groups_set(tx, p->idp, id, &ret_plan->person.groups);
	if (rc == RC_OK)
		*ret_user_id = id;
	return rc;
}
