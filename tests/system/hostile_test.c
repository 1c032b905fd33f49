/*
 * Enemies and idlers, all at once, and one honest agent beside them. An agent with a valid enrolment breaks the rules of the tunnel, one
 * by one: each time its connection ends with the code that docs/protocol/tunnel.md gives, an audit record tells of it, and the honest
 * agent gets and ends its next job; no task of the honest one changes. Meanwhile slow clients hold what they can: the server is rid of
 * all of them by itself, and has as many sockets open afterwards as before.
 */
#include "tests/system/hostile.h"
#include "tests/system/slow.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#define AUDIT_MS 1100 /* breaches within a second of a record are only counted */
#define MOST_MS  30000

static struct {
	struct rig r;
	struct hostile honest, foe, mute, silent;
	struct slow slow;
	char job[64], before[256];
	uint64_t audited_ms;
	unsigned jobs;
} t;

static void pump(void)
{
	hostile_pump(&t.honest);
	hostile_pump(&t.foe);
	hostile_pump(&t.mute);
	hostile_pump(&t.silent);
	slow_pump(&t.slow);
	CHECK(t.honest.code == 0);
	rig_sleep_ms(2);
}

#define AWAIT(x)                                                                                         \
	do {                                                                                             \
		for (uint64_t began_ = hostile_now_ms(); !(x); pump())                                   \
			if (hostile_now_ms() - began_ > MOST_MS) {                                       \
				fprintf(stderr, "%s:%d: it did not come: %s\n", __FILE__, __LINE__, #x); \
				exit(1);                                                                 \
			}                                                                                \
	} while (0)

/* ---- what the server holds ---- */

/* Sockets alone: the database's files come and go. */
static unsigned sockets_open(void)
{
	char path[400], to[16];
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)t.r.server);
	DIR *d = opendir(path);
	CHECK(d != NULL);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)t.r.server, e->d_name);
		n += readlink(path, to, sizeof(to)) > 7 && !memcmp(to, "socket:", 7);
	}
	closedir(d);
	return n;
}

static long memory_kib(void)
{
	char path[64], line[256];
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)t.r.server);
	FILE *f = fopen(path, "re");
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS:", 6))
			kib = strtol(line + 6, NULL, 10);
	fclose(f);
	return kib;
}

/* ---- the honest agent ---- */

/* All that the database says of its first task, but for the lease, which its heartbeats renew. */
static const char *held_task(void)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"SELECT status || ' ' || attempt || ' ' || agent_id || ' ' || (SELECT COUNT(*) FROM events WHERE "
		"task_id = '%s' AND type <> 'task.lost_result') || ' ' || (SELECT COUNT(*) FROM attempts WHERE "
		"task_id = '%s') FROM tasks WHERE "
		"id "
		"= '%s'",
		t.honest.held.id, t.honest.held.id, t.honest.held.id);
	return rig_sql(&t.r, sql);
}

static const char *job_state(const char *id)
{
	static char state[32];
	char path[96];

	snprintf(path, sizeof(path), "/v1/jobs/%s", id);
	json_t *job = rig_expect(&t.r, 200, "GET", path, NULL);
	snprintf(state, sizeof(state), "%s", json_str(job, "status"));
	json_decref(job);
	return state;
}

static void post_job(const char *action, const char *payload, char *ret_id, size_t n)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"action\":\"%s\",\"payload\":%s,\"maxAttempts\":20}", action, payload);
	json_t *job = rig_post_job(&t.r, body);
	snprintf(ret_id, n, "%s", json_str(job, "id"));
	json_decref(job);
}

/* It gets another job and ends it, an ordinary request is answered, and its first task is as it was. */
static void honest_goes_on(void)
{
	char id[64];

	post_job("pics.changes", "{\"since\":1}", id, sizeof(id));
	t.jobs++;
	AWAIT(t.honest.done == t.jobs);
	CHECK_STR(job_state(id), "succeeded");
	json_decref(rig_expect(&t.r, 200, "GET", "/readyz", NULL));
	CHECK_STR(held_task(), t.before);
	CHECK(t.honest.open && t.honest.stale == 0);
}

