#include "sim/econ/confirm.h"

#include <stdlib.h>

static bool add(struct econ *e, const struct confirm *like)
{
	struct confirm *c = malloc(sizeof(*c));
	if (!c)
		return false;
	*c = *like;
	c->id = ++e->last_confirmation;
	c->nonce = dice_roll(&e->dice);
	list_append(&e->confirmations, &c->node);
	e->counts.confirmations_made++;
	return true;
}

bool confirm_ask(struct econ *e, const struct confirm *like, bool twice)
{
	return add(e, like) && (!twice || add(e, like));
}

struct confirm *confirm_find(struct econ *e, uint64_t owner, uint64_t id, uint64_t nonce)
{
	list_each (at, after, &e->confirmations) {
		struct confirm *c = list_of(at, struct confirm, node);
		if (c->id == id)
			return c->owner == owner && c->nonce == nonce ? c : NULL;
	}
	return NULL;
}

void confirm_forget(struct econ *e, uint64_t offer)
{
	list_each (at, after, &e->confirmations) {
		struct confirm *c = list_of(at, struct confirm, node);
		if (c->offer != offer)
			continue;
		list_remove(&c->node);
		free(c);
	}
}

void confirm_drop_all(struct econ *e)
{
	list_each (at, after, &e->confirmations) {
		struct confirm *c = list_of(at, struct confirm, node);
		list_remove(&c->node);
		free(c);
	}
}
