/*
 * The event stream: a client that is cut a hundred times, at random places, and the server killed now and then, sees every
 * event once and in order; every other time it comes back as a WebSocket, with the cursor that the stream left. A slow reader
 * costs nobody anything and misses nothing. What is gone is told as a gap. Every event keeps to its schema.
 */
#include "io/ws_reader.h"
#include "tests/system/rig.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 1000
#define CUTS   100

struct maker {
	struct rig *rig;
	_Atomic bool pause, done;
	_Atomic int made;
};

/* Makes an event at a time; a call that the server's death cut off is made again. */
static void *make_events(void *arg)
{
	struct maker *m = arg;
	char body[64];

	for (int i = 0; i < EVENTS; i++) {
		snprintf(body, sizeof(body), "{\"login\":\"bot%d\"}", i);
		for (;;) {
			while (atomic_load(&m->pause))
				rig_sleep_ms(2);
			struct rig_answer a = rig_call(m->rig, "POST", "/v1/accounts", NULL, body);
			int status = a.status;
			rig_answer_done(&a);
			if (status == 201 || status == 409) /* 409: it was made, the answer was lost */
				break;
			rig_sleep_ms(5);
		}
		atomic_fetch_add(&m->made, 1);
	}
	atomic_store(&m->done, true);
	return NULL;
}

struct reader {
	char last_id[64], event[64], id[64];
	int64_t last_pos;
	int accounts, gaps, resets, hellos;
	char line[8192];
	size_t n;
	bool socket, open; /* it is a WebSocket; its handshake is over */
	struct ws_reader ws;
};

static void take_event(struct reader *s, const char *event, const char *id)
{
	s->gaps += !strcmp(event, "stream.gap");
	s->resets += !strcmp(event, "stream.reset");
	s->hellos += !strcmp(event, "stream.hello");
	if (!strncmp(event, "stream.", 7))
		return;
	int64_t pos = strtoll(strrchr(id, '-') + 1, NULL, 10);
	if (pos != s->last_pos + 1) {
		fprintf(stderr, "event %lld came after %lld\n", (long long)pos, (long long)s->last_pos);
		exit(1);
	}
	s->last_pos = pos;
	snprintf(s->last_id, sizeof(s->last_id), "%s", id);
	s->accounts += !strcmp(event, "account.created");
}

static void take_message(void *ctx, const uint8_t *p, size_t n, bool binary)
{
	json_t *frame = json_loadb((const char *)p, n, 0, NULL);

	CHECK(frame && !binary);
	if (*json_str(frame, "id"))
		CHECK(!strncmp(json_str(frame, "event"), "stream.", 7) ||
			!strcmp(json_str(frame, "data.id"), json_str(frame, "id")));
	take_event(ctx, json_str(frame, "event"), json_str(frame, "id"));
	json_decref(frame);
}

static void take_line(struct reader *s, char *line)
{
	char *event = s->event, *id = s->id;

	if (!strncmp(line, "id: ", 4)) {
		snprintf(id, sizeof(s->id), "%.60s", line + 4);
	} else if (!strncmp(line, "event: ", 7)) {
		snprintf(event, sizeof(s->event), "%.60s", line + 7);
	} else if (!*line && *event) { /* the event is whole */
		take_event(s, event, id);
		*event = 0;
	}
}

/* The head of the answer to the upgrade; what follows it are frames. Returns the bytes it took. */
static size_t take_head(struct reader *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CHECK(s->n < sizeof(s->line) - 1);
		s->line[s->n++] = p[i];
		s->line[s->n] = 0;
		if (s->n >= 4 && !strcmp(s->line + s->n - 4, "\r\n\r\n")) {
			CHECK(strstr(s->line, " 101 ") && strstr(s->line, "footplate.events.v1"));
			s->open = true;
			return i + 1;
		}
	}
	return n;
}

static void take_bytes(struct reader *s, const char *p, size_t n)
{
	if (s->socket) {
		size_t used = s->open ? 0 : take_head(s, p, n);
		CHECK(ws_reader_feed(&s->ws, (const uint8_t *)p + used, n - used) == 0);
		return;
	}
	for (; n > 0; p++, n--) {
		if (*p == '\r')
			continue;
		if (*p != '\n') {
			CHECK(s->n < sizeof(s->line) - 1);
			s->line[s->n++] = *p;
			continue;
		}
		s->line[s->n] = 0;
		take_line(s, s->line);
		s->n = 0;
	}
}

