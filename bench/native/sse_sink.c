/* Subscribers of an event stream that only count: sse_sink PORT PATH KEYFILE|- SUBSCRIBERS FILE.
 * Writes FILE.ready when all are subscribed. FILE.want then says how many messages each is to get; it ends when they have. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MARK "\nid:" /* every message has one such line; a greeting has none */

struct subscriber {
	int fd;
	unsigned seen; /* letters of MARK that the stream ends with so far */
	long got;      /* messages; -1: its head has not come */
};

static void die(const char *what)
{
	fprintf(stderr, "sse_sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int subscribe(int port, const char *path, const char *key)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) }
	};
	char ask[1024];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	int n = snprintf(ask, sizeof(ask),
		"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s%s%s\r\n", path,
		key ? "Authorization: Bearer " : "", key ? key : "", key ? "\r\n" : "");
	if (write(fd, ask, (size_t)n) != n)
		die("write");
	return fd;
}

/* The messages that begin in these bytes. */
static long count(struct subscriber *s, const char *p, size_t n)
{
	long found = 0;

	for (size_t i = 0; i < n; i++) {
		s->seen = p[i] == MARK[s->seen] ? s->seen + 1 : p[i] == MARK[0];
		if (s->seen == sizeof(MARK) - 1) {
			found++;
			s->seen = 0;
		}
	}
	return found;
}

/* With its head come no messages: they are sent later. */
static void hear(struct subscriber *s, long *ready)
{
	static char buf[65536];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n <= 0)
		die("a stream ended");
	if (s->got >= 0) {
		s->got += count(s, buf, (size_t)n);
		return;
	}
	if (strncmp(buf, "HTTP/1.1 200", 12) != 0)
		die("a subscriber was refused");
	s->got = 0;
	s->seen = 1; /* the head ends with a line's end */
	++*ready;
}

static void say_ready(const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s.ready", file);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		die(path);
	close(fd);
}

static bool over(const struct subscriber *all, long n, const char *file)
{
	static long want;
	char path[512];

	snprintf(path, sizeof(path), "%s.want", file);
	FILE *f = want ? NULL : fopen(path, "re");
	if (f && fscanf(f, "%ld", &want) != 1) /* NOLINT(cert-err34-c): a bench's own number */
		want = 0;
	if (f)
		fclose(f);
	if (!want)
		return false;
	for (long i = 0; i < n; i++)
		if (all[i].got < want)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	char key_text[256] = "", *key = NULL;

	if (argc != 6)
		return 2;
	if (strcmp(argv[3], "-") != 0) {
		FILE *f = fopen(argv[3], "re");
		if (!f || !fgets(key_text, sizeof(key_text), f))
			die(argv[3]);
		fclose(f);
		key_text[strcspn(key_text, "\n")] = '\0';
		key = key_text;
	}
	long n = strtol(argv[4], NULL, 10), ready = 0;
	struct subscriber *all = calloc((size_t)n, sizeof(*all));
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (long i = 0; all && i < n; i++) {
		all[i] = (struct subscriber){ .fd = subscribe((int)strtol(argv[1], NULL, 10), argv[2], key),
			.got = -1 };
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &all[i] };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &e) < 0)
			die("epoll_ctl");
	}
	while (!over(all, n, argv[5])) {
		struct epoll_event e[256];
		int got = epoll_wait(ep, e, 256, 5);
		long before = ready;
		for (int i = 0; i < got; i++)
			hear(e[i].data.ptr, &ready);
		if (ready == n && before < n)
			say_ready(argv[5]);
	}
	free(all);
	return 0;
}
