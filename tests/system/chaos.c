#include "tests/system/chaos.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK     16384
#define QUEUE_MAX 64         /* chunks that wait in one direction: then it is not read from */
#define SAID_MAX  (64 << 10) /* what can be said once more */
#define TICK_MS   5

struct chunk {
	struct chunk *next;
	uint64_t at_ms;
	size_t n, done;
	char bytes[];
};

/* One direction. */
struct way {
	int from, to;
	struct chunk *first, **last;
	unsigned waiting;
	uint64_t last_at_ms;
	bool ended, dead; /* its reader saw the end; nothing goes on any more */
};

struct chaos_talk {
	struct way up, down;
	bool twin; /* its answers are read and thrown away */
	bool again;
	char *said;
	size_t said_n;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t roll(struct chaos *c, uint32_t below)
{
	c->dice ^= c->dice << 13;
	c->dice ^= c->dice >> 17;
	c->dice ^= c->dice << 5;
	return below ? c->dice % below : 0;
}

static bool hits(struct chaos *c, unsigned permille) { return permille && roll(c, 1000) < permille; }

static struct sockaddr_in at_address(const char *address, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	CHECK(inet_pton(AF_INET, address ? address : "127.0.0.1", &a.sin_addr) == 1);
	return a;
}

/* This thread's sockets are of that namespace from now on. */
static void enter(const char *netns)
{
	char path[64];
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	int fd = open(*netns == '/' ? netns : path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
	close(fd);
}

static int dial(const struct chaos *c)
{
	struct sockaddr_in to = at_address(c->to_address, c->to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void free_talk(struct chaos_talk *t)
{
	close(t->up.from);
	close(t->up.to);
	for (struct way *w = &t->up;; w = &t->down) {
		for (struct chunk *k = w->first, *next; k; k = next) {
			next = k->next;
			free(k);
		}
		if (w == &t->down)
			break;
	}
	free(t->said);
	free(t);
}

static struct chaos_talk **free_place(struct chaos *c)
{
	for (unsigned i = 0; i < CHAOS_TALKS_MAX; i++)
		if (!c->talks[i])
			return &c->talks[i];
	return NULL;
}

static struct chaos_talk *join(struct chaos *c, int client, int server)
{
	struct chaos_talk **place = free_place(c), *t = place ? calloc(1, sizeof(*t)) : NULL;

	if (!t || server < 0) {
		free(t);
		close(client);
		if (server >= 0)
			close(server);
		return NULL;
	}
	t->up = (struct way){ .from = client, .to = server };
	t->down = (struct way){ .from = server, .to = client };
	t->up.last = &t->up.first;
	t->down.last = &t->down.first;
	*place = t;
	return t;
}

static void put(struct way *w, const char *p, size_t n, uint64_t at_ms)
{
	struct chunk *k = malloc(sizeof(*k) + n);

	CHECK(k != NULL);
	*k = (struct chunk){ .n = n, .at_ms = at_ms < w->last_at_ms ? w->last_at_ms : at_ms };
	memcpy(k->bytes, p, n);
	w->last_at_ms = k->at_ms;
	*w->last = k;
	w->last = &k->next;
	w->waiting++;
}

static void take_in(struct chaos *c, const struct chaos_knobs *k)
{
	int client = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct chaos_talk *t = client >= 0 ? join(c, client, dial(c)) : NULL;

	if (!t)
		return;
	t->again = hits(c, k->twice);
	t->said = t->again ? malloc(SAID_MAX) : NULL;
}

static void remember(struct chaos_talk *t, const char *p, size_t n)
{
	if (!t->said)
		return;
	if (t->said_n + n > SAID_MAX) {
		t->again = false;
		return;
	}
	memcpy(t->said + t->said_n, p, n);
	t->said_n += n;
}

/* False: the connection ends. */
static bool read_way(struct chaos *c, struct chaos_talk *t, struct way *w, const struct chaos_knobs *k)
{
	char bytes[CHUNK];
	ssize_t n = recv(w->from, bytes, k->throttle ? k->throttle : CHUNK, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		w->ended = true;
		return true;
	}
	if (w->dead || (t->twin && w == &t->down))
		return true;
	c->chunks++;
	if (hits(c, k->cut)) {
		c->cuts++;
		return false;
	}
	if (w == &t->up)
		remember(t, bytes, (size_t)n);
	if (hits(c, k->corrupt)) {
		bytes[roll(c, (uint32_t)n)] ^= (char)(1u << roll(c, 8));
		c->corrupted++;
	}
	if (hits(c, k->half_open)) {
		w->dead = true;
		c->halves++;
	}
	put(w, bytes, (size_t)n, now_ms() + roll(c, k->delay_ms + 1));
	return true;
}

/* False: the connection ends. */
static bool write_way(struct way *w)
{
	while (w->first && w->first->at_ms <= now_ms()) {
		struct chunk *k = w->first;
		ssize_t n = send(w->to, k->bytes + k->done, k->n - k->done, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		k->done += (size_t)n;
		if (k->done < k->n)
			return true;
		w->first = k->next;
		if (!w->first)
			w->last = &w->first;
		w->waiting--;
		free(k);
	}
	if (w->ended && !w->first) {
		shutdown(w->to, SHUT_WR);
		w->dead = true;
	}
	return true;
}

/* The same bytes once more, by a connection whose answer nobody reads. */
static void say_again(struct chaos *c, struct chaos_talk *t)
{
	int ends[2];

	if (!t->again || !t->said_n || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	close(ends[1]);
	struct chaos_talk *twin = join(c, ends[0], dial(c));
	if (!twin)
		return;
	twin->twin = true;
	put(&twin->up, t->said, t->said_n, now_ms());
	c->twins++;
}

static void turn(struct chaos *c, struct pollfd *fds, const struct chaos_knobs *k)
{
	for (unsigned i = 0; i < CHAOS_TALKS_MAX; i++) {
		struct chaos_talk *t = c->talks[i];
		struct pollfd *f = &fds[1 + 2 * i];
		if (!t || f->fd != t->up.from || k->hole)
			continue;
		bool up = !(f[0].revents & (POLLIN | POLLHUP | POLLERR)) || t->twin || read_way(c, t, &t->up, k);
		bool down = !(f[1].revents & (POLLIN | POLLHUP | POLLERR)) || read_way(c, t, &t->down, k);
		up = up && write_way(&t->up);
		down = down && (t->twin || write_way(&t->down));
		bool over =
			t->twin ? t->down.ended : t->up.ended && t->down.ended && !t->up.first && !t->down.first;
		if (up && down && !over)
			continue;
		c->talks[i] = NULL;
		say_again(c, t);
		free_talk(t);
	}
}

static void *relay(void *arg)
{
	struct chaos *c = arg;
	static __thread struct pollfd fds[1 + 2 * CHAOS_TALKS_MAX];

	if (*c->netns)
		enter(c->netns);

	while (!c->stop) {
		pthread_mutex_lock(&c->lock);
		struct chaos_knobs k = c->knobs;
		pthread_mutex_unlock(&c->lock);
		fds[0] = (struct pollfd){ c->listener, POLLIN, 0 };
		for (unsigned i = 0; i < CHAOS_TALKS_MAX; i++) {
			struct chaos_talk *t = c->talks[i];
			bool up = t && !k.hole && !t->twin && !t->up.ended && t->up.waiting < QUEUE_MAX;
			bool down = t && !k.hole && !t->down.ended && t->down.waiting < QUEUE_MAX;
			fds[1 + 2 * i] = (struct pollfd){ t ? t->up.from : -1, up ? POLLIN : 0, 0 };
			fds[2 + 2 * i] = (struct pollfd){ t ? t->up.to : -1, down ? POLLIN : 0, 0 };
		}
		poll(fds, k.hole ? 1 : 1 + 2 * CHAOS_TALKS_MAX, TICK_MS);
		turn(c, fds, &k);
		if (fds[0].revents)
			take_in(c, &k);
	}
	return NULL;
}

void chaos_start(struct chaos *c, uint16_t to, uint32_t seed)
{
	chaos_start_at(c, to, seed, &(struct chaos_where){ 0 });
}

void chaos_start_at(struct chaos *c, uint16_t to, uint32_t seed, const struct chaos_where *w)
{
	struct sockaddr_in at = at_address(w->listen, w->port);
	socklen_t n = sizeof(at);
	int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	*c = (struct chaos){ .to = to, .dice = seed | 1, .lock = PTHREAD_MUTEX_INITIALIZER };
	snprintf(c->to_address, sizeof(c->to_address), "%s", w->to ? w->to : "127.0.0.1");
	snprintf(c->netns, sizeof(c->netns), "%s", w->netns && !w->dials_outside ? w->netns : "");
	if (w->netns)
		enter(w->netns);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->netns)
		CHECK(back >= 0 && setns(back, CLONE_NEWNET) == 0);
	close(back);
	CHECK(bind(c->listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(c->listener, 64) == 0);
	CHECK(getsockname(c->listener, (struct sockaddr *)&at, &n) == 0);
	c->port = ntohs(at.sin_port);
	CHECK(pthread_create(&c->thread, NULL, relay, c) == 0);
}

void chaos_set(struct chaos *c, const struct chaos_knobs *k)
{
	pthread_mutex_lock(&c->lock);
	c->knobs = *k;
	pthread_mutex_unlock(&c->lock);
}

void chaos_stop(struct chaos *c)
{
	c->stop = true;
	pthread_join(c->thread, NULL);
	close(c->listener);
	for (unsigned i = 0; i < CHAOS_TALKS_MAX; i++)
		if (c->talks[i])
			free_talk(c->talks[i]);
}
