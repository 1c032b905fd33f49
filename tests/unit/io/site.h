/*
 * site: a web server on a thread of its own, with a pool of workers, and a raw client. For the tests of io/web.
 *
 *   /echo   answers what it saw of the request          /later  the same, by a worker, some time later
 *   /bytes?n  n bytes                                   /hold   by a worker, when site_release is called
 *   /stream[?n]  an event stream; n writes of 1 KiB     /ws     a WebSocket that echoes
 */
#pragma once

#include "io/loop.h"
#include "io/pool.h"
#include "io/web.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

struct site {
	struct web_server_conf conf;
	struct loop *loop;
	struct pool *pool;
	struct web_server *server;
	pthread_t thread;
	uint16_t port;
	atomic_int given, answered, refused, last_refused, streams, stream_closes, sockets, socket_closes,
		last_code, open;
	atomic_bool hold;
	struct web_stream *stream;
	struct web_socket *socket;
	atomic_bool endless;  /* /stream writes again whenever all was sent */
	struct loop_job beat; /* posted by it, to see how often it has its turn before others */
	bool beating;
	int turns;
	atomic_int most_turns;
	char last_why[128];  /* to be read after socket_closes was awaited */
	char last_cert[300]; /* of the last request: the client certificate's URI and serial; "" none */
};

struct site_work {
	struct pool_job at_work;
	struct loop_job back;
	struct web_request *request;
	struct site *site;
	struct buf text;
};

static inline void site_describe(const struct web_request *r, struct buf *b)
{
	const struct web_view *v = web_view(r);
	static const char *const names[] = { "authorization", "idempotency-key", "if-match", "content-type",
		"prefer", "x-request-id", "x-forwarded-for", "cookie", "host", "traceparent", "user-agent" };

	buf_fmt(b, "%s|%s|%s|%s|", v->method, v->path, v->query, v->peer);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (web_header(r, names[i]))
			buf_fmt(b, "%s=%s;", names[i], web_header(r, names[i]));
	CHECK(v->body[v->body_n] == 0);
	buf_fmt(b, "|%zu|", v->body_n);
	buf_put(b, v->body, v->body_n < 2000 ? v->body_n : 0);
}

static const struct web_header site_plain[] = { { "Content-Type", "text/plain" }, { 0 } };

static inline void site_back(struct loop_job *job)
{
	struct site_work *w = (struct site_work *)(void *)((char *)job - offsetof(struct site_work, back));
	w->site->answered++;
	web_reply(w->request, 200, site_plain, w->text.p, w->text.n);
	buf_done(&w->text);
	free(w);
}

static inline void site_run(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct site_work *w = (struct site_work *)(void *)jobs[i];
		while (w->site->hold)
			usleep(1000);
		usleep((unsigned)rand() % 2000);
		site_describe(w->request, &w->text); /* a worker reads the request even if the client is gone */
		w->back.run = site_back;
		loop_post(w->site->loop, &w->back);
	}
}

static inline void site_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	struct site *site = ctx;
	if (n == 5 && !memcmp(p, "flood", 5)) {
		char *block = calloc(1, 65536);
		while (web_socket_send(s, block, 65536, true))
			;
		free(block);
		return;
	}
	if (n == 4 && !memcmp(p, "quit", 4)) {
		web_socket_close(s, 4001, "as you wish");
		web_socket_close(s, 4002, "only the first counts");
		CHECK(!web_socket_send(s, "late", 4, true));
		return;
	}
	if (n == 4 && !memcmp(p, "talk", 4)) {
		char why[203] = "xy"; /* then two-byte characters: the limit of 123 bytes falls into one */
		for (int i = 0; i < 100; i++)
			memcpy(why + 2 + 2 * i, "\xc3\xa9", 3);
		web_socket_close(s, 4003, why);
		return;
	}
	(void)site;
	web_socket_send(s, p, n, binary);
}
static inline void site_open(void *ctx, struct web_socket *s)
{
	struct site *site = ctx;
	site->sockets++;
	site->socket = s;
}
static inline void site_socket_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct site *site = ctx;
	(void)s;
	CHECK(why);
	site->last_code = code;
	snprintf(site->last_why, sizeof(site->last_why), "%s", why);
	site->socket_closes++;
}
static inline void site_stream_close(void *ctx, struct web_stream *s)
{
	struct site *site = ctx;
	(void)s;
	site->stream = NULL;
	site->stream_closes++;
}

static inline void site_beat(struct loop_job *job)
{
	((struct site *)(void *)((char *)job - offsetof(struct site, beat)))->beating = false;
}
static inline void site_stream_drain(void *ctx, struct web_stream *s)
{
	static const char block[4096];
	struct site *site = ctx;
	if (!site->endless)
		return;
	if (!site->beating) {
		site->beating = true;
		site->turns = 0;
		site->beat.run = site_beat;
		loop_post(site->loop, &site->beat);
	}
	if (++site->turns > site->most_turns)
		site->most_turns = site->turns;
	web_stream_write(s, block, sizeof(block));
}

static inline void site_stream(struct site *s, struct web_request *r, const char *query)
{
	static const struct web_header events[] = { { "Content-Type", "text/event-stream" }, { 0 } };
	struct web_stream_on on = { .ctx = s, .close = site_stream_close, .drain = site_stream_drain };
	int n = atoi(query);
	char block[1024];

	memset(block, 'e', sizeof(block));
	struct web_stream *stream = web_stream(r, events, &on);
	s->stream = stream;
	s->streams++;
	for (int i = 0; stream && i < n; i++)
		if (!web_stream_write(stream, block, sizeof(block)))
			return;
	if (stream && n > 0)
		web_stream_close(stream);
}

