#include "proto/steam/library.pb-c.h"
#include "proto/steam/trade.pb-c.h"
#include "sim/cm/cm.h"
#include "sim/cm/cm_conn.h"
#include "sim/people.h"
#include "sim/redeem.h"
#include "sim/services.h"
#include "sim/sim.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/vdf_binary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FREE_MAX 200 /* apps of one request */

/* ---- licences ---- */

/* NULL without memory. The arena holds it. */
static CMsgClientLicenseList *licences_of(struct sim *s, struct person *p, struct arena *a)
{
	CMsgClientLicenseList *m = arena_take(a, sizeof(*m));
	CMsgClientLicenseList__License *at = arena_take(a, (p->licences_n + 1) * sizeof(*at));

	if (!m || !at)
		return NULL;
	cmsg_client_license_list__init(m);
	m->has_eresult = 1;
	m->eresult = ERESULT_OK;
	m->licenses = arena_take(a, (p->licences_n + 1) * sizeof(void *));
	for (size_t i = 0; m->licenses && i < p->licences_n; i++) {
		CMsgClientLicenseList__License *l = m->licenses[m->n_licenses++] = &at[i];
		const struct product *product = world_find(&s->world, PICS_PACKAGE, p->licences[i].package);
		cmsg_client_license_list__license__init(l);
		l->has_package_id = l->has_time_created = l->has_time_next_process = l->has_minute_limit = 1;
		l->has_minutes_used = l->has_payment_method = l->has_flags = l->has_license_type = 1;
		l->has_territory_code = l->has_change_number = l->has_owner_id = l->has_access_token = 1;
		l->package_id = p->licences[i].package;
		l->time_created = p->licences[i].time_created;
		l->payment_method = 1;
		l->license_type = 1;
		l->purchase_country_code = p->country;
		l->change_number = product ? (int32_t)product->change : 0;
		l->owner_id = (uint32_t)p->steamid;
		l->access_token = product ? product->token : 0;
	}
	return m->licenses ? m : NULL;
}

void cm_put_licences(struct cm *c, struct buf *run)
{
	struct arena a = { 0 };
	const CMsgClientLicenseList *m = licences_of(c->sim, c->who, &a);
	if (m)
		cm_put(c, run, EMSG_CLIENT_LICENSE_LIST, &m->base);
	run->bad |= !m;
	arena_done(&a);
}

void cm_tell_licences(struct sim *s, struct person *p)
{
	struct arena a = { 0 };
	const CMsgClientLicenseList *m = list_empty(&p->sessions) ? NULL : licences_of(s, p, &a);
	if (m)
		cm_push_all(p, NULL, EMSG_CLIENT_LICENSE_LIST, &m->base);
	arena_done(&a);
}

/* ---- keys ---- */

static void add_number(struct vdf *to, struct arena *a, const char *key, uint32_t value)
{
	struct vdf *v = to ? vdf_add(to, a, VDF_I32, key) : NULL;
	if (v)
		v->i32 = (int32_t)value;
}

static void put_receipt(struct sim *s, const struct redeemed *r, struct arena *a, struct buf *to)
{
	struct vdf doc = { .key = "" };
	struct vdf *root = vdf_add(&doc, a, VDF_OBJECT, "MessageObject");

	add_number(root, a, "PurchaseStatus", r->detail == REDEEM_OK ? 1 : 0);
	add_number(root, a, "PaymentMethod", 1);
	add_number(root, a, "ResultDetail", r->detail);
	add_number(root, a, "TransactionTime", (uint32_t)sim_time(s));
	add_number(root, a, "LineItemCount", r->package ? 1 : 0);
	struct vdf *items = root ? vdf_add(root, a, VDF_OBJECT, "lineitems") : NULL;
	struct vdf *one = items && r->package ? vdf_add(items, a, VDF_OBJECT, "0") : NULL;
	if (one) {
		add_number(one, a, "PackageID", r->package);
		(void)vdf_add_text(one, a, "ItemDescription", r->item);
		add_number(one, a, "TransactionID", (uint32_t)s->ledger.requests[REQUEST_REDEEM]);
	}
	vdf_binary_write(to, &doc);
}