static void honest_ends(void)
{
	static const char text[] = "{\"current\":2,\"since\":1,\"gap\":false,\"apps\":[],\"packages\":[]}";

	hostile_say(&t.honest, &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
				       .result = { .task_id = t.honest.held.id,
					       .nonce = t.honest.held.nonce,
					       .attempt = t.honest.held.attempt,
					       .result = text,
					       .result_n = sizeof(text) - 1 } });
	AWAIT(t.honest.done == t.jobs + 1);
	CHECK_STR(job_state(t.job), "succeeded");
}

/* ---- breaches ---- */

static const struct tunnel_msg credit = { .type = TUNNEL_MSG_CREDIT, .credit.n = 4 };

static void replay(struct hostile *h)
{
	struct buf b = { 0 };

	hostile_frame(h, &credit, 0, &b);
	hostile_wire(h, b.p, b.n);
	hostile_wire(h, b.p, b.n);
	buf_done(&b);
}

static void reorder(struct hostile *h)
{
	struct buf b = { 0 };

	hostile_frame(h, &credit, 1, &b);
	hostile_wire(h, b.p, b.n);
	buf_done(&b);
}

static void flip(struct hostile *h)
{
	struct buf b = { 0 };

	hostile_frame(h, &credit, 0, &b);
	b.p[TUNNEL_FRAME_HEAD + 5] ^= 1; /* of the number */
	hostile_wire(h, b.p, b.n);
	buf_done(&b);
}

/* The head alone is enough. */
static void too_large(struct hostile *h)
{
	const uint32_t n = TUNNEL_PAYLOAD_MAX + 1;
	struct buf b = { 0 };

	hostile_frame(h, &credit, 0, &b);
	for (unsigned i = 0; i < 4; i++)
		b.p[TUNNEL_FRAME_HEAD - 4 + i] = (uint8_t)(n >> (24 - 8 * i));
	hostile_wire(h, b.p, TUNNEL_FRAME_HEAD);
	buf_done(&b);
}

/* What only the control plane may say. */
static void play_control(struct hostile *h)
{
	const struct tunnel_msg_task task = { t.honest.held.id, t.honest.held.attempt };

	hostile_say(h, &(struct tunnel_msg){ .type = TUNNEL_MSG_STALE, .stale = task });
}

static void tell_progress(struct hostile *h, unsigned times, char *data, size_t n)
{
	const struct tunnel_msg m = { .type = TUNNEL_MSG_PROGRESS,
		.progress = { .task_id = h->held.id, .attempt = h->held.attempt, .data = data } };
	struct buf b = { 0 };

	memset(data, 'x', n);
	memcpy(data, "{\"x\":\"", 6);
	memcpy(data + n - 3, "\"}", 3);
	for (unsigned i = 0; i < times; i++)
		hostile_frame(h, &m, 0, &b);
	hostile_wire(h, b.p, b.n);
	buf_done(&b);
	pump();
}

/* More events than any socket holds for one that does not read them, and few enough at a time. */
static void fill_events(void)
{
	static char data[50000];

	for (unsigned i = 0; i < 50; i++)
		tell_progress(&t.foe, 4, data, sizeof(data));
}

/* PROGRESS of the task that it has, without an end. */
static void flood(struct hostile *h)
{
	char data[500];

	for (unsigned i = 0; i < 2000 && !h->code; i++)
		tell_progress(h, 500, data, sizeof(data));
}

static const struct breach {
	const char *name;
	int code;
	void (*commit)(struct hostile *h);
} breaches[] = {
	{ "more PROGRESS than is kept", TUNNEL_LINK_TOO_BIG, flood },
	{ "a frame twice", TUNNEL_LINK_REPLAY, replay },
	{ "a frame out of order", TUNNEL_LINK_REPLAY, reorder },
	{ "a flipped byte", TUNNEL_LINK_TAMPER, flip },
	{ "a frame too large", TUNNEL_LINK_TOO_BIG, too_large },
	{ "the control plane's word", TUNNEL_LINK_SCOPE, play_control },
	{ "another agent's name", TUNNEL_LINK_SCOPE, NULL },
};

