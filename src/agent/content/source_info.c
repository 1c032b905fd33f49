/* What Steam says of an app's depots. */
#include "agent/content/source_steam.h"
#include "agent/sessions_call.h"
#include "flow/steam_call.h"
#include "wire/steam/vdf.h"

enum rc source_ask_depots(struct source_steam *s, uint32_t id, const struct vdf **ret, struct fault *f)
{
	struct steam_product one = { .kind = PICS_APP, .id = id };
	struct sessions_call c = { .want = SESSIONS_ASK,
		.account_id = s->task->account_id,
		.ask = { .kind = STEAM_CALL_PRODUCTS,
			.products = &one,
			.products_n = 1,
			.gap_ms = sessions_pics_interval_ms(s->task->sessions) },
		.deadline_ms = s->task->deadline_ms,
		.scope = s->task->scope,
		.reads = s->task->reads };
	struct vdf *doc;

	enum rc rc = sessions_do(s->task->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	if (rc != RC_OK)
		return rc;
	const struct steam_product *p = answer->products_n ? &answer->products[0] : &one;
	if (p->state == STEAM_PRODUCT_UNKNOWN) {
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING, "Steam knows no app %u", id);
	}
	if (p->state != STEAM_PRODUCT_KNOWN)
		return fault_set(f, RC_AWAY, "Steam left out app %u", id);
	rc = pics_parse(PICS_APP, p->buffer, p->buffer_n, &s->arena, &doc, f);
	if (rc != RC_OK)
		return rc;
	*ret = doc->first ? vdf_get(doc->first, "depots") : NULL;
	if (*ret)
		return RC_OK;
	s->task->code = p->missing_token ? "access_denied" : "not_found";
	return fault_set(f, p->missing_token ? RC_DENIED : RC_MISSING,
		p->missing_token ? "Steam shows the depots of app %u to its owners alone" : "app %u has no depots",
		id);
}
