/* receiver: an HTTP endpoint of webhooks that npm libraries verify for (tests/webhooks/receiver.cjs), started by a test. */
#pragma once

#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct receiver {
	pid_t pid;
	char port[8], url[64]; /* as the host that was named */
};

static inline void receiver_install(void)
{
	struct stat lock, done;

	if (stat("tests/webhooks/package-lock.json", &lock) == 0 &&
		stat("tests/webhooks/node_modules/.package-lock.json", &done) == 0 &&
		done.st_mtime >= lock.st_mtime)
		return;
	CHECK(system("cd tests/webhooks && npm ci --no-audit --no-fund --ignore-scripts >/dev/null 2>&1") == 0);
}

static inline void receiver_start(struct receiver *to, struct rig *r, const char *host)
{
	char ready[128];

	receiver_install();
	snprintf(ready, sizeof(ready), "%s/receiver.port", r->dir);
	to->pid = rig_spawn(r, "receiver",
		(const char *const[]){ "/usr/bin/env", "node", "tests/webhooks/receiver.cjs", ready, NULL });
	char *text = rig_await_file(r, "receiver.port", to->pid);
	snprintf(to->port, sizeof(to->port), "%s", text);
	snprintf(to->url, sizeof(to->url), "http://%s:%s", host, to->port);
	free(text);
}

/* What it answers; see there. The caller decrefs. */
static inline json_t *receiver_ask(
	const struct receiver *to, const char *method, const char *what, const char *name, const char *body)
{
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	char url[160];

	snprintf(url, sizeof(url), "%s/%s/%s", to->url, what, name);
	const struct http_ask ask = {
		.method = method, .url = url, .body = body, .body_n = body ? strlen(body) : 0, .deadline_ms = 10000
	};
	if (http_call(&ask, &answer, &f) != RC_OK) {
		fprintf(stderr, "the receiver is gone: %s\n", f.text);
		exit(1);
	}
	CHECK(answer.status == 200);
	json_t *j = json_loadb((const char *)answer.body.p, answer.body.n, 0, NULL);
	http_answer_done(&answer);
	CHECK(j);
	return j;
}

/* Waits until the hook has at least so many; all that came. */
static inline json_t *receiver_await(const struct receiver *to, const char *name, size_t n)
{
	for (int i = 0; i < 30000; i++) {
		json_t *log = receiver_ask(to, "GET", "log", name, NULL);
		if (json_array_size(log) >= n)
			return log;
		json_decref(log);
		rig_sleep_ms(10);
	}
	fprintf(stderr, "%s has not got %zu deliveries\n", name, n);
	exit(1);
}
