#include "control/life.h"
#include "control/cluster/bells.h"
#include "control/cluster/cluster.h"
#include "control/events/feed.h"
#include "control/http/routes.h"
#include "control/http/serve.h"
#include "control/http/twins.h"
#include "control/http/waits.h"
#include "control/hub/hub.h"
#include "control/hub/scan.h"
#include "control/keyring/keyring.h"
#include "control/keyring/warden.h"
#include "control/owners.h"
#include "control/prepare.h"
#include "control/sweep.h"
#include "control/webhooks/webhooks.h"
#include "io/clock.h"

/* The job that ends the loop's last turn. */
struct last {
	struct loop_job job;
	struct loop *loop;
	unsigned turns;
};

static enum rc listen_on(struct control *c, struct fault *f)
{
	const struct web_server_conf conf = {
		.host = c->conf->host,
		.port = c->conf->port,
		.tls_cert = c->conf->tls_cert,
		.tls_key = c->conf->tls_key,
		.listener = c->conf->listener,
		.limits = *c->conf->limits,
		.protocols = hub_protocols,
		.ctx = c,
		.on_request = serve_request,
		.on_refused = serve_refused,
	};
	return web_server_new(c->loop, &conf, &c->server, f);
}

enum rc life_start(struct control *c, struct fault *f)
{
	int64_t others = 0;

	c->started_ms = clock_wall_ms();
	cluster_name(c);
	c->routes = routes;
	c->committing = bells_note;
	c->committed = bells_ring;
	c->owned = owners_fold;
	c->owned_progress = owners_progress;
	c->owned_place = owners_place;
	enum rc rc = prepare_database(c, &others, f);
	if (rc == RC_OK)
		rc = reader_start(c, f);
	if (rc == RC_OK)
		rc = writer_start(c, f);
	if (rc == RC_OK)
		rc = serve_start(c, f);
	if (rc == RC_OK)
		rc = feed_new(c, &c->feed, f);
	if (rc == RC_OK)
		rc = webhooks_new(c, &c->webhooks, f);
	if (rc == RC_OK)
		rc = hub_new(c, &c->hub, f);
	if (rc == RC_OK)
		rc = cluster_new(c, others > 0, &c->cluster, f);
	if (rc == RC_OK)
		rc = scan_new(c, &c->scan, f);
	if (rc == RC_OK)
		rc = sweep_new(c, &c->sweep, f);
	if (rc == RC_OK)
		rc = steward_new(c, &c->steward, f);
	if (rc == RC_OK)
		rc = cleaner_new(c, &c->cleaner, f);
	if (rc == RC_OK)
		rc = warden_new(c, &c->warden, f);
	return rc == RC_OK ? listen_on(c, f) : rc;
}

void life_drain(struct control *c)
{
	atomic_store(&c->draining, true);
	cluster_leave(c->cluster);
	web_server_drain(c->server);
	waits_answer_all(c->waits);
	feed_close_all(c->feed);
	hub_close_all(c->hub);
}

static void on_last(struct loop_job *job)
{
	struct last *last = (struct last *)(void *)job;

	if (--last->turns)
		loop_post(last->loop, job);
	else
		loop_stop(last->loop);
}

/* What was handed back is answered and freed, and so is what that hands back in turn: nothing is posted any more after it. */
static void last_turns(struct loop *l)
{
	struct last last = { .job = { .run = on_last }, .loop = l, .turns = 3 };

	if (!l)
		return;
	loop_post(l, &last.job);
	loop_run(l);
}

void life_stop(struct control *c)
{
	pool_free(take(c->slow_readers));
	last_turns(c->loop); /* what they were done with becomes writes */
	webhooks_stop(c->webhooks);
	steward_stop(c->steward);
	gates_stop(c);
	warden_stop(c->warden);
	cleaner_stop(c->cleaner);
	pool_free(take(c->writer));
	pool_free(take(c->readers));
	if (c->bells)
		bells_close(c->bells);
	last_turns(c->loop);
	web_server_free(take(c->server));
	last_turns(c->loop); /* of the connections that were closed */
	bells_free(take(c->bells));
	scan_free(take(c->scan));
	cluster_free(take(c->cluster));
	hub_free(take(c->hub));
	feed_free(take(c->feed));
	webhooks_free(take(c->webhooks));
	twins_free(take(c->twins));
	waits_free(take(c->waits));
	sweep_free(take(c->sweep));
	cleaner_free(take(c->cleaner));
	steward_free(take(c->steward));
	gates_free(c);
	warden_free(take(c->warden));
	loop_free(take(c->loop));
	keyring_free(take(c->secrets.ring));
	hush_wipe(&c->secrets, sizeof(c->secrets));
}
