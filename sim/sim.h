/*
 * sim: one simulated Steam: its world, its faults, and the ledger of what was asked of it. Everything that answers requests
 * borrows it. One thread, no socket, no clock: the time is an argument everywhere.
 */
#pragma once

#include "base/log.h"
#include "sim/faults.h"
#include "sim/world.h"

struct ledger {
	uint64_t requests[REQUEST_COUNT];
	uint64_t product_ids; /* ids in product info requests */
	uint64_t logons_ok, logons_refused;
	uint64_t connections;    /* since the start */
	uint64_t kicked;         /* closed by us: silent, or a fault */
	uint64_t malformed;      /* messages that could not be read */
	unsigned open, sessions; /* now: connections, and those that are logged on */
};

struct sim {
	struct world world;
	struct faults faults;
	struct ledger ledger;
	const struct log *log;
	uint32_t heartbeat_s; /* what a logon is told */
	uint32_t cell_id;
	uint32_t part_bytes;   /* a product info answer is cut into parts of about so many bytes */
	uint32_t last_conn;    /* number of the newest connection, for the log */
	uint32_t last_session; /* number of the newest session */
};

/* Counts a request and says what shall happen to it. */
struct effect sim_count(struct sim *s, enum request r);

/* Appends the ledger as JSON: counts of each request, of each product that was asked for, and the rules with their hits. */
void sim_ledger(const struct sim *s, struct buf *to);

/* Forgets what was counted; open connections and sessions stay. */
void sim_forget(struct sim *s);

/* Changes products as a line of a query says: apps=440,480&packages=0&what=build. */
must_check enum rc sim_change(struct sim *s, const char *query, struct fault *f);
