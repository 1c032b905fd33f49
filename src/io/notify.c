#include "io/notify.h"
#include "io/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINES_MAX    512
#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */
#define SOCKETS_MAX  16

void notify_say(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	char lines[LINES_MAX];
	va_list ap;

	if (n < 2 || n >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = 0; /* abstract: its name ends where the address does */
	va_start(ap, fmt);
	vsnprintf(lines, sizeof(lines), fmt, ap);
	va_end(ap);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	while (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0 &&
		errno == EINTR)
		;
	close(fd);
}

void notify_reloading(void) { notify_say("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_us()); }

/* A number that is meant for this process: the variable beside it names it. */
static uint64_t number_for_us(const char *name, const char *pid_name)
{
	const char *text = getenv(name), *pid = getenv(pid_name);

	if (!text || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(text, NULL, 10);
}

uint32_t notify_watchdog_ms(void)
{
	uint64_t us = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID");
	return us / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(us / 1000);
}

static bool is_listener(int fd)
{
	int on = 0, type = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM;
}

/* Is the i-th of the names, parted by colons, this one? */
static bool is_named(const char *names, int i, const char *name)
{
	while (names && i-- > 0)
		names = strchr(names, ':') ? strchr(names, ':') + 1 : NULL;
	return names && strcspn(names, ":") == strlen(name) && !strncmp(names, name, strlen(name));
}

int notify_listener(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	uint64_t n = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;
	int found = 0;

	for (int i = 0; i < (int)(n < SOCKETS_MAX ? n : SOCKETS_MAX); i++) {
		fcntl(FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC);
		if (is_listener(FIRST_SOCKET + i) && !found && (n == 1 || is_named(names, i, name)))
			found = FIRST_SOCKET + i;
	}
	return found;
}
