#include "tests/system/slow.h"
#include "io/clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIP_MS   100
#define ASKS      100 /* answers of some hundred KB each */
#define ROOM_KEPT 4096

static int connect_narrow(const struct rig *r)
{
	int fd = rig_connect(r), room = ROOM_KEPT;

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0);
	return fd;
}

void slow_start(struct slow *s, const struct rig *r)
{
	*s = (struct slow){ .head = rig_connect(r), .body = rig_connect(r) };
	dprintf(s->body,
		"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: slow\r\n"
		"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"action\":",
		r->key);
	for (unsigned i = 0; i < SLOW_IDLE; i++)
		s->idle[i] = rig_connect(r);
	s->large = connect_narrow(r);
	for (unsigned i = 0; i < ASKS; i++)
		dprintf(s->large, "GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
			r->key);
	s->events = connect_narrow(r);
	dprintf(s->events,
		"GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer "
		"%s\r\n\r\n",
		r->key);
}

/* Has it been closed? Keeps how its answer began. */
static bool is_over(int fd, char *answer, size_t n)
{
	char bytes[512];
	ssize_t got = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

	if (got > 0 && answer && !*answer)
		snprintf(answer, n, "%.*s", (int)got, bytes);
	return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

static void drip(struct slow *s)
{
	static const char head[] = "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ";
	char c = s->dripped < sizeof(head) - 1 ? head[s->dripped] : 'x';

	if (clock_mono_ms() < s->next_ms)
		return;
	s->next_ms = clock_mono_ms() + DRIP_MS;
	s->dripped += send(s->head, &c, 1, MSG_NOSIGNAL) == 1;
}

void slow_pump(struct slow *s)
{
	if (!s->head_over) {
		drip(s);
		s->head_over = is_over(s->head, s->head_answer, sizeof(s->head_answer));
	}
	if (!s->body_over)
		s->body_over = is_over(s->body, s->body_answer, sizeof(s->body_answer));
	for (unsigned i = 0; i < SLOW_IDLE; i++)
		if (s->idle[i] >= 0 && is_over(s->idle[i], NULL, 0)) {
			close(s->idle[i]);
			s->idle[i] = -1;
			s->idle_over++;
		}
}

void slow_stop(struct slow *s)
{
	const int fds[] = { s->head, s->body, s->large, s->events };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		close(fds[i]);
}