void cm_register_key(struct cm_ask *q)
{
	const CMsgClientRegisterKey *m = (const CMsgClientRegisterKey *)q->in;
	CMsgClientPurchaseResponse out = CMSG_CLIENT_PURCHASE_RESPONSE__INIT;
	struct buf receipt = { 0 };

	struct redeemed r = { .eresult = q->effect->eresult }; /* a fault: nothing is done */
	if (!r.eresult)
		r = redeem(q->c->sim, q->c->who, m->key ? m->key : "");
	put_receipt(q->c->sim, &r, q->arena, &receipt);
	out.has_eresult = out.has_purchase_result_details = out.has_purchase_receipt_info = 1;
	out.eresult = r.eresult;
	out.purchase_result_details = (int32_t)r.detail;
	out.purchase_receipt_info = (ProtobufCBinaryData){ receipt.n, receipt.p };
	log_info(q->c->sim->log, "key redeemed who=%s eresult=%d detail=%d package=%u", q->c->who->name, r.eresult,
		(int)r.detail, r.package);
	if (r.eresult == ERESULT_OK)
		cm_tell_licences(q->c->sim, q->c->who);
	cm_answer(q, &out.base);
	buf_done(&receipt);
}

int32_t cm_library_register(struct service_call *c)
{
	const CStoreRegisterCDKeyRequest *m = (const CStoreRegisterCDKeyRequest *)c->in;
	CStoreRegisterCDKeyResponse out = CSTORE__REGISTER_CDKEY__RESPONSE__INIT;
	CStorePurchaseReceiptInfo receipt = CSTORE__PURCHASE_RECEIPT_INFO__INIT;
	CStorePurchaseReceiptInfo__LineItem one = CSTORE__PURCHASE_RECEIPT_INFO__LINE_ITEM__INIT, *all = &one;

	struct redeemed r = redeem(c->sim, c->from->who, m->activation_code ? m->activation_code : "");
	out.has_purchase_result_details = 1;
	out.purchase_result_details = (int32_t)r.detail;
	receipt.has_transactionid = receipt.has_result_detail = receipt.has_transaction_time =
		receipt.has_purchase_status = 1;
	receipt.transactionid = c->sim->ledger.requests[REQUEST_REDEEM];
	receipt.result_detail = r.detail;
	receipt.purchase_status = r.detail == REDEEM_OK;
	receipt.transaction_time = (uint32_t)sim_time(c->sim);
	if (r.package) {
		one.has_packageid = receipt.has_packageid = 1;
		one.packageid = receipt.packageid = r.package;
		one.line_item_description = r.item;
		receipt.n_line_items = 1;
		receipt.line_items = &all;
	}
	out.purchase_receipt_info = &receipt;
	service_say(c, &out.base);
	if (r.eresult == ERESULT_OK)
		cm_tell_licences(c->sim, c->from->who);
	/* The body is read only when the call itself succeeded: the detail says the rest. */
	return ERESULT_OK;
}

/* ---- free licences ---- */

void cm_free_license(struct cm_ask *q)
{
	const CMsgClientRequestFreeLicense *m = (const CMsgClientRequestFreeLicense *)q->in;
	CMsgClientRequestFreeLicenseResponse out = CMSG_CLIENT_REQUEST_FREE_LICENSE_RESPONSE__INIT;
	uint32_t packages[FREE_MAX], apps[FREE_MAX];

	for (size_t i = 0; i < m->n_appids && i < FREE_MAX; i++) {
		uint32_t package = 0;
		if (!redeem_free(q->c->sim, q->c->who, m->appids[i], &package))
			continue;
		packages[out.n_granted_packageids++] = package;
		apps[out.n_granted_appids++] = m->appids[i];
	}
	out.has_eresult = 1;
	out.eresult = ERESULT_OK;
	out.granted_packageids = packages;
	out.granted_appids = apps;
	if (out.n_granted_packageids)
		cm_tell_licences(q->c->sim, q->c->who);
	cm_answer(q, &out.base);
}

/* ---- what is new ---- */

void cm_announcements(struct cm_ask *q)
{
	CMsgClientItemAnnouncements m = CMSG_CLIENT_ITEM_ANNOUNCEMENTS__INIT;
	m.has_count_new_items = 1;
	cm_answer(q, &m.base);
}

void cm_comments(struct cm_ask *q)
{
	CMsgClientCommentNotifications m = CMSG_CLIENT_COMMENT_NOTIFICATIONS__INIT;
	m.has_count_new_comments = m.has_count_new_comments_owner = m.has_count_new_comments_subscriptions = 1;
	cm_answer(q, &m.base);
}
