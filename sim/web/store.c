/* The store's pages: licences, free packages, wallet codes, app details. Source: steam-protocol facts 5, 7. */
#include "sim/cm/cm.h"
#include "sim/library.h"
#include "sim/web/pages.h"
#include "sim/web/visit.h"
#include "wire/json.h"
#include "wire/steam/eresult.h"
#include "wire/steam/vdf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* EPurchaseResultDetail */
enum detail {
	DETAIL_NONE = 0,
	DETAIL_INVALID_PACKAGE = 5,
	DETAIL_ALREADY_PURCHASED = 9,
	DETAIL_BAD_CODE = 14,
	DETAIL_USED_CODE = 15,
	DETAIL_WRONG_CURRENCY = 31,
	DETAIL_RATE_LIMITED = 53
};

#define FREE_FIRST  30 /* free licences within the window, when the sim has no limit of its own */
#define FREE_S      5400
#define DETAILS_MAX 200 /* questions of one address within the window; then nothing comes back */
#define DETAILS_S   300
#define APPS_OF_ASK 100

/* The record of a product; NULL: there is none. In the ask's arena. */
static const struct vdf *record(struct ask *q, enum pics_kind kind, uint32_t id)
{
	struct product *p = world_find(&q->sim->world, kind, id);
	struct vdf *doc;

	if (!p || world_ready(p, NULL) != RC_OK ||
		pics_parse(kind, p->buffer.p, p->buffer.n, &q->arena, &doc, NULL) != RC_OK)
		return NULL;
	return doc->first;
}

