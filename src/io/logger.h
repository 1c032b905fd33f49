/*
 * logger: a struct log that writes to a descriptor. Any thread may log through it: every line is one write(2), and lines
 * longer than LOGGER_LINE_MAX are cut, so lines of several threads never mix. A line that cannot be written is lost.
 */
#pragma once

#include "base/log.h"

#define LOGGER_LINE_MAX 4096 /* what a pipe takes in one piece (PIPE_BUF) */

/* The descriptor stays the caller's and must outlive the log. */
struct log logger_over(int fd, enum log_level level, bool json);
