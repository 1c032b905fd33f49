/*
 * licenses.add_free: free apps are asked for over the session, all in one message; free packages in the store, one by one. What
 * the account has already is found out first, and is not asked for.
 */
#include "agent/actions/library/games.h"
#include "agent/actions/licenses/owned.h"
#include "agent/web.h"
#include "model/action_library.h"
#include "wire/steam/eresult.h"
#include "wire/steam/web_account.h"

#include <stdio.h>

extern const struct action_run licenses_add_free;

struct have {
	CMsgClientLicenseList *licences;
	CPlayerGetOwnedGamesResponse *games; /* of the apps that are wanted; NULL: none is */
};

static enum rc look(struct action_task *t, const struct action_add_free *want, struct have *ret, struct fault *f)
{
	*ret = (struct have){ 0 };
	if (want->apps.n + want->subs.n == 0)
		return fault_set(f, RC_INVALID, "give at least one app or sub");
	enum rc rc = owned_read(t, &ret->licences, f);
	if (rc == RC_OK && want->apps.n)
		rc = games_owned(t, &want->apps, true, &ret->games, f);
	return rc;
}

static bool has_app(const struct have *h, uint32_t app)
{
	for (size_t i = 0; h->games && i < h->games->n_games; i++)
		if ((uint32_t)h->games->games[i]->appid == app)
			return true;
	return false;
}

/* A row for each, "already_owned" for what the account has; the status of the others is NULL. */
static enum rc rows(
	struct action_task *t, const struct action_add_free *want, const struct have *h, struct field_list *ret)
{
	struct action_license_change *to = arena_take(t->arena, (want->apps.n + want->subs.n + 1) * sizeof(*to));
	const uint32_t *apps = want->apps.at, *subs = want->subs.at;
	size_t n = 0;

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < want->apps.n; i++)
		to[n++] = (struct action_license_change){
			.id = apps[i], .kind = "app", .status = has_app(h, apps[i]) ? "already_owned" : NULL
		};
	for (size_t i = 0; i < want->subs.n; i++)
		to[n++] = (struct action_license_change){ .id = subs[i],
			.kind = "sub",
			.status = owned_find(h->licences, subs[i]) ? "already_owned" : NULL };
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

static enum rc limited(struct action_task *t, struct fault *f)
{
	task_pause(t, LANE_STORE_FREE, "free_licences");
	t->code = "rate_limited";
	return fault_set(f, RC_LIMIT, "Steam takes no more free licences for this account for a while");
}

static const char *word_of(int32_t eresult)
{
	switch (eresult) {
	case ERESULT_OK:
		return "granted";
	case ERESULT_ALREADY_OWNED:
		return "already_owned";
	case ERESULT_RATE_LIMIT_EXCEEDED:
	case ERESULT_LIMIT_EXCEEDED:
		return "rate_limited";
	case ERESULT_REGION_LOCKED:
		return "region_blocked";
	case ERESULT_ACCESS_DENIED:
		return "unavailable";
	default:
		return "error";
	}
}

