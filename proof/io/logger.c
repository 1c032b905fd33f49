#include "io/logger.h"
#include "io/clock.h"
#include "proof/sim.h"

#include <stdio.h>

static void write_line(void *to, const char *line, size_t n)
{
	(void)to;
	sim_say("%.*s", (int)(n ? n - 1 : 0), line);
}

struct log logger_over(int fd, enum log_level level, bool json)
{
	(void)fd;
	return (struct log){ .level = level, .json = json, .now_ms = clock_wall_ms, .write = write_line };
}
