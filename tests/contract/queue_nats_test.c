/* The NATS driver against the suite of its contract, and against a server that dies, forgets, stands still, is full or refuses. */
#include "driver/queue/nats.h"
#include "io/clock.h"
#include "tests/contract/queue_suite.h"
#include "tests/system/nats.h"
#include "tests/unit/check.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static struct nats_server server;

static struct queue *open_at(const char *url)
{
	struct nats_queue_conf conf = { .url = url, .name = "footplate-test" };
	struct queue *q = NULL;
	struct fault f = { 0 };
	CHECK(nats_queue_new(&conf, &q, &f) == RC_OK);
	return q;
}

static struct queue *open_nats(void) { return open_at(server.url); }

struct ear {
	_Atomic int a, b, other;
	struct queue_ear *at;
};

static void heard(void *ctx, const char *topic)
{
	struct ear *e = ctx;
	atomic_fetch_add(!strcmp(topic, "a") ? &e->a : !strcmp(topic, "b") ? &e->b : &e->other, 1);
}

static void listen_with(struct queue *q, struct ear *e)
{
	*e = (struct ear){ 0 };
	CHECK(queue_listen(q, "", heard, e, &e->at, NULL) == RC_OK);
}

static void ring(struct queue *q, const char *topic, int64_t seq)
{
	const struct queue_bell b = { topic, "e1234", seq };
	CHECK(queue_ring(q, &b, NULL) == RC_OK);
}

/* The bound is for a driver that has lost it: the test then fails. */
#define AWAIT(cond)                                                        \
	do {                                                               \
		int tries_ = 0;                                            \
		while (!(cond) && tries_++ < 6000)                         \
			nanosleep(&(struct timespec){ 0, 5000000 }, NULL); \
		CHECK(cond);                                               \
	} while (0)

/* Two processes ring the same bell, as a relay does that does not know of the other: it is heard once. */
static void a_number_is_heard_once(void)
{
	struct queue *one = open_nats(), *two = open_nats(), *third = open_nats();
	struct ear e;

	listen_with(third, &e);
	AWAIT(queue_is_up(third)); /* the consumer is there */
	ring(one, "a", 7);
	AWAIT(queue_kept(one, "a") == 7);
	ring(two, "a", 7);
	AWAIT(queue_kept(two, "a") == 7);
	ring(one, "b", 1);
	AWAIT(e.b == 1);
	CHECK(e.a == 1);
	ring(one, "a", 8);
	AWAIT(e.a == 2);
	queue_unlisten(third, e.at);
	queue_free(one);
	queue_free(two);
	queue_free(third);
}

static void it_outlives_the_server(void)
{
	struct queue *q = open_nats(), *far = open_nats();
	struct ear e, own;
	int was;

	listen_with(far, &e);
	listen_with(q, &own);
	AWAIT(queue_is_up(far));
	ring(q, "a", 0);
	AWAIT(e.a == 1);
	CHECK(own.a == 1); /* not a second time, when it comes back */

	nats_kill9(&server);
	AWAIT(!queue_is_up(q));
	for (int i = 0; i < 1000; i++) /* none of them waits */
		ring(q, "b", 100 + i);
	CHECK(own.b == 1000 && queue_kept(q, "b") < 1099);
	nats_start(&server, 0);
	AWAIT(e.b > 0 && queue_kept(q, "b") == 1099);

	/* With an empty disk: stream and consumers are made again, and who listened looks for what it may have missed. */
	nats_kill9(&server);
	nats_forget(&server);
	was = e.other;
	nats_start(&server, 0);
	AWAIT(e.other > was);
	was = e.a;
	ring(q, "a", 0);
	AWAIT(e.a > was);

	nats_pause(&server);
	was = e.b;
	ring(q, "b", 2000);
	CHECK(queue_kept(q, "b") < 2000);
	nats_resume(&server);
	AWAIT(e.b > was && queue_kept(q, "b") == 2000);
	queue_unlisten(far, e.at);
	queue_unlisten(q, own.at);
	queue_free(far);
	queue_free(q);
}

/* No room for the stream: nothing is kept, nobody waits; and when there is room, the bell rings. */
static void a_full_server_stops_nobody(void)
{
	nats_kill9(&server);
	nats_forget(&server);
	nats_start(&server, 1 << 20);
	struct queue *q = open_nats();
	ring(q, "a", 1);
	CHECK(!queue_is_up(q) && queue_kept(q, "a") == 0);
	nats_kill9(&server);
	nats_start(&server, 0);
	AWAIT(queue_kept(q, "a") == 1);
	queue_free(q);
}

static void what_cannot_work_is_said_without_secrets(void)
{
	struct nats_queue_conf conf = { .url = "", .name = "x" };
	struct queue *q = NULL;
	struct fault f = { 0 };
	char wrong[200];

	CHECK(nats_queue_new(&conf, &q, &f) == RC_INVALID);
	conf.url = server.url;
	conf.ca_file = "/nonexistent";
	CHECK(nats_queue_new(&conf, &q, &f) == RC_INVALID && strstr(f.text, "queue.ca_file"));
	CHECK(!strstr(f.text, NATS_PASSWORD));

	/* The wrong password: never up, and free to go. */
	snprintf(wrong, sizeof(wrong), "nats://footplate:wrong@127.0.0.1:%u", server.port);
	q = open_at(wrong);
	ring(q, "a", 1);
	nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
	CHECK(!queue_is_up(q) && queue_kept(q, "a") == 0);
	queue_free(q);
	q = open_at("nats://127.0.0.1:1");
	queue_free(q);
}

/* So many bells, one after the other, each kept before the next. */
static void measure(void)
{
	struct queue *q = open_nats();
	struct ear e;

	listen_with(q, &e);
	AWAIT(queue_is_up(q));
	uint64_t began = clock_mono_us();
	for (int i = 1; i <= 2000; i++) {
		ring(q, "b", i + 10000);
		while (queue_kept(q, "b") < i + 10000)
			sched_yield();
	}
	printf("bells kept one by one: %.0f/s\n", 2000 * 1e6 / (double)(clock_mono_us() - began));
	queue_unlisten(q, e.at);
	queue_free(q);
}

int main(void)
{
	const struct queue_subject nats = { .name = "nats", .open = open_nats, .rounds = 60 };

	nats_start(&server, 0);
	queue_suite(&nats);
	a_number_is_heard_once();
	it_outlives_the_server();
	a_full_server_stops_nobody();
	what_cannot_work_is_said_without_secrets();
	measure();
	nats_done(&server);
	return 0;
}
