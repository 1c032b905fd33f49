/*
 * wallwhale_job: a download as WallWhale's clients know it: a job with the id of one Workshop item. Facts: WallWhale's
 * docs/ROUTES_DOWNLOADS.md and src/routes/v1/downloads.ts.
 */
#pragma once

#include "control/downloads/download_request.h"
#include "control/http/route.h"

struct wallwhale_job {
	const char *id, *item, *status, *account, *root;
	uint32_t percent;
	int64_t started_at, finished_at; /* ms; 0: not yet */
	const char *error;
	enum download_state state;
	const char *artifact_id;
};
extern const struct field wallwhale_job_fields[];

struct wallwhale_job_in {
	const char *item, *account, *root;
};
extern const struct field wallwhale_job_in_fields[];

/* Of the download with that id. */
must_check enum rc wallwhale_job_load(struct tx *tx, const char *id, struct wallwhale_job *ret);

/* What createDownload would be asked for. Problems go into c->reader. */
must_check enum rc wallwhale_job_request(
	struct call *c, const struct wallwhale_job_in *in, struct download_request *ret);

/* Its log so far, and its end if it is over, as a stream has them. In the arena. */
must_check enum rc wallwhale_job_log(struct tx *tx, const struct wallwhale_job *j, const char **ret);

/* An event of it, as a stream has it: a feed_say. */
struct slice_event;
bool wallwhale_job_say(struct buf *to, const struct slice_event *e);
