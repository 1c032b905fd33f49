#include "io/syslog.h"
#include "base/when.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_S 5
#define PRI    109 /* facility 13 (log audit), severity 5 (notice) */

static bool cut(const char *text, size_t n, char *to, size_t room)
{
	if (n == 0 || n >= room)
		return false;
	memcpy(to, text, n);
	to[n] = 0;
	return true;
}

enum rc syslog_parse(const char *text, struct syslog_to *ret, struct fault *f)
{
	struct syslog_to t = { .way = !strncmp(text, "tcp://", 6) ? SYSLOG_TCP : SYSLOG_UDP };
	const char *host = text + 6, *colon = strrchr(text, ':');

	if (!strncmp(text, "unix:/", 6)) {
		t.way = SYSLOG_UNIX;
		if (strlen(text + 5) < sizeof(((struct sockaddr_un *)0)->sun_path) &&
			cut(text + 5, strlen(text + 5), t.host, sizeof(t.host))) {
			*ret = t;
			return RC_OK;
		}
	}
	bool ok = t.way != SYSLOG_UNIX && (!strncmp(text, "tcp://", 6) || !strncmp(text, "udp://", 6)) &&
		  colon > host;
	size_t n = ok ? (size_t)(colon - host) : 0;
	if (ok && *host == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (!ok || !cut(host, n, t.host, sizeof(t.host)) || strlen(colon + 1) >= sizeof(t.port) || !colon[1] ||
		strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return fault_set(f, RC_INVALID, "a syslog is udp://HOST:PORT, tcp://HOST:PORT or unix:/PATH");
	snprintf(t.port, sizeof(t.port), "%.5s", colon + 1);
	*ret = t;
	return RC_OK;
}

static int open_socket(int family, int type, const struct sockaddr *at, socklen_t n)
{
	const struct timeval wait = { .tv_sec = WAIT_S };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 && connect(fd, at, n) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	if (n >= sizeof(at.sun_path))
		return -1;
	memcpy(at.sun_path, path, n + 1);
	return open_socket(AF_UNIX, SOCK_DGRAM, (const struct sockaddr *)&at, sizeof(at));
}

static int dial_net(const struct syslog_to *to)
{
	int type = to->way == SYSLOG_TCP ? SOCK_STREAM : SOCK_DGRAM, fd = -1;
	const struct addrinfo how = { .ai_socktype = type };
	struct addrinfo *all = NULL;

	if (getaddrinfo(to->host, to->port, &how, &all) != 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
		fd = open_socket(a->ai_family, type, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	return fd;
}

/* A name may hold printing ASCII and no blank. */
static void name_of_host(char *to, size_t n)
{
	if (gethostname(to, n - 1) != 0 || !*to)
		snprintf(to, n, "-");
	to[n - 1] = 0;
	for (char *p = to; *p; p++)
		*p = (char)(*p > 32 && *p < 127 ? *p : '_');
}

/* The other end has read all when it closes; one that does not is given the time of a round trip. */
static bool end_stream(int fd)
{
	const struct timeval wait = { .tv_usec = 300000 };
	char rest[64];

	if (shutdown(fd, SHUT_WR) != 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0)
		return false;
	return recv(fd, rest, sizeof(rest), 0) >= 0 || errno == EAGAIN || errno == EWOULDBLOCK;
}

enum rc syslog_send(const struct syslog_to *to, const struct syslog_message *m, struct fault *f)
{
	char host[256] = "", when[WHEN_MAX], line[SYSLOG_TEXT_MAX + 512], all[SYSLOG_TEXT_MAX + 600];

	if (strlen(m->text) > SYSLOG_TEXT_MAX)
		return fault_set(f, RC_TOO_LARGE, "a syslog message has at most %d bytes", SYSLOG_TEXT_MAX);
	auto_close int fd = to->way == SYSLOG_UNIX ? dial_unix(to->host) : dial_net(to);
	if (fd < 0)
		return fault_set(f, RC_AWAY, "%s: %s", to->host, strerror(errno));
	name_of_host(host, sizeof(host));
	when_text(when, m->time_ms);
	int n = snprintf(line, sizeof(line), "<%d>1 %s %s %s %d %s - %s", PRI, when, host, m->app, (int)getpid(),
		m->id, m->text);
	int k = to->way == SYSLOG_TCP ? snprintf(all, sizeof(all), "%d %s", n, line)
				      : snprintf(all, sizeof(all), "%s", line);
	if (send(fd, all, (size_t)k, MSG_NOSIGNAL) != k || (to->way == SYSLOG_TCP && !end_stream(fd)))
		return fault_set(f, RC_AWAY, "%s: %s", to->host, strerror(errno));
	return RC_OK;
}
