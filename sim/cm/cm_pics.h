/*
 * cm_pics: what a connection manager answers to questions about products. Pure: request in, runs of answers out.
 * Source: steam-protocol facts, section 3.
 */
#pragma once

#include "proto/steam/pics.pb-c.h"
#include "sim/sim.h"
#include "wire/steam/frame.h"

/* `head` is the answer's frame without number and body: ids and target job. Each appends a run of (u32 length, message), as a
 * Multi holds it. False without memory. `who` asks; NULL: somebody anonymous. The token of an app that is denied is given to its owners. */
bool cm_pics_changes(struct sim *sim, const CMsgClientPICSChangesSinceRequest *m, struct steam_frame head,
	const struct effect *effect, struct buf *run);
struct cm_pics_ask {
	struct sim *sim;
	const struct person *who;
	struct steam_frame head;
	const struct effect *effect;
};
bool cm_pics_tokens(const struct cm_pics_ask *q, const CMsgClientPICSAccessTokenRequest *m, struct buf *run);
bool cm_pics_products(const struct cm_pics_ask *q, const CMsgClientPICSProductInfoRequest *m, struct buf *run);