static bool is_in(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static enum rc add_apps(struct action_task *t, struct action_license_change *row, size_t n, struct fault *f)
{
	uint32_t ids[ACTION_FREE_MAX];
	CMsgClientRequestFreeLicense m = CMSG_CLIENT_REQUEST_FREE_LICENSE__INIT;
	struct ask q = { .emsg = EMSG_CLIENT_REQUEST_FREE_LICENSE,
		.in = &m.base,
		.out = &cmsg_client_request_free_license_response__descriptor };

	m.appids = ids;
	for (size_t i = 0; i < n; i++)
		if (!row[i].status)
			ids[m.n_appids++] = row[i].id;
	if (m.n_appids == 0)
		return RC_OK;
	enum rc rc = task_lanes(t, (enum lane[]){ LANE_STORE_FREE }, 1, f);
	if (rc == RC_OK)
		rc = task_effect(t, "add free apps", f);
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	t->unknown = ask_is_lost(t, &q, rc);
	if (rc != RC_OK)
		return rc;
	const CMsgClientRequestFreeLicenseResponse *got = (const CMsgClientRequestFreeLicenseResponse *)q.got;
	if (got->eresult == ERESULT_RATE_LIMIT_EXCEEDED || got->eresult == ERESULT_LIMIT_EXCEEDED) {
		t->eresult = (int32_t)got->eresult;
		return limited(t, f);
	}
	for (size_t i = 0; i < n; i++)
		if (!row[i].status)
			row[i].status = is_in(got->granted_appids, got->n_granted_appids, row[i].id) ? "granted"
					: got->eresult == ERESULT_OK                                 ? "unavailable"
												     : "error";
	return RC_OK;
}

static enum rc add_sub(struct action_task *t, struct action_license_change *row, struct fault *f)
{
	char path[64];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_STORE,
		.method = "POST",
		.path = path,
		.form = (struct agent_web_pair[]){ { "ajax", "true" }, { 0 } },
		.referer = "/",
		.lanes = (enum lane[]){ LANE_STORE_FREE, LANE_STORE_WEB },
		.lanes_n = 2,
		.pause_on_429 = LANE_STORE_WEB };

	snprintf(path, sizeof(path), "/freelicense/addfreelicense/%u", row->id);
	enum rc rc = task_effect(t, "add a free package", f);
	if (rc == RC_OK)
		rc = agent_web(t, &ask, &a, f);
	else
		return rc;
	t->unknown = (rc == RC_AWAY || rc == RC_TIMEOUT || rc == RC_CANCELED) && a.sent;
	if (rc != RC_OK)
		return rc;
	int32_t eresult = web_account_free_answer(a.status, a.body, a.body_n);
	if (eresult == ERESULT_RATE_LIMIT_EXCEEDED)
		return limited(t, f);
	row->status = word_of(eresult);
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_add_free *want = in;
	struct action_license_changes *to = out;
	struct have h;

	enum rc rc = look(t, want, &h, f);
	if (rc == RC_OK)
		rc = rows(t, want, &h, &to->results);
	struct action_license_change *row = to->results.at;
	if (rc == RC_OK)
		rc = add_apps(t, row, want->apps.n, f);
	for (size_t i = want->apps.n; i < to->results.n && rc == RC_OK; i++)
		if (!row[i].status)
			rc = add_sub(t, &row[i], f);
	if (rc != RC_LIMIT || !t->code)
		return rc;
	/* What was granted is told, and what was not is named; when it was nothing, the task waits for its lane. */
	bool any = false;
	for (size_t i = 0; i < to->results.n; i++)
		any |= row[i].status && row[i].status[0] == 'g';
	for (size_t i = 0; any && i < to->results.n; i++)
		if (!row[i].status)
			row[i].status = "rate_limited";
	return any ? RC_OK : rc;
}

static enum rc probe(struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f)
{
	const struct action_add_free *want = in;
	struct action_license_changes *to = out;
	struct have h;

	enum rc rc = look(t, want, &h, f);
	if (rc == RC_OK)
		rc = rows(t, want, &h, &to->results);
	if (rc != RC_OK)
		return rc;
	struct action_license_change *row = to->results.at;
	*ret_done = true;
	for (size_t i = 0; i < to->results.n; i++) {
		if (!row[i].status)
			*ret_done = false;
		else
			row[i].status = "granted";
	}
	return RC_OK;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_add_free *want = in;
	struct field_list all = { 0 };
	struct have h;

	enum rc rc = look(t, want, &h, f);
	if (rc == RC_OK)
		rc = rows(t, want, &h, &all);
	const struct action_license_change *row = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		if (!row[i].status)
			rc = ask_plan(t, plan, "add %s %u", row[i].kind, row[i].id);
	return rc;
}

const struct action_run licenses_add_free = {
	.name = "licenses.add_free", .run = run, .probe = probe, .plan = plan
};
