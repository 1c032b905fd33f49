#include "agent/agent.h"

#include "agent/actions/actions.h"
#include "agent/errand.h"
#include "agent/fetching.h"
#include "agent/identity.h"
#include "agent/keeper.h"
#include "agent/lanes.h"
#include "agent/reports.h"
#include "agent/runs.h"
#include "agent/sessions.h"
#include "agent/shop_tell.h"
#include "agent/uplink_run.h"
#include "io/clock.h"
#include "wire/tunnel_msg.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS_MAX     64
#define PATH_LEN        4096
#define ENROLL_RETRY_MS 2000  /* when the control plane cannot be reached */
#define REFUSED_MS      30000 /* when it refuses: someone must give another token */
#define STOP_TICK_MS    10
#define TELL_MS         1000 /* at the end: for results to be sent */
#define LEAVE_MS        3000 /* at the end: for sockets and sessions to close */

/* An enrolment on its way. */
struct entry {
	struct errand errand;
	struct loop_job back;
	enum rc rc;
	struct fault fault;
	struct identity identity;
};

enum stage { STAGE_RUNS, STAGE_ENDS /* tasks end */, STAGE_TELLS /* their results go out */, STAGE_LEAVES };

struct agent {
	struct agent_conf conf;
	struct arena keep; /* texts of conf */
	struct hush token;
	char identity_path[PATH_LEN], tunnel_url[PATH_LEN];
	char boot_id[33];
	char history[64];      /* of the last WELCOME */
	const char *steam_key; /* PEM; NULL: Steam's own */
	const char *capabilities[ACTIONS_MAX + 1];
	size_t capabilities_n;
	struct agent_shops shops;
	struct shop_tell shop_tell;

	struct loop *loop;
	struct pool *self; /* one thread, that runs the loop */
	struct pool_job self_job;
	struct pool *workers, *errands;
	struct keeper *keeper;
	struct lanes *lanes;
	struct sessions *sessions;
	struct fetching fetching;
	struct runs *runs;
	struct reports *reports;
	struct uplink_run *uplink; /* NULL until it is enrolled */
	struct identity identity;
	struct entry entry;
	struct loop_timer *timer; /* of the enrolment, and then of the end */
	struct loop_job stop_job, last_job;
	enum stage stage;
	uint64_t stage_ms; /* when the stage began */
};

/* ---- the connection ---- */

static void on_hello(void *ctx, struct tunnel_msg_hello *fill, struct arena *arena)
{
	struct agent *a = ctx;

	*fill = (struct tunnel_msg_hello){ .boot_id = a->boot_id,
		.version = a->conf.version,
		.region_id = a->identity.region_id,
		.capabilities = { a->capabilities, a->capabilities_n },
		.capacity = { a->conf.tasks, a->conf.downloads } };
	runs_list(a->runs, &fill->inflight, arena);
}

/* A database that was put back knows nothing of what we were told since: no account is ours until it says so again. */
static void heed_history(struct agent *a, const char *history)
{
	if (!history)
		return;
	if (*a->history && strcmp(a->history, history) != 0) {
		log_warn(a->conf.log, "control plane has another past: its database was restored");
		sessions_fence(a->sessions);
	}
	snprintf(a->history, sizeof(a->history), "%s", history);
}

static void on_up(void *ctx, const struct tunnel_msg_welcome *m)
{
	struct agent *a = ctx;
	heed_history(a, m->history);
	lanes_up(a->lanes);
	runs_up(a->runs, m);
	reports_up(a->reports);
	shop_tell_up(&a->shop_tell);
}

static void on_message(void *ctx, const struct tunnel_msg *m)
{
	struct agent *a = ctx;

	if (runs_message(a->runs, m) || lanes_message(a->lanes, m) || sessions_message(a->sessions, m))
		return;
	if (m->type == TUNNEL_MSG_ACK)
		reports_ack(a->reports, m->ack.wal_pos);
	else if (m->type == TUNNEL_MSG_ERROR)
		log_warn(a->conf.log, "control plane reports code=%s: %s", m->error.code,
			m->error.detail ? m->error.detail : "");
	else if (m->type == TUNNEL_MSG_GOAWAY)
		log_info(a->conf.log, "control plane goes away reason=%s", m->goaway.reason);
}

static void on_drain(void *ctx)
{
	struct agent *a = ctx;
	runs_drain(a->runs);
	reports_drain(a->reports);
}

static void on_down(void *ctx)
{
	struct agent *a = ctx;
	lanes_down(a->lanes);
	runs_down(a->runs);
}

static void on_silent(void *ctx)
{
	struct agent *a = ctx;
	sessions_fence(a->sessions);
}