static bool asked_package(const char *text, uint32_t *ret)
{
	uint64_t v;
	if (!ask_number(text, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

void store_remove_licence(struct ask *q, struct answer *a)
{
	uint32_t package = 0;
	bool good = asked_package(ask_form(q, "packageid"), &package) && people_owns(q->who, package);

	answer_json(a, 200);
	if (q->effect.eresult || !good) {
		buf_fmt(&a->body, "{\"success\":%d}", q->effect.eresult ? q->effect.eresult : ERESULT_FAIL);
		return;
	}
	people_revoke(q->who, package);
	cm_tell_licences(q->sim, q->who);
	buf_str(&a->body, "{\"success\":1}");
}

/* Given away, as a package or with an app of it. */
static bool is_free(struct ask *q, uint32_t package)
{
	uint64_t billing;
	uint32_t with;
	size_t n = 0;
	const struct vdf *r = record(q, PICS_PACKAGE, package);
	const uint32_t *apps = library_apps(q->sim, package, &n);

	for (size_t i = 0; i < n; i++)
		if (library_free_package(q->sim, apps[i], &with) && with == package)
			return true;
	return r && vdf_number_at(r, "billingtype", &billing) && billing == 12;
}

/* One more within its window? */
static bool may_take_free(struct ask *q)
{
	uint32_t max = q->sim->limits.free_licences ? q->sim->limits.free_licences : FREE_FIRST;

	if (q->now - q->who->free_since >= FREE_S) {
		q->who->free_since = q->now;
		q->who->free_given = 0;
	}
	return q->who->free_given < max;
}

static void refuse_free(struct answer *a, int status, int detail)
{
	answer_json(a, status);
	buf_fmt(&a->body, "{\"purchaseresultdetail\":%d}", detail);
}

void store_free_licence(struct ask *q, struct answer *a)
{
	uint32_t package = 0;

	if (q->effect.eresult)
		refuse_free(a, 400, q->effect.eresult);
	else if (!asked_package(q->part[0], &package) || !is_free(q, package))
		refuse_free(a, 400, DETAIL_INVALID_PACKAGE);
	else if (people_owns(q->who, package))
		refuse_free(a, 400, DETAIL_ALREADY_PURCHASED);
	else if (!may_take_free(q))
		refuse_free(a, 403, DETAIL_RATE_LIMITED);
	else if (!people_grant(q->who, package, (uint32_t)q->now)) {
		refuse_free(a, 500, DETAIL_NONE);
	} else {
		q->who->free_given++;
		cm_tell_licences(q->sim, q->who);
		answer_json(a, 200);
		buf_str(&a->body, "[]");
	}
}

/* ---- the wallet ---- */

static void put_balance(const struct person *p, struct buf *to)
{
	buf_fmt(to,
		"\"wallet\":{\"amount\":\"%" PRId64
		"\",\"currencycode\":%u},\"formattednewwalletbalance\":\"%" PRId64 ".%02" PRId64 "\"",
		p->wallet, p->currency, p->wallet / 100, p->wallet % 100);
}

static int take_code(struct ask *q, struct game_key *k)
{
	if (!k)
		return DETAIL_BAD_CODE;
	k->asked++;
	if (k->kind != KEY_WALLET)
		return DETAIL_BAD_CODE;
	if (k->used_by) {
		k->asked_after_end++;
		return k->used_by == q->who->steamid ? DETAIL_ALREADY_PURCHASED : DETAIL_USED_CODE;
	}
	if (*k->countries && !strstr(k->countries, q->who->country))
		return DETAIL_WRONG_CURRENCY;
	k->used_by = q->who->steamid;
	q->who->wallet += k->cents;
	return DETAIL_NONE;
}

void store_redeem_wallet(struct ask *q, struct answer *a)
{
	answer_json(a, 200);
	int detail = q->effect.eresult ? (int)q->effect.eresult
				       : take_code(q, people_key(&q->sim->people, ask_form(q, "wallet_code")));
	buf_fmt(&a->body, "{\"success\":%d,\"detail\":%d,", detail ? ERESULT_FAIL : ERESULT_OK, detail);
	put_balance(q->who, &a->body);
	buf_str(&a->body, "}");
}

void store_account(struct ask *q, struct answer *a)
{
	answer_html(a, 200);
	buf_fmt(&a->body,
		"<html><head><title>Account</title></head><body>\n<div class=\"accountData price\">%" PRId64
		".%02" PRId64 "</div>\n<table class=\"account_table\">\n",
		q->who->wallet / 100, q->who->wallet % 100);
	for (size_t i = 0; i < q->who->licences_n; i++)
		buf_fmt(&a->body, "<tr data-panel=\"\"><td>package %u</td><td>%u</td></tr>\n",
			q->who->licences[i].package, q->who->licences[i].time_created);
	buf_str(&a->body, "</table>\n</body></html>");
}

/* ---- app details ---- */

static void put_app(struct ask *q, struct buf *to, uint32_t app)
{
	const struct vdf *r = record(q, PICS_APP, app);
	const char *name = vdf_text_at(r, "common/name"), *type = vdf_text_at(r, "common/type");
	struct buf lower = { 0 };

	const struct product *p = world_find(&q->sim->world, PICS_APP, app);
	const char *score = vdf_text_at(r, "common/review_score");

	if (!name || (p && p->gone)) {
		buf_fmt(to, "\"%u\":{\"success\":false}", app);
		return;
	}
	for (const char *c = type ? type : "game"; *c; c++)
		buf_u8(&lower, (uint8_t)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c));
	buf_fmt(to, "\"%u\":{\"success\":true,\"data\":{\"type\":", app);
	json_put_str(to, buf_text(&lower));
	buf_str(to, ",\"name\":");
	json_put_str(to, name);
	buf_fmt(to,
		",\"steam_appid\":%u,\"required_age\":0,\"is_free\":false,\"short_description\":\"Score %s\","
		"\"price_overview\":{\"currency\":\"EUR\",\"initial\":1999,\"final\":1999,\"discount_percent\":0},"
		"\"release_date\":{\"coming_soon\":false,\"date\":\"1 Jan, 2020\"}}}",
		app, score ? score : "");
	buf_done(&lower);
}

/* Past the limit Steam does not say so: it answers null. */
void store_app_details(struct ask *q, struct answer *a)
{
	const char *at = ask_query(q, "appids");
	unsigned n = 0;

	answer_json(a, 200);
	if (q->effect.empty || !visit_may(q, VISIT_APP_DETAILS, DETAILS_MAX, DETAILS_S)) {
		buf_str(&a->body, "null");
		return;
	}
	buf_str(&a->body, "{");
	while (*at && n < APPS_OF_ASK) {
		char *end;
		unsigned long app = strtoul(at, &end, 10);
		if (end == at || app > UINT32_MAX)
			break;
		buf_str(&a->body, n++ ? "," : "");
		put_app(q, &a->body, (uint32_t)app);
		at = end + (*end == ',');
	}
	buf_str(&a->body, "}");
}
