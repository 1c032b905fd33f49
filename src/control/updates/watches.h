/*
 * watches: what of a title's state is a watch's: its state, and what the title has of its watches. On the writer's thread.
 * product.md 5.8.7.
 */
#pragma once

#include "control/tx.h"

struct title_row;

/* Paused until somebody resumes it; else it is what the title's last answers make of it. */
#define WATCHES_ACTIVE   "active"
#define WATCHES_DEGRADED "degraded" /* a source stands in for another */
#define WATCHES_STALE    "stale"    /* no definite answer for three intervals */
#define WATCHES_DENIED   "denied"   /* it wants a token, a licence or a log-on */
#define WATCHES_UNKNOWN  "unknown_title"
#define WATCHES_PAUSED   "paused"

#define WATCHES_STALE_AFTER 3 /* intervals */

/* The state of this title's watches, apart from time. */
const char *watches_state_of(const struct title_row *t);

/* An answer changed the title: so are its watches. */
must_check enum rc watches_settle(struct tx *tx, const struct title_row *was, const struct title_row *is);

/* A watch of it came, went, was paused, resumed or edited. */
must_check enum rc watches_recount(struct tx *tx, const char *title_id);

/* Watches become stale, told by watch.stale; polls end; old changes are forgotten. For one control plane at a time; it looks each WATCHES_SCAN_MS. */
#define WATCHES_SCAN_MS      5000
#define WATCHES_KEEP_MS      (365 * (int64_t)86400000) /* changes */
#define WATCHES_STALE_ATONCE 1000
must_check enum rc watches_scan(struct tx *tx);