/* wss:// for https://, ws:// for http:// */
static bool make_url(struct agent *a)
{
	const char *url = a->conf.server_url;
	bool tls = !strncmp(url, "https://", 8);

	if (!tls && strncmp(url, "http://", 7) != 0)
		return false;
	int n = snprintf(a->tunnel_url, sizeof(a->tunnel_url), "%s%s/v1/agents/tunnel", tls ? "wss://" : "ws://",
		strstr(url, "://") + 3);
	return n > 0 && (size_t)n < sizeof(a->tunnel_url);
}

static void connect_up(struct agent *a)
{
	struct fault f = { 0 };
	struct uplink_run_conf conf = { .loop = a->loop,
		.log = a->conf.log,
		.url = a->tunnel_url,
		.ca_file = a->conf.ca_file,
		.http_proxy = a->conf.http_proxy,
		.errands = a->errands,
		.server_url = a->conf.server_url,
		.agent_id = a->identity.agent_id,
		.on = { a, on_hello, on_up, on_message, on_drain, on_down, on_silent } };

	memcpy(conf.identity, a->identity.secret, TUNNEL_AUTH_KEY);
	memcpy(conf.control, a->identity.control, TUNNEL_AUTH_KEY);
	enum rc rc = uplink_run_new(&conf, &a->uplink, &f);
	hush_wipe(conf.identity, sizeof(conf.identity));
	if (rc != RC_OK) {
		log_error(a->conf.log, "agent not connected: %s", f.text);
		loop_timer_at(a->timer, loop_now_ms(a->loop) + ENROLL_RETRY_MS);
		return;
	}
	lanes_attach(a->lanes, a->uplink);
	runs_attach(a->runs, a->uplink);
	reports_attach(a->reports, a->uplink);
}

/* ---- the enrolment ---- */

static void enroll(struct errand *errand)
{
	struct entry *e = list_of(errand, struct entry, errand);
	struct agent *a = list_of(e, struct agent, entry);
	const struct identity_enroll how = { .server_url = a->conf.server_url,
		.token = &a->token,
		.version = a->conf.version,
		.capabilities = a->capabilities,
		.ca_file = a->conf.ca_file,
		.http_proxy = a->conf.http_proxy };

	e->fault = (struct fault){ 0 };
	e->rc = identity_enroll(&how, &e->identity, &e->fault);
	if (e->rc == RC_OK)
		e->rc = identity_save(a->identity_path, &e->identity, &e->fault);
	loop_post(a->loop, &e->back);
}

static void on_enrolled(struct loop_job *job)
{
	struct entry *e = list_of(job, struct entry, back);
	struct agent *a = list_of(e, struct agent, entry);

	if (e->rc == RC_OK) {
		a->identity = e->identity;
		identity_wipe(&e->identity);
		hush_done(&a->token);
		log_info(a->conf.log, "agent enrolled agent=%s region=%s", a->identity.agent_id,
			a->identity.region_id);
	}
	if (a->stage != STAGE_RUNS)
		return;
	if (e->rc == RC_OK) {
		connect_up(a);
		return;
	}
	log_error(a->conf.log, "agent not enrolled: %s", e->fault.text);
	loop_timer_at(a->timer, loop_now_ms(a->loop) + (e->rc == RC_DENIED ? REFUSED_MS : ENROLL_RETRY_MS));
}

/* Who it is is known, or has to be asked for. */
static void arrive(struct agent *a)
{
	if (*a->identity.agent_id) {
		connect_up(a);
		return;
	}
	a->entry.errand.run = enroll;
	a->entry.back.run = on_enrolled;
	if (pool_push(a->errands, &a->entry.errand.job) != RC_OK)
		loop_timer_at(a->timer, loop_now_ms(a->loop) + ENROLL_RETRY_MS);
}

/* ---- the end ---- */

static bool stage_is_over(const struct agent *a, uint64_t for_ms)
{
	switch (a->stage) {
	case STAGE_RUNS:
		return true;
	case STAGE_ENDS:
		return runs_busy(a->runs) == 0;
	case STAGE_TELLS:
		return !a->uplink || !uplink_run_is_up(a->uplink) || for_ms >= TELL_MS ||
		       (runs_untold(a->runs) == 0 && uplink_run_waiting(a->uplink) == 0);
	case STAGE_LEAVES:
		return for_ms >= LEAVE_MS || (keeper_pending(a->keeper) == 0 && sessions_are_off(a->sessions) &&
						     (!a->uplink || uplink_run_is_gone(a->uplink)));
	}
	return true;
}

