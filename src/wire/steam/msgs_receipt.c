/* The purchase receipt of msgs. */
#include "wire/steam/msgs.h"

#include "wire/steam/vdf_binary.h"

#include <stdio.h>

#define ROOT "MessageObject"

static uint32_t number(const struct vdf *v, const char *path)
{
	uint64_t n = 0;
	return vdf_number_at(v, path, &n) ? (uint32_t)n : 0;
}

static void read_licences(const struct vdf *list, struct msgs_receipt *m)
{
	for (const struct vdf *v = list ? list->first : NULL; v && m->n < list->children; v = v->next) {
		const char *what = vdf_text_at(v, "ItemDescription");
		m->licences[m->n++] = (struct msgs_licence){ number(v, "PackageID"), what ? what : "" };
	}
}

enum rc msgs_receipt_read(const void *p, size_t n, struct arena *a, struct msgs_receipt *ret, struct fault *f)
{
	struct msgs_receipt m = { 0 };
	struct vdf *doc;

	enum rc rc = vdf_binary_parse(p, n, a, &doc, f);
	if (rc != RC_OK)
		return rc;
	const struct vdf *root = vdf_get(doc, ROOT), *list = vdf_get(root, "lineitems");
	if (!root || root->kind != VDF_OBJECT)
		return fault_set(f, RC_MALFORMED, "receipt: it has no %s", ROOT);
	if (list && list->children > MSGS_LICENCES_MAX)
		return fault_set(f, RC_TOO_LARGE, "receipt: over %d items", MSGS_LICENCES_MAX);
	m.licences = arena_take(a, (list ? list->children : 0) * sizeof(*m.licences) + 1);
	if (!m.licences)
		return fault_set(f, RC_TOO_LARGE, "receipt: needs more memory than its limit allows");
	read_licences(list, &m);
	if (!vdf_number_at(root, "TransactionID", &m.transaction))
		m.transaction = 0;
	m.time = number(root, "TransactionTime");
	m.status = number(root, "PurchaseStatus");
	m.detail = number(root, "ResultDetail");
	m.country = vdf_text_at(root, "PurchaseCountryCode");
	m.country = m.country ? m.country : "";
	*ret = m;
	return RC_OK;
}

static bool add(struct vdf *to, struct arena *a, const char *key, uint32_t value)
{
	struct vdf *v = vdf_add(to, a, VDF_I32, key);
	if (v)
		v->i32 = (int32_t)value;
	return v != NULL;
}

static bool add_licences(struct vdf *root, struct arena *a, const struct msgs_receipt *m)
{
	struct vdf *list = vdf_add(root, a, VDF_OBJECT, "lineitems");

	for (uint32_t i = 0; list && i < m->n; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%u", i);
		struct vdf *one = vdf_add(list, a, VDF_OBJECT, key);
		if (!one || !add(one, a, "PackageID", m->licences[i].package) ||
			!vdf_add_text(one, a, "ItemDescription", m->licences[i].what))
			return false;
	}
	return list != NULL;
}

enum rc msgs_receipt_write(const struct msgs_receipt *m, struct buf *to, struct fault *f)
{
	struct arena a = { 0 };
	struct vdf doc = { .key = "" }, *root = vdf_add(&doc, &a, VDF_OBJECT, ROOT);
	struct vdf *id = root ? vdf_add(root, &a, VDF_U64, "TransactionID") : NULL;

	if (id)
		id->u64 = m->transaction;
	bool made = id && add(root, &a, "TransactionTime", m->time) && add(root, &a, "PurchaseStatus", m->status) &&
		    add(root, &a, "ResultDetail", m->detail) &&
		    vdf_add_text(root, &a, "PurchaseCountryCode", m->country ? m->country : "") &&
		    add(root, &a, "LineItemCount", m->n) && add_licences(root, &a, m);
	if (made)
		vdf_binary_write(to, &doc);
	arena_done(&a);
	return made && !to->bad ? RC_OK : fault_set(f, RC_NOMEM, "receipt: no memory");
}