static int audited(int code, const char *who)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT COUNT(*) FROM audit WHERE action = 'agent.tunnel_refused' AND resource = '%s' AND words "
		"LIKE "
		"'%d: %%'",
		who, code);
	return atoi(rig_sql(&t.r, sql));
}

static void dial(struct hostile *h)
{
	hostile_dial(&t.r, h);
	AWAIT(h->open || h->code);
}

static void commit(const struct breach *b)
{
	struct hostile *h = &t.foe;
	const char *who = b->commit ? h->who.agent_id : "unknown"; /* a name that was not proven is nobody's */

	AWAIT(hostile_now_ms() - t.audited_ms > AUDIT_MS);
	int before = audited(b->code, who);
	if (!b->commit)
		h->named = t.honest.who.agent_id;
	if (h->fd < 0)
		dial(h);
	CHECK(h->open == (b->commit != NULL));
	if (b->commit)
		b->commit(h);
	AWAIT(h->code);
	t.audited_ms = hostile_now_ms();
	if (h->code != b->code) {
		fprintf(stderr, "%s: closed with %d, not %d\n", b->name, h->code, b->code);
		exit(1);
	}
	AWAIT(audited(b->code, who) == before + 1);
	hostile_hang_up(h);
	h->named = NULL;
	honest_goes_on();
	printf("%s: %d\n", b->name, b->code);
	fflush(stdout);
}

/* ---- what is refused without the end of the connection ---- */

static void claim(const struct hostile_task *task, const char *nonce)
{
	unsigned stale = t.foe.stale, done = t.foe.done;

	hostile_say(&t.foe, &(struct tunnel_msg){ .type = TUNNEL_MSG_RESULT,
				    .result = { .task_id = task->id,
					    .nonce = nonce,
					    .attempt = task->attempt,
					    .result = "{}",
					    .result_n = 2 } });
	AWAIT(t.foe.stale == stale + 1 || t.foe.code);
	CHECK(t.foe.code == 0 && t.foe.done == done);
}

/* A result of an attempt that the database never made is kept aside, as evidence for after a restore, and does no more. */
static void is_evidence(const struct hostile_task *task)
{
	json_t *list = rig_expect(&t.r, 200, "GET", "/v1/lost-results", NULL);
	const json_t *items = json_object_get(list, "items"), *one = json_array_get(items, 0);

	CHECK(json_array_size(items) == 2); /* newest first: of its own task, of the honest agent's */
	CHECK(strcmp(json_str(one, "taskId"), task->id) != 0);
	one = json_array_get(items, 1);
	CHECK_STR(json_str(one, "taskId"), task->id);
	CHECK_STR(json_str(one, "agentId"), t.foe.who.agent_id);
	CHECK(json_int(one, "attempt") == task->attempt);
	json_decref(list);
	CHECK_STR(rig_sql(&t.r, "SELECT COUNT(*) FROM events WHERE type = 'task.lost_result'"), "2");
}

/* Results that are not its to give are STALE: of another agent's task, even with its nonce, and of attempts that are not its own. */
static void false_claims(void)
{
	struct hostile_task later = t.honest.held, stale = t.foe.held, own;

	t.foe.forgets = true;
	dial(&t.foe);
	AWAIT(t.foe.held.attempt > stale.attempt); /* lost, so given anew */
	own = t.foe.held;
	claim(&stale, stale.nonce);
	claim(&stale, own.nonce);
	claim(&t.honest.held, t.honest.held.nonce);
	later.attempt++;
	claim(&later, t.honest.held.nonce);
	claim(&later, t.honest.held.nonce); /* no news */
	claim(&own, "0000");
	own.attempt++;
	claim(&own, own.nonce);
	hostile_say(&t.foe, &(struct tunnel_msg){ .type = TUNNEL_MSG_PROGRESS,
				    .progress = { .task_id = t.honest.held.id,
					    .attempt = t.honest.held.attempt,
					    .data = "{\"x\":1}" } });
	hostile_say(&t.foe, &(struct tunnel_msg){ .type = TUNNEL_MSG_REJECT,
				    .reject = { .task_id = t.honest.held.id,
					    .attempt = t.honest.held.attempt,
					    .reason = "capacity" } });
	claim(&t.honest.held, t.honest.held.nonce); /* behind those two */
	is_evidence(&later);
	honest_goes_on();
	hostile_hang_up(&t.foe);
}

