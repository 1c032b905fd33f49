/*
 * keys.redeem: a key is used up by it, and the packet is not repeatable: a key that worked answers "used" the second time. So
 * when an answer was lost, the account's licences are looked at first (product.md A, T24).
 */
#include "agent/actions/licenses/owned.h"
#include "model/action_keys.h"
#include "wire/steam/msgs.h"
#include "wire/steam/purchase.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run keys_redeem;

#define BEFORE_S 2  /* clocks differ: a licence may seem so much older than the packet that gave it */
#define AFTER_S  10 /* and Steam may take so long; a later one can be of another key */

static enum rc mask(struct action_task *t, const struct action_redeem *want, struct action_redeem_result *to)
{
	char masked[72];

	purchase_mask(want->key, masked, sizeof(masked));
	to->masked_key = arena_str(t->arena, masked);
	return to->masked_key ? RC_OK : RC_NOMEM;
}

static enum rc read_receipt(struct action_task *t, const CMsgClientPurchaseResponse *m,
	struct action_redeem_result *to, struct fault *f)
{
	struct msgs_receipt r = { 0 };

	if (!m->has_purchase_receipt_info || m->purchase_receipt_info.len == 0)
		return RC_OK;
	/* The key is used up: a receipt that cannot be read does not change that. */
	if (msgs_receipt_read(m->purchase_receipt_info.data, m->purchase_receipt_info.len, t->arena, &r, f) !=
		RC_OK)
		return RC_OK;
	struct action_redeemed_package *p = arena_take(t->arena, (r.n + 1) * sizeof(*p));
	if (!p)
		return RC_NOMEM;
	for (uint32_t i = 0; i < r.n; i++)
		p[i] = (struct action_redeemed_package){ r.licences[i].package,
			*r.licences[i].what ? r.licences[i].what : NULL };
	to->packages = (struct field_list){ p, r.n };
	if (r.transaction)
		to->receipt_id = arena_fmt(t->arena, "%" PRIu64, r.transaction);
	return RC_OK;
}

static enum rc judge(struct action_task *t, const CMsgClientPurchaseResponse *m, struct action_redeem_result *to,
	struct fault *f)
{
	enum purchase_outcome o = purchase_outcome(m->eresult, m->purchase_result_details);

	if (t->after_unknown)
		o = purchase_after_unknown(o);
	if (o == PURCHASE_LIMITED) {
		task_pause(t, LANE_STORE_REDEEM, "keys_rate_limited");
		t->code = "rate_limited";
		t->eresult = m->eresult;
		return fault_set(
			f, RC_LIMIT, "Steam takes no more keys of this account for a while; the key was not used");
	}
	if (o == PURCHASE_UNKNOWN) {
		t->unknown = true;
		t->eresult = m->eresult;
		return fault_set(f, RC_TIMEOUT, "Steam cannot say whether the key was redeemed");
	}
	to->status = purchase_words[o];
	to->detail = purchase_name(m->purchase_result_details);
	return read_receipt(t, m, to, f);
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_redeem *want = in;
	struct action_redeem_result *to = out;
	CMsgClientRegisterKey m = CMSG_CLIENT_REGISTER_KEY__INIT;
	struct ask q = {
		.emsg = EMSG_CLIENT_REGISTER_KEY, .in = &m.base, .out = &cmsg_client_purchase_response__descriptor
	};
	char effect[96];

	m.key = (char *)(uintptr_t)want->key;
	enum rc rc = mask(t, want, to);
	if (rc == RC_OK)
		rc = task_lanes(t, (enum lane[]){ LANE_STORE_REDEEM, LANE_STORE_REDEEM_EGRESS }, 2, f);
	if (rc != RC_OK)
		return rc;
	snprintf(effect, sizeof(effect), "redeem %s", to->masked_key);
	rc = task_effect(t, effect, f);
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	t->unknown = ask_is_lost(t, &q, rc);
	return rc == RC_OK ? judge(t, (const CMsgClientPurchaseResponse *)q.got, to, f) : rc;
}

/* The licence that the lost answer would have told of; NULL: there is none that must be it. */
static const CMsgClientLicenseList__License *evidence(
	const struct action_task *t, const struct action_redeem *want, const CMsgClientLicenseList *owned)
{
	int64_t intent = t->intent_ms / 1000;
	const CMsgClientLicenseList__License *found = NULL;

	if (intent == 0)
		return NULL;
	for (size_t i = 0; i < owned->n_licenses; i++) {
		const CMsgClientLicenseList__License *l = owned->licenses[i];
		int64_t created = l->time_created;
		bool fits = want->expect.sub ? l->package_id == want->expect.sub : created <= intent + AFTER_S;
		if (fits && created >= intent - BEFORE_S && (!found || created < found->time_created))
			found = l;
	}
	return found;
}

static enum rc probe(struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f)
{
	const struct action_redeem *want = in;
	struct action_redeem_result *to = out;
	CMsgClientLicenseList *owned;

	enum rc rc = owned_read(t, &owned, f);
	if (rc == RC_OK)
		rc = mask(t, want, to);
	if (rc != RC_OK)
		return rc;
	const CMsgClientLicenseList__License *l = evidence(t, want, owned);
	if (!l)
		return RC_OK;
	struct action_redeemed_package *p = arena_take(t->arena, sizeof(*p));
	if (!p)
		return RC_NOMEM;
	p->sub = l->package_id;
	to->status = purchase_words[PURCHASE_REDEEMED];
	to->detail = purchase_name(PURCHASE_NO_DETAIL);
	to->packages = (struct field_list){ p, 1 };
	*ret_done = true;
	return RC_OK;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_redeem *want = in;
	char masked[72];
	CMsgClientLicenseList *owned;

	purchase_mask(want->key, masked, sizeof(masked));
	if (!want->expect.sub)
		return ask_plan(t, plan, "redeem %s", masked);
	enum rc rc = owned_read(t, &owned, f);
	if (rc != RC_OK)
		return rc;
	return owned_find(owned, want->expect.sub)
		       ? ask_plan(
				 t, plan, "redeem %s in vain: the account has package %u", masked, want->expect.sub)
		       : ask_plan(t, plan, "redeem %s", masked);
}

const struct action_run keys_redeem = { .name = "keys.redeem", .run = run, .probe = probe, .plan = plan };