static void enter_stage(struct agent *a, enum stage stage)
{
	a->stage = stage;
	a->stage_ms = loop_now_ms(a->loop);
	if (stage == STAGE_ENDS) {
		runs_stop(a->runs);
		sessions_stop(a->sessions);
	} else if (stage == STAGE_LEAVES && a->uplink) {
		uplink_run_leave(a->uplink, "agent_stopped");
	}
}

static void go_on_ending(struct agent *a)
{
	while (stage_is_over(a, loop_now_ms(a->loop) - a->stage_ms)) {
		if (a->stage == STAGE_LEAVES) {
			loop_stop(a->loop);
			return;
		}
		enter_stage(a, (enum stage)(a->stage + 1));
	}
	loop_timer_at(a->timer, loop_now_ms(a->loop) + STOP_TICK_MS);
}

static void on_timer(void *ctx)
{
	struct agent *a = ctx;
	if (a->stage == STAGE_RUNS)
		arrive(a);
	else
		go_on_ending(a);
}

static void on_stop(struct loop_job *job) { go_on_ending(list_of(job, struct agent, stop_job)); }
static void on_last(struct loop_job *job) { loop_stop(list_of(job, struct agent, last_job)->loop); }

/* The agent's thread. */
static void live(void *worker, struct pool_job **jobs, size_t n)
{
	struct agent *a = list_of(jobs[0], struct agent, self_job);

	(void)worker;
	(void)n;
	loop_run(a->loop);
	/* What the pools still have comes back in one last turn. */
	pool_free(take(a->workers));
	pool_free(take(a->errands));
	a->last_job.run = on_last;
	loop_post(a->loop, &a->last_job);
	loop_run(a->loop);
}

/* ---- the beginning ---- */

static enum rc copy_conf(struct agent *a, const struct agent_conf *conf, struct fault *f)
{
	enum rc rc = agent_conf_copy(conf,
		&(struct agent_conf_copy){ &a->keep, &a->conf, &a->shops, &a->steam_key, a->identity.secret,
			shop_tell_said, &a->shop_tell },
		f);

	if (rc != RC_OK)
		return rc;
	if (!make_url(a))
		return fault_set(f, RC_INVALID,
			"%.100s is no control plane: its URL begins with http:// or https://", a->conf.server_url);
	return conf->token ? hush_set(&a->token, conf->token->p, conf->token->n) : RC_OK;
}

static void name_capabilities(struct agent *a)
{
	uint8_t random[16];

	a->capabilities_n = actions_names(a->capabilities, ACTIONS_MAX);
	clock_random(random, sizeof(random));
	tunnel_auth_hex(random, sizeof(random), a->boot_id);
}

static void run_errands(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct errand *e = list_of(jobs[i], struct errand, job);
		e->run(e);
	}
}

static enum rc open_folder(struct agent *a, struct journal **ret_journal, struct fault *f)
{
	char path[PATH_LEN];
	uint64_t lost = 0;

	if ((size_t)snprintf(a->identity_path, PATH_LEN, "%s/identity.json", a->conf.data_dir) >= PATH_LEN ||
		(size_t)snprintf(path, PATH_LEN, "%s/journal", a->conf.data_dir) >= PATH_LEN)
		return fault_set(f, RC_INVALID, "the data folder's path is too long");
	enum rc rc = identity_load(a->identity_path, &a->identity, f);
	if (rc == RC_MISSING && a->token.n > 0)
		rc = RC_OK;
	else if (rc == RC_MISSING)
		rc = fault_set(
			f, RC_INVALID, "%s is not there, and no enrolment token was given", a->identity_path);
	if (rc == RC_OK)
		rc = journal_open(path, ret_journal, &lost, f);
	if (rc == RC_OK && lost)
		log_warn(a->conf.log, "journal's torn end cut off bytes=%llu", (unsigned long long)lost);
	return rc;
}

static void remember(void *ctx, uint8_t kind, const char *key)
{
	struct agent *a = ctx;
	runs_remember(a->runs, kind, key);
	reports_remember(a->reports, kind, key);
}

static enum rc make_pools(struct agent *a, struct fault *f)
{
	const struct pool_conf workers = { .name = "task",
		.threads = a->conf.tasks,
		.batch_max = 1,
		.queue_max = RUNS_TASKS_MAX,
		.run = runs_run };
	const struct pool_conf errands = {
		.name = "errand", .threads = 1, .batch_max = 1, .queue_max = 16, .run = run_errands
	};
	const struct pool_conf self = {
		.name = "agent", .threads = 1, .batch_max = 1, .queue_max = 1, .run = live
	};

	enum rc rc = pool_new(&workers, &a->workers, f);
	if (rc == RC_OK)
		rc = pool_new(&errands, &a->errands, f);
	return rc == RC_OK ? pool_new(&self, &a->self, f) : rc;
}

