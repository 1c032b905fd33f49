/*
 * plane: a control plane of a page, on a thread of its own, for tests of the agent as a whole. It admits the agent, notes what it
 * says (plane_expect), grants every lane, and says what it is told to (plane_do). Its directory of Steam answers 500.
 */
#pragma once

#include "agent/agent.h"
#include "io/loop.h"

#include "flow/tunnel.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/logger.h"
#include "io/pool.h"
#include "io/web.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>

#define WAIT_S   20 /* a failure, not a measure */
#define LEASE_MS 3000

static struct plane {
	struct loop *loop;
	struct pool *thread;
	struct pool_job run;
	struct web_server *server;
	struct web_socket *socket;
	struct loop_timer *timer;
	struct tunnel tunnel;
	bool open, up;
	atomic_bool deaf;           /* it answers no question by itself */
	atomic_bool mute;           /* it hears and says nothing at all */
	const char *_Atomic events; /* what events are noted: a type, "" all; NULL: none */
	uint8_t secret[32], agent_key[32];
	struct tunnel_msg_task cancel[4];
	size_t cancel_n;

	pthread_mutex_t lock;
	pthread_cond_t news;
	char seen[512][4096]; /* under the lock */
	unsigned seen_n, read_n;
} c = { .lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER };

static char dir[64], url[64], directory[128], steam_ca[512], steam_api[64];
static struct log quiet;

static inline void see(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void see(const char *fmt, ...)
{
	va_list ap;
	pthread_mutex_lock(&c.lock);
	CHECK(c.seen_n < 512);
	va_start(ap, fmt);
	vsnprintf(c.seen[c.seen_n++], sizeof(c.seen[0]), fmt, ap);
	va_end(ap);
	pthread_cond_broadcast(&c.news);
	pthread_mutex_unlock(&c.lock);
}

/* ---- the control plane's loop ---- */

static inline void pump(void);

static inline void say(const struct tunnel_msg *m)
{
	enum rc rc = tunnel_send(&c.tunnel, m);
	CHECK(rc == RC_OK);
}

/* What is answered at once, and not noted. */
static inline bool serve(const struct tunnel_msg *m)
{
	if (m->type == TUNNEL_MSG_LANE_ASK && !c.deaf)
		say(&(struct tunnel_msg){ .type = TUNNEL_MSG_LANE_GRANT,
			.lane_grant = { .id = m->lane_ask.id, .granted = true, .valid_ms = 10000 } });
	else if (m->type == TUNNEL_MSG_LANE_COOL && !c.deaf)
		say(&(struct tunnel_msg){ .type = TUNNEL_MSG_LANE_COOLED, .lane_cooled.id = m->lane_cool.id });
	else if (m->type == TUNNEL_MSG_EVENT)
		say(&(struct tunnel_msg){ .type = TUNNEL_MSG_ACK, .ack.wal_pos = m->event.wal_pos });
	const char *noted = c.events;
	if (m->type == TUNNEL_MSG_EVENT)
		return !noted || (*noted && strcmp(noted, m->event.type) != 0);
	return m->type == TUNNEL_MSG_LANE_ASK || m->type == TUNNEL_MSG_LANE_COOL || m->type == TUNNEL_MSG_LANE_DROP;
}

static inline void see_message(const struct tunnel_msg *m)
{
	struct buf b = { 0 };
	if (m->type == TUNNEL_MSG_HEARTBEAT || m->type == TUNNEL_MSG_CREDIT || serve(m))
		return;
	tunnel_msg_encode(m, &b);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] == '\n')
			b.p[i] = ' ';
	see("%s %s", tunnel_msg_name(m->type), buf_text(&b));
	buf_done(&b);
}

static inline void see_hello(const struct tunnel_msg_hello *m)
{
	const struct tunnel_msg_task *t = m->inflight.at;
	struct buf b = { 0 };
	for (size_t i = 0; i < m->inflight.n; i++)
		buf_fmt(&b, " %s/%u", t[i].task_id, t[i].attempt);
	CHECK(m->capabilities.n >= 5 && m->capacity.tasks == 2);
	CHECK_STR(m->region_id, "reg_1");
	see("HELLO %s%s", m->agent_id, buf_text(&b));
	buf_done(&b);
}

