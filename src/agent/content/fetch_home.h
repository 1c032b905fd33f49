/*
 * fetch_home: the folder in which an agent keeps what it fetched, each content in a folder of its own, for resuming, for not fetching the
 * same again, and for what a later build has in common with it:
 *
 *      KEY/lock      held by the one who writes (alone) and by those who read it for a later build (shared)
 *      KEY/about     bytes, what line of builds it is in, its content's id: text
 *      KEY/journal   how far it is (wire/content_journal)
 *      KEY/stage/    its files while they are made
 *      KEY/tree/     its files when all of them are good: renamed from stage
 *      KEY/sheet     then: where its chunks are (fetch_sheet)
 *
 * What nobody holds goes when there is not enough room: what was not used for the longest time first. Any thread.
 */
#pragma once

#include "agent/content/fetch_plan.h"

#define FETCH_HOME_PATH    4096
#define FETCH_HOME_LINE    200
#define FETCH_HOME_PERCENT 90
#define FETCH_HOME_HALF_S  86400ll /* what was not finished goes after so long without a writer */

struct log;

struct fetch_home_conf {
	const char *folder;   /* made when it is not there; copied */
	uint64_t bytes_max;   /* of all contents; 0: no limit but the disk's */
	uint32_t percent_max; /* how full the disk may get; 0: FETCH_HOME_PERCENT */
	const struct log *log;
};

struct fetch_home;
must_check enum rc fetch_home_new(const struct fetch_home_conf *conf, struct fetch_home **ret, struct fault *f);
void fetch_home_free(struct fetch_home *h);
bool fetch_home_is_beside(const struct fetch_home *h, const char *dir); /* are both on one disk? dir NULL: no */
OWN_DEFINE(fetch_home)

/* A content that is held: by one writer at a time, in all processes. */
struct fetch_hold {
	struct fetch_home *home;
	int lock;
	char dir[FETCH_HOME_PATH]; /* without a slash at its end */
	char line[FETCH_HOME_LINE], content_id[FETCH_PLAN_HEX];
	uint64_t bytes, promised; /* see fetch_hold_room */
};

/* Waits while another writes it. `stop`, asked often, ends that: RC_CANCELED. */
must_check enum rc fetch_home_hold(struct fetch_home *h, const char *hex, bool (*stop)(void *ctx), void *ctx,
	struct fetch_hold **ret, struct fault *f);
/* One of those that are whole, for reading: by its content's id, or else the newest of that line that is not `but`. RC_MISSING. */
must_check enum rc fetch_home_base(struct fetch_home *h, const char *content_id, const char *line, const char *but,
	struct fetch_hold **ret, struct fault *f);
void fetch_hold_free(struct fetch_hold *h);
OWN_DEFINE(fetch_hold)

/* Keeps bytes, line and content_id of the hold. */
must_check enum rc fetch_hold_note(struct fetch_hold *h, struct fault *f);

/*
 * Makes room for so many bytes more, of a content that is held, and keeps it from the others of this process until fetch_hold_placed: the
 * caller takes it from the disk in between. RC_QUOTA: there is not enough, whatever goes.
 */
must_check enum rc fetch_hold_room(struct fetch_hold *own, uint64_t bytes, struct fault *f);
void fetch_hold_placed(struct fetch_hold *own);

/* Into room for FETCH_HOME_PATH: "DIR/NAME". */
const char *fetch_hold_path(const struct fetch_hold *h, const char *name, char ret[static FETCH_HOME_PATH]);
