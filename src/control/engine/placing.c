#include "control/engine/placing.h"
#include "control/control.h"
#include "control/engine/offer.h"
#include "control/engine/turns.h"
#include "control/fleet/roster.h"
#include "wire/field_json.h"

#include <string.h>

/* Of those that offer, what they say holds. */
static enum rc read_roster(struct placing *p)
{
	struct roster *r = arena_take(p->tx->arena, sizeof(*r));
	enum rc rc = r ? roster_load(p->tx, false, r) : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < p->n; i++) {
		struct placement_agent *a = roster_find(r, p->offers[i].agent_id);
		if (!a)
			continue;
		a->capabilities = p->offers[i].actions;
		a->mark = ',';
		if (a->state == PLACEMENT_AWAY)
			a->state = PLACEMENT_UP;
	}
	if (rc == RC_OK)
		p->roster = r;
	return rc;
}

static enum rc as_placed(
	struct placing *p, const struct turns_job *j, const struct turns_task *t, struct placement_task *ret)
{
	static const struct field labels_row = { .name = "labels", .type = FIELD_MAP };

	*ret = (struct placement_task){ .key = t->account_id ? t->account_id : t->id,
		.action = j->action,
		.tenant_id = j->tenant_id,
		.region_id = t->region_id,
		.egress_region = t->egress_region,
		.egress_kind = t->egress_kind,
		.agent_id = t->agent_id,
		.download = roster_is_download(j->action),
		.account = t->account_id != NULL,
		.bound = t->held,
		.waited = t->look_at > 0 && t->look_at <= p->tx->now_ms };
	enum rc rc =
		t->owner && p->tx->control->owned_place ? p->tx->control->owned_place(p->tx, t->owner, ret) : RC_OK;
	if (rc != RC_OK || !t->labels || !p->roster->rules.n)
		return rc;
	return field_json_text(&labels_row, t->labels, p->tx->arena, &ret->labels, p->tx->fault);
}

enum rc placing_choose(
	struct placing *p, const struct turns_job *j, const struct turns_task *t, struct placing_at *ret)
{
	struct placement_task task;
	struct placement at;
	enum rc rc = p->roster ? RC_OK : read_roster(p);

	*ret = (struct placing_at){ .offer = p->n };
	if (rc == RC_OK)
		rc = as_placed(p, j, t, &task);
	if (rc != RC_OK)
		return rc;
	roster_choose(p->roster, &task, &at);
	if (at.chosen == p->roster->n)
		return RC_OK;
	struct placement_agent *a = &p->roster->agents[at.chosen];
	a->tasks++;
	a->downloads += task.download;
	a->sessions += t->account_id && !t->held;
	ret->agent_id = a->id;
	for (size_t i = 0; i < p->n; i++)
		if (p->room[i] && !strcmp(p->offers[i].agent_id, a->id))
			ret->offer = i;
	if (ret->offer == p->n)
		return RC_OK;
	ret->told = roster_tell(p->tx->arena, p->roster, &task, &at);
	return ret->told ? RC_OK : RC_NOMEM;
}
