/*
 * keys.redeem: a key is used up by it, and the packet is not repeatable: a key that worked answers "used" the second time. So
 * when an answer was lost, the account's licences are looked at first (product.md A, T24).
 */
#include "agent/actions/licenses/owned.h"
#include "base/scan.h"
#include "io/clock.h"
#include "model/action_keys.h"
#include "wire/steam/msgs.h"
#include "wire/steam/purchase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct action_run keys_redeem;

#define BEFORE_S 2  /* clocks differ: a licence may seem so much older than the packet that gave it */
#define AFTER_S  90 /* what Steam gave later is not of the attempt that said so: a task takes 60 s at most */

/* What the licences were before the packet. By Steam's own clock, so that no other has to agree with it. */
struct baseline {
	bool known;
	int64_t at_s;    /* our clock, when it was taken */
	uint32_t newest; /* when the newest licence was made; 0: there was none */
	uint32_t n;      /* how many were made then */
};

static struct baseline take_baseline(const CMsgClientLicenseList *owned)
{
	struct baseline b = { .known = true, .at_s = clock_wall_ms() / 1000 };

	for (size_t i = 0; i < owned->n_licenses; i++) {
		uint32_t made = owned->licenses[i]->time_created;
		b.n = made > b.newest ? 1 : b.n + (made == b.newest);
		b.newest = made > b.newest ? made : b.newest;
	}
	return b;
}

/* As it stands in the intent. */
#define BASELINE_OUT "at=%" PRId64 " newest=%" PRIu32 "/%" PRIu32

static struct baseline read_baseline(const struct action_task *t)
{
	struct baseline b = { 0 };
	const char *at = t->intent ? strstr(t->intent, "at=") : NULL;
	uint64_t s, newest, n;

	if (!at || !scan_u64(&at, "at=", INT64_MAX, &s) || !scan_u64(&at, " newest=", UINT32_MAX, &newest) ||
		!scan_u64(&at, "/", UINT32_MAX, &n))
		return b;
	b = (struct baseline){ .known = true, .at_s = (int64_t)s, .newest = (uint32_t)newest, .n = (uint32_t)n };
	return b;
}

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

/* Was the licence made since then? Of those as old as the newest was, `same` counts those up to this one. */
static bool is_new(const struct baseline *b, const CMsgClientLicenseList__License *l, uint32_t same)
{
	if (l->time_created != b->newest)
		return l->time_created > b->newest && l->time_created >= b->at_s - BEFORE_S;
	return same > b->n;
}

/* The first licence since then that is this package's (0: any one's); NULL: there is none. */
static const CMsgClientLicenseList__License *find_new(
	const CMsgClientLicenseList *owned, const struct baseline *b, uint32_t package)
{
	const CMsgClientLicenseList__License *found = NULL;
	uint32_t same = 0;

	for (size_t i = 0; i < owned->n_licenses; i++) {
		const CMsgClientLicenseList__License *l = owned->licenses[i];
		same += l->time_created == b->newest;
		if ((package == 0 || l->package_id == package) && is_new(b, l, same) &&
			(!found || l->time_created < found->time_created))
			found = l;
	}
	return found;
}

/*
 * Steam says that the key was used, or that the account has the package, after an attempt whose answer was lost: was that us?
 * The licences know, if they can be compared; if not, the account itself had the key (product.md A, T24).
 */
static enum rc second_answer(
	struct action_task *t, const struct action_redeem_result *to, enum purchase_outcome *o, struct fault *f)
{
	const struct action_redeemed_package *p = to->packages.at;
	uint32_t package = to->packages.n ? p[0].sub : 0;
	struct baseline b = read_baseline(t);
	CMsgClientLicenseList *owned;

	if (*o != PURCHASE_OWNED && *o != PURCHASE_USED)
		return RC_OK;
	if (!b.known || (package == 0 && *o == PURCHASE_OWNED)) {
		*o = purchase_after_unknown(*o);
		return RC_OK;
	}
	enum rc rc = owned_read(t, &owned, f);
	if (rc != RC_OK)
		return rc;
	bool here = package && owned_find(owned, package);
	bool late = *o == PURCHASE_OWNED && !here; /* Steam knows of it, and has not told it yet */
	if (late || find_new(owned, &b, package))
		*o = PURCHASE_REDEEMED;
	return RC_OK;
}

static enum rc judge(struct action_task *t, const CMsgClientPurchaseResponse *m, struct action_redeem_result *to,
	struct fault *f)
{
	enum purchase_outcome o = purchase_outcome(m->eresult, m->purchase_result_details);

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
	enum rc rc = read_receipt(t, m, to, f);
	if (rc == RC_OK && t->after_unknown)
		rc = second_answer(t, to, &o, f);
	t->unknown = rc != RC_OK;
	to->status = purchase_words[o];
	to->detail = purchase_name(m->purchase_result_details);
	return rc;
}

/* The lanes wait for long, and the licences are looked at after them: what came meanwhile is not this key's. */
static enum rc begin(struct action_task *t, const struct action_redeem_result *to, struct fault *f)
{
	CMsgClientLicenseList *owned;
	char effect[160];

	enum rc rc = owned_read(t, &owned, f); /* without a session no lane is used up */
	if (rc == RC_OK)
		rc = task_lanes(t, (enum lane[]){ LANE_STORE_REDEEM, LANE_STORE_REDEEM_EGRESS }, 2, f);
	if (rc == RC_OK)
		rc = owned_read(t, &owned, f);
	if (rc != RC_OK)
		return rc;
	struct baseline b = take_baseline(owned);
	snprintf(effect, sizeof(effect), "redeem %s " BASELINE_OUT, to->masked_key, b.at_s, b.newest, b.n);
	return task_effect(t, effect, f);
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_redeem *want = in;
	struct action_redeem_result *to = out;
	CMsgClientRegisterKey m = CMSG_CLIENT_REGISTER_KEY__INIT;
	struct ask q = {
		.emsg = EMSG_CLIENT_REGISTER_KEY, .in = &m.base, .out = &cmsg_client_purchase_response__descriptor
	};

	m.key = (char *)want->key;
	enum rc rc = mask(t, want, to);
	if (rc == RC_OK)
		rc = begin(t, to, f);
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
	struct baseline b = read_baseline(t);

	if (intent == 0)
		return NULL;
	if (!b.known)
		b.at_s = intent;
	const CMsgClientLicenseList__License *l = find_new(owned, &b, want->expect.sub);
	return l && (want->expect.sub || l->time_created <= intent + AFTER_S) ? l : NULL;
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