static int subscribe(const struct rig *r, struct reader *s, int rcvbuf)
{
	char head[512];
	int fd = rig_connect(r), n;
	if (rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (s->socket)
		n = snprintf(head, sizeof(head),
			"GET /v1/events/ws?after=%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: "
			"Upgrade\r\n"
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			"Sec-WebSocket-Protocol: footplate.events.v1\r\nAuthorization: Bearer %s\r\n\r\n",
			*s->last_id ? s->last_id : "0", r->key);
	else
		n = snprintf(head, sizeof(head),
			"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: "
			"Bearer "
			"%s\r\n%s%s%s\r\n",
			r->key, *s->last_id ? "Last-Event-ID: " : "", s->last_id, *s->last_id ? "\r\n" : "");
	CHECK(write(fd, head, (size_t)n) == n);
	s->ws = (struct ws_reader){ .on = { .ctx = s, .message = take_message }, .message_max = 1 << 20 };
	s->open = false;
	return fd;
}

static size_t read_some(int fd, struct reader *s, size_t most)
{
	char bytes[4096], text[4097];
	ssize_t n = recv(fd, bytes, most < sizeof(bytes) ? most : sizeof(bytes), 0);
	if (n <= 0)
		return 0;
	memcpy(text, bytes, (size_t)n);
	take_bytes(s, text, (size_t)n);
	return (size_t)n;
}

/* A cut may leave half a line: the next connection begins with a new one. */
static void cut(struct reader *s, int fd)
{
	close(fd);
	ws_reader_done(&s->ws);
	s->n = 0;
	*s->event = 0;
}

static void cut_a_hundred_times(struct rig *r)
{
	static struct reader s;
	struct maker m = { .rig = r };
	pthread_t thread;

	s.last_pos = 0;
	CHECK(pthread_create(&thread, NULL, make_events, &m) == 0);
	for (int i = 0; i < CUTS; i++) {
		s.socket = i % 2;
		int fd = subscribe(r, &s, 0);
		struct timeval patience = { 0, 20000 };
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		for (size_t left = 200 + rig_random(20000), n;
			left > 0 && (n = read_some(fd, &s, 1 + rig_random(700))) > 0;)
			left -= n < left ? n : left;
		cut(&s, fd);
		if (i % 25 == 24) { /* and now the server dies, too */
			atomic_store(&m.pause, true);
			rig_stop(&r->server, SIGKILL);
			rig_serve(r, (const char *const[]){ "--no-agent", NULL });
			atomic_store(&m.pause, false);
		}
	}
	pthread_join(thread, NULL);
	int fd = subscribe(r, &s, 0);
	while (s.accounts < EVENTS && read_some(fd, &s, 4096) > 0)
		;
	cut(&s, fd);
	CHECK(s.accounts == EVENTS && s.gaps == 0 && s.resets == 0 && s.hellos > CUTS / 2);
}

/* They read nothing while thousands of bytes come for them; then they read on, and have missed nothing. */
static void slow_readers(struct rig *r)
{
	static struct reader slow[2];
	char body[64];
	int fd[2];

	for (int i = 0; i < 2; i++) {
		slow[i].socket = i;
		fd[i] = subscribe(r, &slow[i], 2048);
	}
	for (int i = 0; i < 600; i++) {
		snprintf(body, sizeof(body), "{\"name\":\"r%d\"}", i);
		json_decref(rig_expect(r, 201, "POST", "/v1/regions", body));
	}
	json_t *page = rig_expect(r, 200, "GET", "/v1/events?type=region.created&limit=500&after=0", NULL);
	CHECK(json_array_size(json_object_get(page, "items")) == 500);
	json_decref(page);
	for (int i = 0; i < 2; i++) {
		const int wide = 1 << 16;
		setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &wide, sizeof(wide));
		setsockopt(fd[i], IPPROTO_TCP, TCP_WINDOW_CLAMP, &wide, sizeof(wide));
		while (slow[i].last_pos < 1 + EVENTS + 600 && read_some(fd[i], &slow[i], 4096) > 0)
			;
		CHECK(slow[i].last_pos >= 1 + EVENTS + 600 && slow[i].gaps == 0);
		cut(&slow[i], fd[i]);
	}
}

static void another_epoch(struct rig *r)
{
	static struct reader s;
	char ahead[64];

	snprintf(ahead, sizeof(ahead), "%d", 1 << 30); /* of a database that was longer than this one */
	for (int i = 0; i < 4; i++) {
		s = (struct reader){ .socket = i % 2 };
		snprintf(s.last_id, sizeof(s.last_id), "%s", i < 2 ? "e00000000-7" : ahead);
		int fd = subscribe(r, &s, 0);
		while ((s.resets == 0 || s.last_pos < 3) && read_some(fd, &s, 512) > 0)
			;
		CHECK(s.resets == 1 && s.last_pos >= 3);
		cut(&s, fd);
	}
	json_decref(rig_expect(r, 410, "GET", "/v1/events?after=e00000000-7", NULL));
}

