#include "control/downloads/download_acts.h"
#include "control/access/audit.h"
#include "control/downloads/download_leave.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_request.h"
#include "control/downloads/download_stop.h"
#include "control/downloads/download_view.h"

static enum rc refuse(struct call *c, const struct download_row *d, const char *what)
{
	return fault_set(
		c->tx.fault, RC_CONFLICT, "the download is %s and cannot be %s", download_words[d->state], what);
}

static enum rc done(struct call *c, const char *deed, struct download_view *ret)
{
	enum rc rc = audit_add(&c->tx, deed, c->arg[0]);

	if (rc == RC_OK)
		rc = download_queue_pump(&c->tx);
	if (rc == RC_OK)
		rc = download_view_one(&c->tx, c->arg[0], ret);
	c->version = ret->version;
	return rc;
}

static enum rc pause_it(struct call *c, void *ret_out)
{
	struct download_row d = { 0 };
	enum rc rc = download_row_load(&c->tx, c->arg[0], &d);
	enum download_state is = (enum download_state)d.state;

	if (rc != RC_OK || is == DOWNLOAD_PAUSED)
		return rc == RC_OK ? done(c, "download.pause", ret_out) : rc;
	if (is == DOWNLOAD_CANCELING || download_is_over(is))
		return refuse(c, &d, "paused");
	if (!download_is_running(is))
		rc = download_leave(&c->tx, &d, DOWNLOAD_PAUSED, NULL);
	else if (!d.wants)
		rc = download_stop(&c->tx, &d, DOWNLOAD_WANTS_PAUSE);
	return rc == RC_OK ? done(c, "download.pause", ret_out) : rc;
}

static enum rc queue_again(struct call *c, struct download_row *d)
{
	d->not_before = 0;
	d->error = NULL;
	d->progress = NULL;
	return download_row_move(&c->tx, d, DOWNLOAD_QUEUED, download_reason_words[DOWNLOAD_FOR_CONCURRENCY]);
}

static enum rc resume(struct call *c, void *ret_out)
{
	struct download_row d = { 0 };
	enum rc rc = download_row_load(&c->tx, c->arg[0], &d);

	if (rc == RC_OK && d.state != DOWNLOAD_PAUSED && d.wants)
		return fault_set(c->tx.fault, RC_CONFLICT, "its agent is about to stop; ask again in a moment");
	if (rc == RC_OK && d.state != DOWNLOAD_PAUSED)
		return refuse(c, &d, "resumed");
	if (rc == RC_OK)
		rc = queue_again(c, &d);
	return rc == RC_OK ? done(c, "download.resume", ret_out) : rc;
}

enum rc download_acts_cancel(struct call *c, void *ret_out)
{
	struct download_row d = { 0 };
	enum rc rc = download_row_load(&c->tx, c->arg[0], &d);
	enum download_state is = (enum download_state)d.state;

	if (rc != RC_OK || is == DOWNLOAD_CANCELED || is == DOWNLOAD_CANCELING)
		return rc == RC_OK ? done(c, "download.cancel", ret_out) : rc;
	if (download_is_over(is))
		return refuse(c, &d, "canceled");
	if (download_is_running(is))
		rc = download_stop(&c->tx, &d, DOWNLOAD_WANTS_CANCEL);
	else
		rc = download_leave(&c->tx, &d, DOWNLOAD_CANCELED, NULL);
	return rc == RC_OK ? done(c, "download.cancel", ret_out) : rc;
}

/* A branch's password went with the download's end. */
static enum rc check_password(struct call *c, const struct download_row *d)
{
	struct download_request in = { 0 };
	enum rc rc = download_request_read(&c->tx, d->request, &in);

	return rc == RC_OK && in.branch_password
		       ? fault_set(c->tx.fault, RC_CONFLICT,
				 "its branch's password went with its end; make a new download")
		       : rc;
}

