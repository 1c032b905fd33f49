/*
 * confirmations.respond: yes or no to what waits in the app, one at a time (Steam handles several badly), and only to what was named:
 * by its own id, or by the offer or listing that it confirms. A confirmation can be late, and can be gone because it was answered:
 * then the offer says which (product.md A, T14).
 */
#include "agent/actions/confirmations/mobile.h"
#include "agent/actions/offers/econ.h"

#include <string.h>

extern const struct action_run confirmations_respond;

#define LISTS_MAX 6 /* of one task; the lane puts 10 s between them */

struct responding {
	struct action_task *t;
	const struct action_respond *want;
	struct action_responded *rows;
	size_t n;
	bool by_creator;
	bool begun; /* the effect is declared */
};

static enum rc begin(struct responding *r, struct field_list *ret, struct fault *f)
{
	const struct action_respond *want = r->want;
	const struct field_list *named = want->creator_ids.n ? &want->creator_ids : &want->ids;
	const char *const *ids = named->at;

	if ((want->creator_ids.n == 0) == (want->ids.n == 0))
		return fault_set(f, RC_INVALID, "give either creatorIds or ids");
	r->by_creator = want->creator_ids.n > 0;
	r->n = named->n;
	r->rows = arena_take(r->t->arena, (r->n + 1) * sizeof(*r->rows));
	if (!r->rows)
		return RC_NOMEM;
	for (size_t i = 0; i < r->n; i++) {
		if (r->by_creator)
			r->rows[i].creator_id = ids[i];
		else
			r->rows[i].id = ids[i];
	}
	*ret = (struct field_list){ r->rows, r->n };
	return RC_OK;
}

static const struct web_confirmation *find(
	const struct responding *r, const struct web_confirmations *all, const struct action_responded *row)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(r->by_creator ? all->at[i].creator : all->at[i].id,
			    r->by_creator ? row->creator_id : row->id))
			return &all->at[i];
	return NULL;
}

static enum rc respond(
	struct responding *r, const struct web_confirmation *c, struct action_responded *row, struct fault *f)
{
	struct mobile_answer a;
	bool accept = r->want->operation == ACTION_RESPOND_ACCEPT;

	row->id = c->id;
	row->creator_id = c->creator;
	enum rc rc =
		r->begun ? RC_OK : task_effect(r->t, accept ? "accept confirmations" : "cancel confirmations", f);
	if (rc != RC_OK)
		return rc;
	r->begun = true;
	rc = mobile_respond(r->t, c, accept, &a, f);
	r->t->unknown = a.sent && (rc == RC_AWAY || rc == RC_TIMEOUT || rc == RC_CANCELED || rc == RC_MALFORMED);
	if (rc == RC_OK)
		row->status = a.done ? "done" : "failed";
	return rc;
}

/* Does the offer still wait for us, so that its confirmation is only late? */
static bool is_pending(const struct web_offer *o)
{
	return o->state == WEB_OFFER_NEEDS_CONFIRMATION ||
	       (o->state == WEB_OFFER_ACTIVE && !o->ours && o->confirmation == 2);
}

/* What is not in the list: *ret_wait when its offer says that it is to come. */
static enum rc judge_absent(struct responding *r, struct action_responded *row, bool *ret_wait, struct fault *f)
{
	struct web_offer o;

	if (!r->by_creator) {
		row->status = "not_found";
		return RC_OK;
	}
	enum rc rc = econ_offer(r->t, row->creator_id, &o, f);
	if (rc == RC_MISSING) {
		row->status = "not_found";
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	*ret_wait |= is_pending(&o);
	row->status = is_pending(&o) ? NULL : "already_done";
	return RC_OK;
}

static enum rc one_round(struct responding *r, bool *ret_wait, struct fault *f)
{
	struct web_confirmations all = { 0 };

	*ret_wait = false;
	enum rc rc = mobile_list(r->t, &all, f);
	for (size_t i = 0; i < r->n && rc == RC_OK; i++) {
		struct action_responded *row = &r->rows[i];
		const struct web_confirmation *c = row->status ? NULL : find(r, &all, row);
		if (row->status)
			continue;
		rc = c ? respond(r, c, row, f) : judge_absent(r, row, ret_wait, f);
	}
	return rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_respond_result *to = out;
	struct responding r = { .t = t, .want = in };
	bool wait = true;

	enum rc rc = begin(&r, &to->results, f);
	for (int i = 0; i < LISTS_MAX && wait && rc == RC_OK; i++)
		rc = one_round(&r, &wait, f);
	if (rc == RC_LIMIT && !t->unknown && wait)
		rc = RC_OK; /* no more lists before the deadline: what is not there yet is told so */
	for (size_t i = 0; i < r.n && rc == RC_OK; i++)
		if (!r.rows[i].status)
			r.rows[i].status = "not_found";
	return rc;
}

/* Done when nothing that was named waits any more: neither in the list nor by its offer. */
static enum rc probe(struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f)
{
	struct action_respond_result *to = out;
	struct responding r = { .t = t, .want = in };
	struct web_confirmations all = { 0 };
	bool wait = false;

	enum rc rc = begin(&r, &to->results, f);
	if (rc == RC_OK)
		rc = mobile_list(t, &all, f);
	*ret_done = rc == RC_OK;
	for (size_t i = 0; i < r.n && rc == RC_OK; i++) {
		if (find(&r, &all, &r.rows[i])) {
			*ret_done = false;
			return RC_OK;
		}
		rc = judge_absent(&r, &r.rows[i], &wait, f);
		r.rows[i].status = "already_done";
	}
	*ret_done = rc == RC_OK && !wait;
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_respond *want = in;
	struct responding r = { .t = t, .want = want };
	struct web_confirmations all = { 0 };
	struct field_list rows;

	enum rc rc = begin(&r, &rows, f);
	if (rc == RC_OK)
		rc = mobile_list(t, &all, f);
	for (size_t i = 0; i < r.n && rc == RC_OK; i++) {
		const struct web_confirmation *c = find(&r, &all, &r.rows[i]);
		if (c)
			rc = ask_plan(t, plan, "%s %s %s, which confirms %s",
				action_trade_respond_words[want->operation], web_confirm_type(c->type), c->id,
				c->creator);
	}
	return rc;
}

const struct action_run confirmations_respond = {
	.name = "confirmations.respond", .run = run, .probe = probe, .plan = plan
};
