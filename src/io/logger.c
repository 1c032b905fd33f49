#include "io/logger.h"
#include "io/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void write_line(void *to, const char *line, size_t n)
{
	int fd = (int)(intptr_t)to;
	char cut[LOGGER_LINE_MAX];

	if (n > sizeof(cut)) {
		memcpy(cut, line, sizeof(cut) - 1);
		cut[sizeof(cut) - 1] = '\n';
		line = cut;
		n = sizeof(cut);
	}
	while (write(fd, line, n) < 0 && errno == EINTR)
		;
}

struct log logger_over(int fd, enum log_level level, bool json)
{
	void *to = (void *)(intptr_t)fd; /* NOLINT(performance-no-int-to-ptr): so a logger owns no memory */
	return (struct log){ .level = level, .json = json, .now_ms = clock_wall_ms, .write = write_line, .to = to };
}
