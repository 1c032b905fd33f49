/*
 * log: one event, one line, past tense, values as key=value (quote a value that may hold spaces: key="…").
 * error = someone must act · warn = it healed · info = a life event · debug = free. Never a secret.
 *
 * A line is built here and handed to `write`, which io gives (it knows the clock and the descriptor). As JSON the words are
 * `msg` and each key=value becomes a member, but for a key that the line has already: that stays among the words. Control
 * characters and bytes that are no UTF-8 are escaped in both forms. So no value can forge a line, nor replace a member.
 * Any thread may log; `write` must take whole lines.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	_Atomic enum log_level level; /* lines above it are dropped. May be changed at any time, as json */
	_Atomic bool json;
	int64_t (*now_ms)(void);
	void (*write)(void *to, const char *line, size_t n); /* n counts the newline */
	void *to;
};

void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "error", "warn", "info", "debug"; false for another word. */
bool log_level_of(const char *word, enum log_level *ret);

#define log_error(l, ...) log_line(l, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(l, ...)  log_line(l, LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(l, ...)  log_line(l, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(l, ...) log_line(l, LOG_LEVEL_DEBUG, __VA_ARGS__)