static inline void site_answer_now(struct web_request *r)
{
	struct buf b = { 0 };
	site_describe(r, &b);
	web_reply(r, 200, site_plain, b.p, b.n);
	buf_done(&b);
}

static inline void site_on_request(void *ctx, struct web_request *r)
{
	struct site *s = ctx;
	const struct web_view *v = web_view(r);

	s->given++;
	snprintf(s->last_cert, sizeof(s->last_cert), "%s%s%s", v->cert_uri ? v->cert_uri : "",
		v->cert_uri ? " " : "", v->cert_uri ? v->cert_serial : "");
	if (v->upgrade) {
		struct web_socket_on on = {
			.ctx = s, .open = site_open, .message = site_message, .close = site_socket_close
		};
		if (!strcmp(v->path, "/ws"))
			web_accept(r, v->protocols, &on);
		else
			web_reply(r, 404, NULL, "no", 2);
	} else if (!strcmp(v->path, "/bytes")) {
		size_t n = (size_t)atol(v->query);
		char *p = malloc(n + 1);
		memset(p, 'b', n);
		web_reply(r, 200, NULL, p, n);
		free(p);
	} else if (!strcmp(v->path, "/empty")) {
		web_reply(r, 204, NULL, NULL, 0);
	} else if (!strcmp(v->path, "/stream")) {
		site_stream(s, r, v->query);
	} else if (!strcmp(v->path, "/later")) {
		struct site_work *w = calloc(1, sizeof(*w));
		w->request = r;
		w->site = s;
		CHECK(pool_push(s->pool, &w->at_work) == RC_OK);
	} else {
		site_answer_now(r);
	}
}

static inline void site_on_refused(void *ctx, const char *peer, int status, const char *why)
{
	struct site *s = ctx;
	CHECK(peer && why && *why);
	s->last_refused = status;
	s->refused++;
}

static inline void *site_main(void *arg)
{
	loop_run(((struct site *)arg)->loop);
	return NULL;
}

/* Limits and files may be set in s->conf before. */
static inline void site_start(struct site *s)
{
	struct fault f = { 0 };
	struct pool_conf pool = {
		.name = "site", .threads = 3, .batch_max = 4, .queue_max = 100000, .run = site_run
	};

	CHECK(loop_new(NULL, &s->loop, &f) == RC_OK);
	CHECK(pool_new(&pool, &s->pool, &f) == RC_OK);
	s->conf.host = "127.0.0.1";
	s->conf.ctx = s;
	s->conf.on_request = site_on_request;
	s->conf.on_refused = site_on_refused;
	if (web_server_new(s->loop, &s->conf, &s->server, &f) != RC_OK) {
		fprintf(stderr, "%s\n", f.text);
		exit(1);
	}
	s->port = web_server_port(s->server);
	CHECK(pthread_create(&s->thread, NULL, site_main, s) == 0);
}

/* Runs something on the loop and waits for it. */
struct site_call {
	struct loop_job job;
	struct site *site;
	void (*what)(struct site *s);
	atomic_bool done;
};
static inline void site_called(struct loop_job *job)
{
	struct site_call *c = (struct site_call *)(void *)job;
	c->what(c->site);
	c->done = true;
}
static inline void site_do(struct site *s, void (*what)(struct site *s))
{
	struct site_call c = { .job.run = site_called, .site = s, .what = what };
	loop_post(s->loop, &c.job);
	while (!c.done)
		usleep(500);
}
static inline void site_count(struct site *s) { s->open = (int)web_server_open(s->server); }

/* Waits (for at most ten seconds) until a counter of the site's has reached n. */
static inline void site_await(struct site *s, atomic_int *counter, int n)
{
	for (int i = 0; *counter < n && i < 10000; i++)
		usleep(1000);
	CHECK(*counter >= n);
	(void)s;
}
static inline void site_await_open(struct site *s, int n)
{
	for (int i = 0; i < 5000; i++) {
		site_do(s, site_count);
		if (s->open == n)
			return;
		usleep(2000);
	}
	CHECK(s->open == n);
}

static inline void site_stop(struct site *s)
{
	s->hold = false;
	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	web_server_free(s->server);
	pool_free(s->pool);
	loop_free(s->loop);
}

/* --- the raw client */

static inline int site_connect(const struct site *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static inline void site_put(int fd, const void *p, size_t n)
{
	const char *at = p;
	while (n > 0) {
		ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
		if (k < 0)
			return; /* the server may have closed: what it said shows in the answer */
		at += k;
		n -= (size_t)k;
	}
}
static inline void site_say(int fd, const char *text) { site_put(fd, text, strlen(text)); }

/* Reads until the other end closes, or `until` has come; ten seconds of silence are a failure. */
static inline size_t site_hear(int fd, char *to, size_t room, const char *until)
{
	size_t n = 0;
	while (n + 1 < room) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		CHECK(poll(&p, 1, 10000) == 1);
		ssize_t k = recv(fd, to + n, room - 1 - n, 0);
		if (k <= 0)
			break;
		n += (size_t)k;
		to[n] = 0;
		if (until && strstr(to, until))
			break;
	}
	to[n] = 0;
	return n;
}

/* One request on a connection of its own; the whole answer, until the server closes. */
static inline const char *site_ask(const struct site *s, const char *text)
{
	static char answer[1 << 20];
	int fd = site_connect(s);
	site_say(fd, text);
	site_hear(fd, answer, sizeof(answer), NULL);
	close(fd);
	return answer;
}
static inline const char *site_body(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	return body ? body + 4 : "";
}
