/* run: the whole command line, with what it printed. And a server of the test's own: a thread that answers canned bytes. */
#pragma once
#include "cli/cli.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

/* Canned answers leave out what they have none of. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define FAKE_REQUESTS_MAX 32

/* One answer. `status` 0: the connection is closed when the request was read. */
struct fake_reply {
	int status;
	const char *body;
	const char *headers; /* whole lines, besides those of length and type; may be NULL */
};

struct fake {
	int listener;
	unsigned port;
	pthread_t thread;
	const struct fake_reply *replies;
	size_t n, seen;
	char *requests[FAKE_REQUESTS_MAX]; /* whole, head and body */
};

static inline size_t fake_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");
	return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

static inline char *fake_read(int fd)
{
	char *p = calloc(1, 1 << 20);
	size_t n = 0;

	for (;;) {
		const char *end = strstr(p, "\r\n\r\n");
		if (end && n >= (size_t)(end + 4 - p) + fake_length(p))
			return p;
		ssize_t got = read(fd, p + n, (1 << 20) - 1 - n);
		if (got <= 0)
			return p;
		n += (size_t)got;
	}
}

static inline void fake_answer(int fd, const struct fake_reply *r)
{
	const char *body = r->body ? r->body : "";
	const char *type = r->status >= 400 ? "application/problem+json" : "application/json";
	if (r->status == 0)
		return;
	dprintf(fd, "HTTP/1.1 %d x\r\n%s", r->status, r->headers ? r->headers : "");
	if (!r->headers || !strcasestr(r->headers, "content-type"))
		dprintf(fd, "content-type: %s\r\ncontent-length: %zu\r\n", type, strlen(body));
	dprintf(fd, "connection: close\r\n\r\n%s", body);
}

static inline void *fake_main(void *ctx)
{
	struct fake *f = ctx;
	for (size_t i = 0; i < f->n; i++) {
		int fd = accept(f->listener, NULL, NULL);
		if (fd < 0)
			break;
		f->requests[i] = fake_read(fd);
		f->seen = i + 1;
		fake_answer(fd, &f->replies[i]);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	shutdown(f->listener, SHUT_RDWR); /* who comes now is refused, and does not wait */
	return NULL;
}

/* Answers one request a connection, in order, and sets FOOTPLATE_SERVER. */
static inline void fake_start(struct fake *f, const struct fake_reply *replies, size_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	char url[64];

	*f = (struct fake){ .replies = replies, .n = n };
	CHECK(n <= FAKE_REQUESTS_MAX);
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(f->listener, (struct sockaddr *)&a, len) == 0 && listen(f->listener, 16) == 0);
	CHECK(getsockname(f->listener, (struct sockaddr *)&a, &len) == 0);
	f->port = ntohs(a.sin_port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", f->port);
	setenv("FOOTPLATE_SERVER", url, 1);
	CHECK(pthread_create(&f->thread, NULL, fake_main, f) == 0);
}

/* Ends it, and returns how many requests came; they stay until fake_done. */
static inline size_t fake_stop(struct fake *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
	return f->seen;
}

static inline void fake_done(struct fake *f)
{
	for (size_t i = 0; i < f->seen; i++)
		free(f->requests[i]);
}

/* A header's value in a static buffer; "" when absent. `name` with its colon. */
static inline const char *fake_header(const struct fake *f, size_t i, const char *name)
{
	static char value[4][512];
	static int next;
	char *to = value[next++ % 4], line[128];
	snprintf(line, sizeof(line), "\r\n%s", name);
	const char *at = strcasestr(f->requests[i], line);
	*to = 0;
	if (at) {
		at += strlen(line) + strspn(at + strlen(line), " ");
		snprintf(to, 512, "%.*s", (int)strcspn(at, "\r"), at);
	}
	return to;
}

static inline const char *fake_body(const struct fake *f, size_t i)
{
	const char *at = strstr(f->requests[i], "\r\n\r\n");
	return at ? at + 4 : "";
}

static inline bool fake_is(const struct fake *f, size_t i, const char *line)
{
	return !strncmp(f->requests[i], line, strlen(line)) &&
	       !strncmp(f->requests[i] + strlen(line), " HTTP/1.1", 9);
}

/* What the last run printed. */
static char *said_out, *said_err;
static const struct cli_extra *run_extra;

#define run(...) run_words((const char *[]){ "footplate", ##__VA_ARGS__, NULL })

static int run_words(const char **words)
{
	size_t out_n, err_n;
	int n = 0;

	free(said_out);
	free(said_err);
	FILE *out = open_memstream(&said_out, &out_n), *err = open_memstream(&said_err, &err_n);
	while (words[n])
		n++;
	int code = cli_run(out, err, n, (char **)words, run_extra);
	fclose(out);
	fclose(err);
	return code;
}

static void run_done(void)
{
	free(said_out);
	free(said_err);
}
