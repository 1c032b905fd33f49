/*
 * Webhooks of three control planes on one database: one of them sends. It is killed, then another is stopped, while events are made: whoever
 * takes over tells what was not told, and a stop costs no second delivery. In `make soak` only.
 */
#include "tests/system/cluster.h"
#include "tests/system/receiver.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define EVENTS 60 /* before each end of a holder */

static struct cluster c;
static struct receiver to;

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Positions that the receiver has seen; *ret_requests: how many requests told of them. */
static size_t told(size_t *ret_requests)
{
	char pos[24];
	json_t *seen = json_object(), *log = receiver_ask(&to, "GET", "log", "x", NULL), *e;
	size_t i;

	json_array_foreach(log, i, e)
	{
		snprintf(pos, sizeof(pos), "%lld", (long long)json_int(e, "pos"));
		json_object_set_new(seen, pos, json_true());
	}
	size_t n = json_object_size(seen);
	*ret_requests = json_array_size(log);
	json_decref(log);
	json_decref(seen);
	return n;
}

/* One that was under way when a control plane ended is asked for again; the name tells whether it was made. */
static void make_event(unsigned number)
{
	char body[64];
	int status;

	snprintf(body, sizeof(body), "{\"name\":\"t%u\"}", number);
	do {
		struct rig_answer a = rig_call(&c.rig, "POST", "/v1/regions", NULL, body);
		status = a.status;
		rig_answer_done(&a);
	} while (status != 201 && status != 409);
}

static int holder(void)
{
	for (int i = 0, who; i < 3000; i++) {
		if ((who = cluster_holder(&c, "webhooks")) >= 0)
			return who;
		rig_sleep_ms(10);
	}
	fprintf(stderr, "nobody sends webhooks\n");
	exit(1);
}

/* All events are told in the end, with `sig` for whoever sends in the middle. */
static void ends(unsigned *made, int sig)
{
	size_t requests, before, n = told(&before);

	CHECK(n == *made && before >= n);
	for (int i = 0; i < EVENTS; i++)
		make_event((*made)++);
	int who = holder();
	double began = now_s();
	cluster_plane_stop(&c, (unsigned)who, sig);
	make_event((*made)++);
	while (told(&requests) < *made) {
		CHECK(now_s() - began < 60);
		rig_sleep_ms(10);
	}
	printf("%s: all of %u events told %.1f s after, by %zu requests\n", sig == SIGKILL ? "kill -9" : "stop",
		*made, now_s() - began, requests);
	cluster_plane_start(&c, (unsigned)who);
}

int main(void)
{
	static const char *const more[] = { "--log-level", "warn", "--set", "webhooks.allow_private=127.0.0.0/8",
		"--set", "webhooks.ports=", "--set", "webhooks.retry_s=0,0,1,1,1,1,1", NULL };
	unsigned made = 0;
	char body[128];

	cluster_start(&c, more);
	receiver_start(&to, &c.rig, "127.0.0.1");
	snprintf(body, sizeof(body), "{\"url\":\"%s/hook/x\",\"types\":[\"region.*\"]}", to.url);
	json_decref(rig_expect(&c.rig, 201, "POST", "/v1/webhooks", body));
	for (int i = 0; i < 2; i++) {
		ends(&made, SIGKILL);
		ends(&made, SIGTERM);
	}
	rig_stop(&to.pid, SIGKILL);
	cluster_done(&c);
	return 0;
}
