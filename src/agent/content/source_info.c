/* What Steam says of apps: their records, of which the depots matter here. */
#include "agent/content/source_steam.h"
#include "agent/sessions_call.h"
#include "flow/steam_call.h"
#include "wire/steam/vdf.h"

/* One question, with the tokens that the account's licences came with. On RC_OK the answer is the caller's. */
static enum rc ask(
	struct source_steam *s, struct steam_product *of, uint32_t n, struct steam_call **ret, struct fault *f)
{
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = s->task->account_id,
		.ask = { .kind = STEAM_CALL_PRODUCTS,
			.products = of,
			.products_n = n,
			.gap_ms = sessions_pics_interval_ms(s->task->sessions) },
		.tokens = of,
		.deadline_ms = s->task->deadline_ms,
		.scope = s->task->scope,
		.reads = s->task->reads };

	enum rc rc = sessions_do(s->task->sessions, &c, f);
	if (rc == RC_OK)
		*ret = c.answer;
	else
		steam_call_free(c.answer);
	return rc;
}

/* Its record, in the source's arena; *ret NULL: it has no depots. */
static enum rc read_record(
	struct source_steam *s, const struct steam_product *p, const struct vdf **ret, struct fault *f)
{
	struct vdf *doc;

	enum rc rc = pics_parse(PICS_APP, p->buffer, p->buffer_n, &s->arena, &doc, f);
	if (rc == RC_OK)
		*ret = doc->first && vdf_get(doc->first, "depots") ? doc->first : NULL;
	return rc;
}

enum rc source_ask_app(struct source_steam *s, uint32_t id, const struct vdf **ret, struct fault *f)
{
	struct steam_product one = { .kind = PICS_APP, .id = id };
	auto_of(steam_call) struct steam_call *answer = NULL;

	enum rc rc = ask(s, &one, 1, &answer, f);
	if (rc != RC_OK)
		return rc;
	const struct steam_product *p = answer->products_n ? &answer->products[0] : &one;
	if (p->state == STEAM_PRODUCT_UNKNOWN) {
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING, "Steam knows no app %u", id);
	}
	if (p->state != STEAM_PRODUCT_KNOWN)
		return fault_set(f, RC_AWAY, "Steam left out app %u", id);
	rc = read_record(s, p, ret, f);
	if (rc != RC_OK || *ret)
		return rc;
	s->task->code = p->missing_token ? "access_denied" : "not_found";
	return fault_set(f, p->missing_token ? RC_DENIED : RC_MISSING,
		p->missing_token ? "Steam shows the depots of app %u to its owners alone" : "app %u has no depots",
		id);
}

enum rc source_ask_apps(
	struct source_steam *s, const uint32_t *ids, uint32_t n, const struct vdf **ret, struct fault *f)
{
	enum rc rc = RC_OK;

	for (uint32_t from = 0; from < n && rc == RC_OK; from += SOURCE_ASK_MAX) {
		struct steam_product some[SOURCE_ASK_MAX] = { 0 };
		uint32_t k = n - from < SOURCE_ASK_MAX ? n - from : SOURCE_ASK_MAX;
		auto_of(steam_call) struct steam_call *answer = NULL;
		for (uint32_t i = 0; i < k; i++)
			some[i] = (struct steam_product){ .kind = PICS_APP, .id = ids[from + i] };
		rc = ask(s, some, k, &answer, f);
		for (uint32_t i = 0; i < k && rc == RC_OK && i < answer->products_n; i++)
			if (answer->products[i].state == STEAM_PRODUCT_KNOWN)
				rc = read_record(s, &answer->products[i], &ret[from + i], f);
	}
	return rc;
}
