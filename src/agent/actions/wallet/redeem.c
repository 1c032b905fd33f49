/* wallet.redeem: a wallet code, in the store. When its answer is lost nobody sends it again; a person looks at the wallet. */
#include "agent/actions/ask.h"
#include "agent/web.h"
#include "model/action_keys.h"
#include "wire/steam/purchase.h"
#include "wire/steam/web_account.h"

#include <stdio.h>

extern const struct action_run wallet_redeem;

static const char *word_of(const struct web_wallet *w)
{
	switch (w->detail) {
	case PURCHASE_NO_DETAIL:
		return w->eresult == 1 ? "redeemed" : "error";
	case PURCHASE_BAD_ACTIVATION_CODE:
		return "invalid";
	case PURCHASE_ALREADY_PURCHASED: /* by this account */
	case PURCHASE_DUPLICATE_ACTIVATION_CODE:
		return "used_elsewhere";
	case PURCHASE_WALLET_CURRENCY_MISMATCH:
	case PURCHASE_NO_WALLET:
		return "wrong_currency";
	default:
		return "error";
	}
}

static enum rc judge(
	struct action_task *t, const struct agent_web_answer *a, struct action_wallet_result *to, struct fault *f)
{
	struct web_wallet w = { 0 };

	enum rc rc = a->status < 500 ? web_account_wallet(a->body, a->body_n, t->arena, &w, f)
				     : fault_set(f, RC_AWAY, "the store answers %d", a->status);
	if (rc != RC_OK || w.detail == PURCHASE_TIMEOUT) {
		t->unknown = true;
		return rc == RC_OK ? RC_TIMEOUT : rc;
	}
	if (w.detail == PURCHASE_RATE_LIMITED) {
		task_pause(t, LANE_STORE_REDEEM, "keys_rate_limited");
		t->code = "rate_limited";
		return fault_set(
			f, RC_LIMIT, "Steam takes no more codes of this account for a while; it was not used");
	}
	*to = (struct action_wallet_result){ .status = word_of(&w),
		.detail = purchase_name(w.detail),
		.balance = w.balance,
		.balance_text = w.balance_text };
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_wallet *want = in;
	char masked[72], effect[96];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_STORE,
		.method = "POST",
		.path = "/account/ajaxredeemwalletcode",
		.form = (struct agent_web_pair[]){ { "wallet_code", want->code }, { 0 } },
		.referer = "/account/redeemwalletcode",
		.pause_on_429 = LANE_STORE_WEB };

	purchase_mask(want->code, masked, sizeof(masked));
	snprintf(effect, sizeof(effect), "redeem wallet code %s", masked);
	enum rc rc =
		task_lanes(t, (enum lane[]){ LANE_STORE_REDEEM, LANE_STORE_REDEEM_EGRESS, LANE_STORE_WEB }, 3, f);
	if (rc == RC_OK)
		rc = task_effect(t, effect, f);
	if (rc != RC_OK)
		return rc;
	rc = agent_web(t, &ask, &a, f);
	t->unknown = a.sent && (rc == RC_AWAY || rc == RC_TIMEOUT || rc == RC_CANCELED || rc == RC_TOO_LARGE);
	return rc == RC_OK ? judge(t, &a, out, f) : rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_wallet *want = in;
	char masked[72];

	(void)f;
	purchase_mask(want->code, masked, sizeof(masked));
	return ask_plan(t, plan, "redeem wallet code %s", masked);
}

const struct action_run wallet_redeem = { .name = "wallet.redeem", .run = run, .plan = plan };