/* ---- */

static void begin(void)
{
	char id[64];
	json_t *region = rig_expect(&t.r, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");

	hostile_enrol(&t.r, &t.honest, json_str(region, "id"), "pics.changes");
	hostile_enrol(&t.r, &t.foe, json_str(region, "id"), "pics.product_info");
	hostile_enrol(&t.r, &t.mute, json_str(region, "id"), "pics.changes");
	hostile_enrol(&t.r, &t.silent, json_str(region, "id"), "agent.ping");
	json_decref(region);
	t.honest.lawful = true;
	t.mute.mute = true;
	t.slow.head_over = t.slow.body_over = true; /* not there yet */
	for (unsigned i = 0; i < SLOW_IDLE; i++)
		t.slow.idle[i] = -1;
	dial(&t.honest);
	post_job("pics.changes", "{\"since\":1}", t.job, sizeof(t.job));
	AWAIT(*t.honest.held.id);
	dial(&t.foe);
	post_job("pics.product_info", "{\"apps\":[440]}", id, sizeof(id));
	AWAIT(*t.foe.held.id && strstr(held_task(), "running"));
	snprintf(t.before, sizeof(t.before), "%s", held_task());
	honest_goes_on();
}

static void slow_are_gone(unsigned sockets, long memory)
{
	const unsigned own = 1; /* the honest agent's is among `sockets`, the foe's was, too */

	AWAIT(t.mute.code && t.silent.code);
	CHECK(t.mute.code == TUNNEL_LINK_TIMEOUT && t.silent.code == TUNNEL_LINK_TIMEOUT);
	hostile_hang_up(&t.mute);
	hostile_hang_up(&t.silent);
	AWAIT(t.slow.head_over && t.slow.body_over && t.slow.idle_over == SLOW_IDLE);
	CHECK(!strncmp(t.slow.head_answer, "HTTP/1.1 408", 12));
	CHECK(!strncmp(t.slow.body_answer, "HTTP/1.1 408", 12));
	AWAIT(sockets_open() <= sockets - own); /* those that never read still hold their ends open */
	long grown = memory_kib() - memory;
	printf("VmRSS: %ld KiB before, %+ld KiB after them\n", memory, grown);
	CHECK(grown < 64 << 10);
}

/* What is freed must not be kept for long, where a sanitizer would: else it would count. */
static void keep_little(void)
{
	const char *had = getenv("ASAN_OPTIONS");
	char options[512];

	snprintf(options, sizeof(options), "%s%squarantine_size_mb=4", had ? had : "", had && *had ? ":" : "");
	setenv("ASAN_OPTIONS", options, 1);
}

int main(void)
{
	rig_init(&t.r);
	keep_little();
	rig_serve(&t.r, (const char *const[]){ "--no-agent", "--log-level", "error", "--set", "server.head_ms=1000",
				"--set", "server.body_ms=2000", "--set", "server.idle_ms=2500", NULL });
	begin();
	for (uint64_t began = hostile_now_ms(); hostile_now_ms() - began < 300;)
		pump(); /* what the calls above used is closed */
	unsigned sockets = sockets_open();
	long memory = memory_kib();
	slow_start(&t.slow, &t.r);
	hostile_dial(&t.r, &t.mute);
	dial(&t.silent);
	fill_events();
	for (size_t i = 0; i < sizeof(breaches) / sizeof(*breaches); i++)
		commit(&breaches[i]);
	false_claims();
	slow_are_gone(sockets, memory);
	honest_goes_on();
	honest_ends();
	slow_stop(&t.slow);
	hostile_hang_up(&t.honest);
	identity_wipe(&t.honest.who);
	identity_wipe(&t.foe.who);
	identity_wipe(&t.mute.who);
	identity_wipe(&t.silent.who);
	rig_done(&t.r);
	return 0;
}
