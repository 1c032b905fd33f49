/*
 * confirm: what waits in somebody's mobile app for a yes or no. One thread.
 */
#pragma once

#include "sim/econ/econ.h"

#define CONFIRM_TYPE_TRADE 2

struct confirm {
	struct list node; /* econ.confirmations */
	uint64_t id, nonce, owner, offer;
	uint32_t type;
	int64_t created, shown_from;
	bool by_sender; /* of the offer; else its partner confirms the accept */
};

/* Asks as `like` says, all but id and nonce; `twice`: two entries for the same thing. False without memory. */
bool confirm_ask(struct econ *e, const struct confirm *like, bool twice);
/* NULL: there is none, it is somebody else's, or the nonce is wrong. */
struct confirm *confirm_find(struct econ *e, uint64_t owner, uint64_t id, uint64_t nonce);
/* Those of an offer that has ended. */
void confirm_forget(struct econ *e, uint64_t offer);
void confirm_drop_all(struct econ *e);