static enum rc retry(struct call *c, void *ret_out)
{
	struct download_row d = { 0 };
	enum rc rc = download_row_load(&c->tx, c->arg[0], &d);

	if (rc == RC_OK && d.state != DOWNLOAD_FAILED && d.state != DOWNLOAD_CANCELED)
		return refuse(c, &d, "tried again");
	if (rc == RC_OK)
		rc = check_password(c, &d);
	d.licensed = false;
	d.lost_runs = 0;
	if (rc == RC_OK)
		rc = queue_again(c, &d);
	return rc == RC_OK ? done(c, "download.retry", ret_out) : rc;
}

struct download_edit {
	uint32_t priority;
	int64_t bandwidth_bps;
};
enum { GIVEN_PRIORITY = 1, GIVEN_BANDWIDTH = 2 };
static const struct field edit_fields[] = {
	{ .name = "priority",
		.type = FIELD_U32,
		FIELD_AT(struct download_edit, priority),
		.max = DOWNLOAD_PRIORITY_MAX,
		.doc = "9 goes first." },
	{ .name = "bandwidthLimitBps",
		.type = FIELD_I64,
		FIELD_AT(struct download_edit, bandwidth_bps),
		.max = 1000000000000,
		.flags = FIELD_NULLABLE,
		.doc = "Bits a second at most, from now on; 0: no limit." },
	{ 0 },
};

static enum rc edit(struct call *c, void *ret_out)
{
	const struct download_edit *in = c->in;
	struct download_row d = { 0 };
	enum rc rc = download_row_load(&c->tx, c->arg[0], &d);

	if (rc == RC_OK && download_is_over((enum download_state)d.state))
		return refuse(c, &d, "edited");
	if (c->given & GIVEN_PRIORITY) {
		d.priority = in->priority;
		d.rank = download_rank(d.priority, d.created_at);
	}
	if (c->given & GIVEN_BANDWIDTH) {
		d.bandwidth_bps = in->bandwidth_bps;
		d.tuned = download_is_running((enum download_state)d.state);
		c->tx.cancels |= d.tuned;
	}
	if (rc == RC_OK)
		rc = download_row_keep(&c->tx, &d);
	return rc == RC_OK ? done(c, "download.update", ret_out) : rc;
}

#define ACT(name_, path_, method_, flags_)                                                                       \
	.name = (name_), .method = (method_), .path = (path_), .reach = REACH_TENANT, .object = OBJECT_DOWNLOAD, \
	.scope = SCOPE_DOWNLOADS_WRITE, .flags = ROUTE_WRITE | (flags_), .out = download_view_fields,            \
	.out_size = sizeof(struct download_view)

extern const struct route download_act_routes[];
const struct route download_act_routes[] = {
	{ ACT("pauseDownload", "/v1/downloads/{id}/pause", "POST", ROUTE_ACCEPTED), .run = pause_it,
		.doc = "Stops a download and gives its slot to another; what is there stays, and its reservation "
		       "for a "
		       "day." },
	{ ACT("resumeDownload", "/v1/downloads/{id}/resume", "POST", ROUTE_ACCEPTED), .run = resume,
		.doc = "Puts a paused download into the queue again; it goes on where it was." },
	{ ACT("cancelDownload", "/v1/downloads/{id}/cancel", "POST", ROUTE_ACCEPTED), .run = download_acts_cancel,
		.doc = "Ends a download; its slot is free as soon as its agent has stopped." },
	{ ACT("retryDownload", "/v1/downloads/{id}/retry", "POST", ROUTE_ACCEPTED), .run = retry,
		.doc = "Puts a download that failed or was canceled into the queue again; what was fetched "
		       "counts." },
	{ ACT("updateDownload", "/v1/downloads/{id}", "PATCH", 0), .in = edit_fields,
		.in_size = sizeof(struct download_edit), .run = edit,
		.doc = "Sets the priority and the bandwidth of a download that is not over." },
	{ 0 },
};