static inline void act(const struct tunnel_act *a)
{
	switch (a->kind) {
	case TUNNEL_SEND:
		CHECK(web_socket_send(c.socket, a->p, a->n, true));
		break;
	case TUNNEL_HELLO:
		see_hello(&a->msg->hello);
		tunnel_admit(&c.tunnel, loop_now_ms(c.loop), c.agent_key,
			&(struct tunnel_msg_welcome){ .session_id = "ses_1",
				.epoch = 1,
				.lease_ms = LEASE_MS,
				.time_ms = 5000,
				.cancel = { c.cancel, c.cancel_n } });
		break;
	case TUNNEL_UP:
		c.up = true;
		see("up");
		break;
	case TUNNEL_MESSAGE:
		see_message(a->msg);
		break;
	case TUNNEL_CLOSE:
		web_socket_close(c.socket, a->code, a->why);
		break;
	}
}

static inline void pump(void)
{
	struct tunnel_act a;
	while (c.open && !c.mute && tunnel_next(&c.tunnel, &a))
		act(&a);
	if (c.open)
		loop_timer_at(c.timer, c.mute ? UINT64_MAX : tunnel_due(&c.tunnel));
}

static inline void on_timer(void *ctx)
{
	(void)ctx;
	if (c.open && !c.mute)
		tunnel_tick(&c.tunnel, loop_now_ms(c.loop));
	pump();
}

static inline void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	(void)ctx;
	(void)s;
	CHECK(binary);
	if (c.mute)
		return;
	tunnel_feed(&c.tunnel, loop_now_ms(c.loop), p, n);
	pump();
}

static inline void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	(void)ctx;
	(void)s;
	(void)why;
	c.open = c.up = false;
	tunnel_done(&c.tunnel);
	see("closed %d", code);
}

static inline void on_open(void *ctx, struct web_socket *s)
{
	struct tunnel_conf conf = { .time_ms = clock_wall_ms(), .heartbeat_ms = 200 };
	(void)ctx;
	(void)s;
	clock_random(conf.nonce, sizeof(conf.nonce));
	clock_random(conf.ephemeral, sizeof(conf.ephemeral));
	memcpy(conf.identity, c.secret, 32);
	tunnel_init(&c.tunnel, loop_now_ms(c.loop), &conf);
	c.open = true;
	pump();
}

static inline void enroll(struct web_request *r)
{
	static const struct web_header json[] = { { "content-type", "application/json" }, { 0 } };
	const char *body = web_view(r)->body, *key = strstr(body, "\"publicKey\":\"");
	uint8_t public[32];
	char hex[65], text[300];

	if (!strstr(body, "\"token\":\"fp_agt_good\"")) {
		see("refused");
		web_reply(r, 401, json, "{}", 2);
		return;
	}
	memcpy(hex, key + 13, 64);
	hex[64] = 0;
	CHECK(tunnel_auth_of_hex(hex, c.agent_key, 32));
	CHECK(tunnel_auth_identity(c.secret, public) == RC_OK);
	tunnel_auth_hex(public, 32, hex);
	snprintf(text, sizeof(text),
		"{\"agentId\":\"agt_1\",\"regionId\":\"reg_1\",\"serverPublicKey\":\"%s\",\"more\":1}", hex);
	see("enrolled");
	web_reply(r, 201, json, text, strlen(text));
}

static inline void on_request(void *ctx, struct web_request *r)
{
	const struct web_socket_on on = { .open = on_open, .message = on_message, .close = on_close };
	(void)ctx;
	if (!strcmp(web_view(r)->path, "/v1/agents/enroll")) {
		enroll(r);
	} else if (web_view(r)->upgrade) {
		CHECK_STR(web_view(r)->protocols, "footplate.agent.v1");
		c.socket = web_accept(r, "footplate.agent.v1", &on);
	} else {
		web_reply(r, 500, NULL, "", 0);
	}
}

static inline void run_loop(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	(void)jobs;
	(void)n;
	loop_run(c.loop);
}

/* ---- what the test does: pieces of work on that loop ---- */

struct deed {
	struct loop_job job;
	const struct tunnel_msg *msg; /* NULL: closes the connection */
	bool done, again;
};

static inline void on_deed(struct loop_job *job)
{
	struct deed *d = (struct deed *)(void *)job;
	enum rc rc = RC_OK;
	if (d->msg)
		rc = tunnel_send(&c.tunnel, d->msg);
	else
		tunnel_close(&c.tunnel, 1001, "test");
	CHECK(rc == RC_OK || rc == RC_LIMIT);
	pump();
	pthread_mutex_lock(&c.lock);
	d->done = true;
	d->again = rc == RC_LIMIT; /* the agent's credit is on its way */
	pthread_cond_broadcast(&c.news);
	pthread_mutex_unlock(&c.lock);
}

