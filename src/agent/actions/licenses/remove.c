/* licenses.remove: licences of free packages are taken off the account, one by one, in the store. */
#include "agent/actions/licenses/owned.h"
#include "agent/web.h"
#include "model/action_library.h"
#include "wire/steam/web_account.h"

#include <stdio.h>

extern const struct action_run licenses_remove;

static enum rc rows(struct action_task *t, const struct action_remove_licenses *want, struct field_list *ret,
	size_t *ret_owned, struct fault *f)
{
	struct action_license_change *to = arena_take(t->arena, (want->subs.n + 1) * sizeof(*to));
	const uint32_t *subs = want->subs.at;
	CMsgClientLicenseList *owned;

	if (!want->confirm)
		return fault_set(f, RC_INVALID, "confirm must be true: some licences cannot be had again");
	enum rc rc = owned_read(t, &owned, f);
	if (rc != RC_OK)
		return rc;
	if (!to)
		return RC_NOMEM;
	*ret_owned = 0;
	for (size_t i = 0; i < want->subs.n; i++) {
		bool has = owned_find(owned, subs[i]);
		to[i] = (struct action_license_change){ subs[i], "sub", has ? NULL : "not_owned" };
		*ret_owned += has;
	}
	*ret = (struct field_list){ to, want->subs.n };
	return RC_OK;
}

static enum rc remove_one(struct action_task *t, struct action_license_change *row, struct fault *f)
{
	char id[16];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_STORE,
		.method = "POST",
		.path = "/account/removelicense",
		.form = (struct agent_web_pair[]){ { "packageid", id }, { 0 } },
		.referer = "/account/licenses/",
		.lanes = (enum lane[]){ LANE_STORE_WEB },
		.lanes_n = 1,
		.pause_on_429 = LANE_STORE_WEB };

	snprintf(id, sizeof(id), "%u", row->id);
	enum rc rc = task_effect(t, "remove a licence", f);
	if (rc != RC_OK)
		return rc;
	rc = agent_web(t, &ask, &a, f);
	t->unknown = (rc == RC_AWAY || rc == RC_TIMEOUT || rc == RC_CANCELED) && a.sent;
	if (rc != RC_OK)
		return rc;
	int32_t eresult = web_account_result(a.body, a.body_n);
	row->status = eresult == 1 ? "removed" : eresult ? "not_removable" : "error";
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_license_changes *to = out;
	size_t owned = 0;

	enum rc rc = rows(t, in, &to->results, &owned, f);
	struct action_license_change *row = to->results.at;
	for (size_t i = 0; i < to->results.n && rc == RC_OK; i++)
		if (!row[i].status)
			rc = remove_one(t, &row[i], f);
	return rc;
}

/* What an attempt before wanted to remove is gone when none is left. */
static enum rc probe(struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f)
{
	struct action_license_changes *to = out;
	size_t owned = 0;

	enum rc rc = rows(t, in, &to->results, &owned, f);
	struct action_license_change *row = to->results.at;
	for (size_t i = 0; i < to->results.n && rc == RC_OK; i++)
		row[i].status = row[i].status ? "removed" : NULL;
	*ret_done = owned == 0;
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	struct field_list all = { 0 };
	size_t owned;

	enum rc rc = rows(t, in, &all, &owned, f);
	const struct action_license_change *row = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		if (!row[i].status)
			rc = ask_plan(t, plan, "remove the licence of sub %u", row[i].id);
	return rc;
}

const struct action_run licenses_remove = { .name = "licenses.remove", .run = run, .probe = probe, .plan = plan };
