/* fp: the command line, run by a test as people type it: what it printed, and how it ended. */
#pragma once

#include "tests/system/rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Of the last run. */
static char out[65536], err[65536];

static inline void slurp(const char *path, char *to, size_t room)
{
	FILE *f = fopen(path, "r");
	CHECK(f != NULL);
	to[fread(to, 1, room - 1, f)] = 0;
	fclose(f);
}

/* Runs it by a shell, so that a test can feed it; the exit code. */
__attribute__((format(printf, 2, 3))) static inline int fp(const struct rig *r, const char *fmt, ...)
{
	char words[1024], command[2048], path[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command), "%s %s >%s/cli.out 2>%s/cli.err </dev/null", getenv("FOOTPLATE"), words,
		r->dir, r->dir);
	const char *in = strstr(words, "<"); /* it feeds itself */
	if (in)
		*strstr(command, " </dev/null") = 0;
	int status = system(command);
	snprintf(path, sizeof(path), "%s/cli.out", r->dir);
	slurp(path, out, sizeof(out));
	snprintf(path, sizeof(path), "%s/cli.err", r->dir);
	slurp(path, err, sizeof(err));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define FP(want, ...)                                                                                           \
	do {                                                                                                    \
		int code_ = fp(r, __VA_ARGS__);                                                                 \
		if (code_ != (want)) {                                                                          \
			fprintf(stderr, "line %d: exit %d, not %d: %s%s\n", __LINE__, code_, (want), out, err); \
			exit(1);                                                                                \
		}                                                                                               \
	} while (0)

static inline void put(const struct rig *r, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fchmod(fileno(f), 0600) == 0 && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Asks until the words are in the answer. */
static inline void await(const struct rig *r, const char *command, const char *words)
{
	for (int i = 0; i < 600; i++) {
		FP(0, "%s", command);
		if (strstr(out, words))
			return;
		rig_sleep_ms(100);
	}
	fprintf(stderr, "%s never said %s: %s\n", command, words, out);
	exit(1);
}