/* What the log has no more is told as a gap, and the stream goes on behind it. */
static void forgotten(struct rig *r)
{
	static struct reader s;

	rig_stop(&r->server, SIGTERM);
	rig_sql(r, "DELETE FROM events WHERE pos <= 50");
	rig_serve(r, (const char *const[]){ "--no-agent", NULL });
	for (int i = 0; i < 2; i++) {
		s = (struct reader){ .last_pos = 50 /* where the gap ends */, .socket = i };
		int fd = subscribe(r, &s, 0);
		while (s.last_pos < 60 && read_some(fd, &s, 512) > 0)
			;
		CHECK(s.gaps == 1 && s.last_pos >= 60);
		cut(&s, fd);
	}
	json_t *late = rig_expect(r, 410, "GET", "/v1/events?after=7", NULL);
	CHECK_STR(json_str(late, "code"), "cursor_expired");
	json_decref(late);
	json_decref(rig_expect(r, 200, "GET", "/v1/events?after=50", NULL));
	json_decref(rig_expect(r, 200, "GET", "/v1/events?after=0", NULL));
}

static void bad_cursors(struct rig *r)
{
	json_decref(rig_expect(r, 422, "GET", "/v1/events?after=x", NULL));
	json_decref(rig_expect(r, 422, "GET", "/v1/events?type=nonsense", NULL));
	json_decref(rig_expect(r, 422, "GET", "/v1/events?limit=0", NULL));
	json_decref(rig_expect(r, 422, "GET", "/v1/events?typ=task.*", NULL));
	json_decref(rig_expect(r, 400, "GET", "/v1/events/ws", NULL));
}

/* The same filters on the page, the stream and the WebSocket: what comes is what was asked for, and all of it. */
static void filters(struct rig *r)
{
	json_t *page = rig_expect(r, 200, "GET", "/v1/events?type=region.*,api_key.*&limit=500", NULL);
	json_t *items = json_object_get(page, "items"), *e;
	size_t i;

	CHECK(json_array_size(items) == 500);
	json_array_foreach(items, i, e)
		CHECK(!strncmp(json_str(e, "type"), "region.", 7) || !strncmp(json_str(e, "type"), "api_key.", 8));
	const char *region = json_str(json_array_get(items, 7), "regionId");
	char path[160], ways[2][64] = { "", "/ws" };
	snprintf(path, sizeof(path), "/v1/events?regionId=%s&type=region.created,task.*", region);
	json_t *one = rig_expect(r, 200, "GET", path, NULL);
	CHECK(json_array_size(json_object_get(one, "items")) == 1);
	CHECK_STR(json_str(json_array_get(json_object_get(one, "items"), 0), "regionId"), region);
	for (i = 0; i < 2; i++) {
		struct reader s = { .socket = i };
		char head[640], *at = head;
		int fd = rig_connect(r);
		at += snprintf(at, 320,
			"GET /v1/events%s?after=0&regionId=%s&type=region.created,task.* HTTP/1.1\r\nHost: "
			"x\r\nAuthorization: Bearer %s\r\n",
			ways[i], region, r->key);
		at += snprintf(at, 300, "%s",
			i ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
			    "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "
			    "footplate.events.v1\r\n\r\n"
			  : "Accept: text/event-stream\r\n\r\n");
		CHECK(write(fd, head, strlen(head)) == (ssize_t)strlen(head));
		s.ws = (struct ws_reader){ .on = { .ctx = &s, .message = take_message }, .message_max = 1 << 20 };
		s.last_pos = json_int(json_array_get(json_object_get(one, "items"), 0), "pos") - 1;
		int64_t want = s.last_pos + 1;
		while (s.last_pos < want && read_some(fd, &s, 512) > 0)
			;
		CHECK(s.last_pos == want);
		cut(&s, fd);
	}
	json_decref(one);
	json_decref(page);
}

/* The pages and the stream are one log. */
static void pages(struct rig *r)
{
	char path[128];
	int64_t pos = 0;
	int n = 0;

	snprintf(path, sizeof(path), "/v1/events?limit=300");
	for (;;) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *items = json_object_get(page, "items"), *e;
		size_t i;
		json_array_foreach(items, i, e)
		{
			CHECK(json_int(e, "pos") == ++pos);
			n += !strcmp(json_str(e, "type"), "account.created");
		}
		snprintf(path, sizeof(path), "/v1/events?limit=300&after=%s", json_str(page, "nextCursor"));
		bool more = json_array_size(items) > 0;
		json_decref(page);
		if (!more)
			break;
	}
	CHECK(n == EVENTS);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	cut_a_hundred_times(&r);
	slow_readers(&r);
	another_epoch(&r);
	bad_cursors(&r);
	pages(&r);
	filters(&r);
	rig_check_events(&r);
	forgotten(&r);
	rig_done(&r);
	return 0;
}
