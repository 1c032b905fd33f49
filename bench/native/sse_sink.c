/* Subscribers of an event stream that only count: sse_sink PORT PATH KEYFILE|- SUBSCRIBERS MESSAGES READYFILE.
 * Writes READYFILE when all are subscribed, and ends when every one has got so many messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MARK "\nid:" /* every message has one such line; a greeting has none */

struct subscriber {
	int fd;
	unsigned seen; /* letters of MARK that the stream ends with so far */
	long left;     /* messages; -1: its head has not come */
};

static void die(const char *what)
{
	fprintf(stderr, "sse_sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int subscribe(int port, const char *path, const char *key)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
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

/* How many messages of those that were awaited came. With its head come none: they are sent later. */
static long hear(struct subscriber *s, long messages, long *ready)
{
	static char buf[65536];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n <= 0)
		die("a stream ended");
	if (s->left < 0) {
		if (strncmp(buf, "HTTP/1.1 200", 12) != 0)
			die("a subscriber was refused");
		s->left = messages;
		s->seen = 1; /* the head ends with a line's end */
		++*ready;
		return 0;
	}
	long got = count(s, buf, (size_t)n);
	got = got < s->left ? got : s->left;
	s->left -= got;
	return got;
}

int main(int argc, char **argv)
{
	char key_text[256] = "", *key = NULL;

	if (argc != 7)
		return 2;
	if (strcmp(argv[3], "-") != 0) {
		FILE *f = fopen(argv[3], "re");
		if (!f || !fgets(key_text, sizeof(key_text), f))
			die(argv[3]);
		fclose(f);
		key_text[strcspn(key_text, "\n")] = '\0';
		key = key_text;
	}
	long n = strtol(argv[4], NULL, 10), messages = strtol(argv[5], NULL, 10), left = n * messages, ready = 0;
	struct subscriber *all = calloc((size_t)n, sizeof(*all));
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (long i = 0; all && i < n; i++) {
		all[i] = (struct subscriber){ .fd = subscribe((int)strtol(argv[1], NULL, 10), argv[2], key), .left = -1 };
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &all[i] };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &e) < 0)
			die("epoll_ctl");
	}
	while (left > 0) {
		struct epoll_event e[64];
		int got = epoll_wait(ep, e, 64, -1);
		long before = ready;
		for (int i = 0; i < got; i++)
			left -= hear(e[i].data.ptr, messages, &ready);
		if (ready == n && before < n) {
			int fd = open(argv[6], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
			if (fd < 0 || write(fd, "1", 1) != 1)
				die(argv[6]);
			close(fd);
		}
	}
	free(all);
	return 0;
}
