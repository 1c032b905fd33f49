#include "tests/system/recorder.h"

#include "io/ws_frame.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in here(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
}

static void take_in(struct recorder *rec)
{
	struct sockaddr_in to = here(rec->to);
	int client = accept(rec->listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(client >= 0 && server >= 0 && rec->n < RECORDER_TALKS_MAX);
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) < 0) { /* the control plane is down just now */
		close(client);
		close(server);
		return;
	}
	rec->talks[rec->n++] = (struct recorder_talk){ .client = client, .server = server };
}

/* False: one end is gone. */
static bool pass(int from, int to, struct buf *record)
{
	uint8_t bytes[16384];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);

	if (n <= 0)
		return false;
	CHECK(record->n + (size_t)n <= RECORDER_BYTES_MAX);
	buf_put(record, bytes, (size_t)n);
	for (ssize_t done = 0; done < n;) {
		ssize_t sent = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		done += sent;
	}
	return true;
}

static void hang_up(struct recorder_talk *t)
{
	close(t->client);
	close(t->server);
	t->client = t->server = -1;
}

static void *relay(void *arg)
{
	struct recorder *rec = arg;

	while (!atomic_load(&rec->stop)) {
		struct pollfd fds[1 + 2 * RECORDER_TALKS_MAX] = { { rec->listener, POLLIN, 0 } };
		unsigned talks = rec->n;
		for (unsigned i = 0; i < talks; i++) {
			fds[1 + 2 * i] = (struct pollfd){ rec->talks[i].client, POLLIN, 0 };
			fds[2 + 2 * i] = (struct pollfd){ rec->talks[i].server, POLLIN, 0 };
		}
		if (poll(fds, 1 + 2 * talks, 50) <= 0)
			continue;
		if (fds[0].revents)
			take_in(rec);
		for (unsigned i = 0; i < talks; i++) {
			struct recorder_talk *t = &rec->talks[i];
			bool up = !fds[1 + 2 * i].revents || pass(t->client, t->server, &t->up);
			bool down = !fds[2 + 2 * i].revents || pass(t->server, t->client, &t->down);
			if (t->client >= 0 && !(up && down))
				hang_up(t);
		}
	}
	return NULL;
}

void recorder_start(struct recorder *rec, uint16_t to)
{
	struct sockaddr_in at = here(0);
	socklen_t n = sizeof(at);

	*rec = (struct recorder){ .to = to, .listener = socket(AF_INET, SOCK_STREAM, 0) };
	CHECK(bind(rec->listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(rec->listener, 16) == 0);
	CHECK(getsockname(rec->listener, (struct sockaddr *)&at, &n) == 0);
	rec->port = ntohs(at.sin_port);
	CHECK(pthread_create(&rec->thread, NULL, relay, rec) == 0);
}

/* What a client sent in masked frames after its request's head, in the clear. */
static void unmask(struct buf *b)
{
	const uint8_t *head = memmem(b->p, b->n, "\r\n\r\n", 4);
	size_t at = head ? (size_t)(head - b->p) + 4 : b->n;

	while (at < b->n) {
		struct ws_frame f;
		size_t used;
		if (ws_frame_parse(b->p + at, b->n - at, &f, &used) != RC_OK || f.n > b->n - at - used)
			return; /* no WebSocket, or its torn end */
		ws_frame_unmask(b->p + at + used, (size_t)f.n, f.mask, 0);
		at += used + (size_t)f.n;
	}
}

void recorder_stop(struct recorder *rec)
{
	atomic_store(&rec->stop, true);
	pthread_join(rec->thread, NULL);
	close(rec->listener);
	for (unsigned i = 0; i < rec->n; i++) {
		if (rec->talks[i].client >= 0)
			hang_up(&rec->talks[i]);
		unmask(&rec->talks[i].up);
	}
}

bool recorder_has(struct recorder *rec, const char *text)
{
	for (unsigned i = 0; i < rec->n; i++) {
		const struct recorder_talk *t = &rec->talks[i];
		if ((t->up.n && memmem(t->up.p, t->up.n, text, strlen(text))) ||
			(t->down.n && memmem(t->down.p, t->down.n, text, strlen(text))))
			return true;
	}
	return false;
}

void recorder_done(struct recorder *rec)
{
	for (unsigned i = 0; i < rec->n; i++) {
		buf_done(&rec->talks[i].up);
		buf_done(&rec->talks[i].down);
	}
}
