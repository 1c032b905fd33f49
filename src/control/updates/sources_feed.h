/*
 * sources_feed: following what a source tells of changes, gaps in it, and sweeps over all that is watched. On the writer's thread.
 * product.md 5.8.3, 5.8.4.
 */
#pragma once

#include "control/updates/sources_rows.h"

#define SOURCES_SWEEP_MS   900000
#define SOURCES_SWEEP_PAGE 5000 /* ids of one question */

/* An answer to "what changed": titles are touched and the cursor moves, or a gap is open. NULL or unreadable: a failure. */
must_check enum rc sources_feed_told(struct tx *tx, const struct source_ask *a, const char *result);

/* A page of a sweep was answered. */
must_check enum rc sources_feed_swept(struct tx *tx, const struct source_ask *page);

/* Asks what is due: changes, a page of a sweep. `asks`: what is open. May close a gap. */
must_check enum rc sources_feed_scan(struct tx *tx, struct source *s, const struct field_list *asks);