static inline void do_it(const struct tunnel_msg *m)
{
	struct deed d = { .job.run = on_deed, .msg = m };
	do {
		d.done = false;
		loop_post(c.loop, &d.job);
		pthread_mutex_lock(&c.lock);
		while (!d.done)
			pthread_cond_wait(&c.news, &c.lock);
		pthread_mutex_unlock(&c.lock);
	} while (d.again);
}

/* The next thing seen begins with this text. */
static inline void expect(const char *text)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&c.lock);
	do {
		while (c.read_n == c.seen_n)
			if (pthread_cond_timedwait(&c.news, &c.lock, &until)) {
				fprintf(stderr, "expected '%s', saw nothing\n", text);
				exit(1);
			}
		c.read_n++;
	} while (strncmp(text, "EVENT", 5) != 0 &&
		 !strncmp(c.seen[c.read_n - 1], "EVENT", 5)); /* events come when they like */
	const char *saw = c.seen[c.read_n - 1];
	if (strncmp(saw, text, strlen(text)) != 0) {
		fprintf(stderr, "expected '%s'\n     saw '%s'\n", text, saw);
		exit(1);
	}
	pthread_mutex_unlock(&c.lock);
}

static inline void dispatch(
	const char *id, const char *action, const char *class, const char *payload, uint32_t timeout_ms)
{
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_DISPATCH,
		.dispatch = { .task_id = id,
			.job_id = "job_1",
			.attempt = 1,
			.nonce = "n1",
			.action = action,
			.account_id = !strncmp(action, "session", 7) ? "acc_1" : NULL,
			.payload = payload,
			.timeout_ms = timeout_ms,
			.class = class } });
}

static inline void ack(const char *id)
{
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT_ACK, .result_ack = { id, 1 } });
}

static inline struct agent *start(const char *token)
{
	struct hush h = { 0 };
	struct agent *a = NULL;
	struct fault f = { 0 };
	if (token)
		CHECK(hush_set(&h, token, strlen(token)) == RC_OK);
	enum rc rc = agent_start(&(struct agent_conf){ .server_url = url,
					 .token = token ? &h : NULL,
					 .data_dir = dir,
					 .version = "0.1.0",
					 .tasks = 2,
					 .steam_directory_url = directory,
					 .steam_ca_file = *steam_ca ? steam_ca : NULL,
					 .steam_api_url = *steam_api ? steam_api : NULL,
					 .log = &quiet },
		&a, &f);
	hush_done(&h);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
	return a;
}

static inline void plane_start(const char *folder)
{
	struct fault f = { 0 };
	struct web_server_conf conf = { .host = "127.0.0.1",
		.limits = { .header_bytes = 8192,
			.body_bytes = 65536,
			.connections = 100,
			.head_ms = 5000,
			.body_ms = 5000,
			.idle_ms = 60000,
			.stream_bytes = 1 << 20,
			.socket_bytes = 4 << 20,
			.message_bytes = TUNNEL_FRAME_MAX },
		.on_request = on_request };
	const struct pool_conf thread = {
		.name = "control", .threads = 1, .batch_max = 1, .queue_max = 1, .run = run_loop
	};

	snprintf(dir, sizeof(dir), "%s", folder);
	CHECK(mkdtemp(dir) != NULL);
	quiet = logger_over(STDERR_FILENO, getenv("LOUD") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	clock_random(c.secret, sizeof(c.secret));
	CHECK(loop_new(&quiet, &c.loop, &f) == RC_OK);
	CHECK(loop_timer_new(c.loop, on_timer, NULL, &c.timer) == RC_OK);
	CHECK(web_server_new(c.loop, &conf, &c.server, &f) == RC_OK);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", web_server_port(c.server));
	snprintf(directory, sizeof(directory), "%s/directory", url);
	CHECK(pool_new(&thread, &c.thread, &f) == RC_OK);
}

/* After it the loop is the thread's. */
static inline void plane_run(void) { CHECK(pool_push(c.thread, &c.run) == RC_OK); }

static inline void plane_stop(void)
{
	static const char *const files[] = { "identity.json", "journal" };
	char path[128];

	loop_stop(c.loop);
	pool_free(c.thread);
	loop_timer_free(c.timer);
	web_server_free(c.server);
	loop_free(c.loop);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}