static enum rc make_parts(struct agent *a, struct journal *j, struct fault *f)
{
	struct sessions_conf sessions = { .loop = a->loop,
		.log = a->conf.log,
		.errands = a->errands,
		.directory_url = a->conf.steam_directory_url,
		.ca_file = a->conf.steam_ca_file,
		.http_proxy = a->conf.http_proxy,
		.identity = &a->identity,
		.api_url = a->conf.steam_api_url,
		.community_url = a->conf.steam_community_url,
		.store_url = a->conf.steam_store_url,
		.login_url = a->conf.steam_login_url,
		.public_key = a->steam_key,
		.transport = a->conf.steam_transport,
		.pics_interval_ms = a->conf.pics_interval_ms };
	enum rc rc = reports_new(a->loop, a->conf.log, a->keeper, &a->reports, f);
	if (rc == RC_OK)
		rc = lanes_new(a->loop, a->conf.log, &a->lanes, f);
	if (rc == RC_OK && a->conf.lanes)
		lanes_limits(a->lanes, a->conf.lanes);
	a->shop_tell = (struct shop_tell){
		.loop = a->loop, .errands = a->errands, .reports = a->reports, .shops = &a->shops
	};
	sessions.lanes = a->lanes;
	sessions.reports = a->reports;
	if (rc == RC_OK)
		rc = sessions_new(&sessions, &a->sessions, f);
	const struct fetching_conf fetching = { .log = a->conf.log,
		.ca_file = a->conf.steam_ca_file,
		.http_proxy = a->conf.http_proxy,
		.cache_dir = a->conf.cache_dir,
		.data_dir = a->conf.data_dir,
		.artifacts_dir = a->conf.artifacts_dir,
		.server_url = a->conf.server_url,
		.server_ca_file = a->conf.ca_file,
		.cache_mib = a->conf.cache_mib,
		.cache_percent = a->conf.cache_percent,
		.node_mbit = a->conf.node_mbit };
	if (rc == RC_OK)
		rc = fetching_init(&fetching, &a->fetching, f);
	struct runs_conf runs = { .loop = a->loop,
		.log = a->conf.log,
		.workers = a->workers,
		.keeper = a->keeper,
		.sessions = a->sessions,
		.fetching = &a->fetching,
		.lanes = a->lanes,
		.shops = &a->shops,
		.tracer = a->conf.tracer,
		.tasks = a->conf.tasks };
	if (rc == RC_OK)
		rc = runs_new(&runs, &a->runs, f);
	if (rc == RC_OK)
		rc = loop_timer_new(a->loop, on_timer, a, &a->timer);
	if (rc == RC_OK)
		journal_walk(j, remember, a);
	return rc;
}

static void agent_free(struct agent *a)
{
	if (!a)
		return;
	pool_free(a->self);
	pool_free(a->workers);
	pool_free(a->errands);
	runs_free(a->runs);
	fetching_done(&a->fetching);
	reports_free(a->reports);
	sessions_free(a->sessions);
	lanes_free(a->lanes);
	uplink_run_free(a->uplink);
	loop_timer_free(a->timer);
	keeper_free(a->keeper);
	loop_free(a->loop);
	agent_conf_done(&a->shops);
	hush_done(&a->token);
	identity_wipe(&a->identity);
	arena_done(&a->keep);
	free(a);
}
OWN_DEFINE(agent)

enum rc agent_start(const struct agent_conf *conf, struct agent **ret_agent, struct fault *f)
{
	struct journal *j = NULL;
	auto_of(agent) struct agent *a = calloc(1, sizeof(*a));
	if (!a)
		return RC_NOMEM;
	name_capabilities(a);
	enum rc rc = copy_conf(a, conf, f);
	if (rc == RC_OK)
		rc = open_folder(a, &j, f);
	if (rc != RC_OK)
		return rc;
	rc = loop_new(a->conf.log, &a->loop, f);
	if (rc == RC_OK)
		rc = make_pools(a, f);
	if (rc == RC_OK)
		rc = keeper_new(a->loop, j, &a->keeper, f);
	else
		journal_free(j);
	if (rc == RC_OK)
		rc = make_parts(a, j, f);
	if (rc != RC_OK)
		return rc;
	loop_timer_at(a->timer, loop_now_ms(a->loop));
	rc = pool_push(a->self, &a->self_job);
	if (rc != RC_OK)
		return rc;
	*ret_agent = take(a);
	return RC_OK;
}

void agent_stop(struct agent *a)
{
	if (!a)
		return;
	a->stop_job.run = on_stop;
	loop_post(a->loop, &a->stop_job);
	pool_free(take(a->self));
	agent_free(a);
}
