#include "proof/desk.h"
#include "proof/check.h"
#include "proof/disk.h"
#include "proof/net.h"
#include "proof/sim.h"
#include "proof/steam.h"
#include "proof/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 3

struct desk_key desk_keys[DESK_JOBS];
size_t desk_keys_n;
int64_t desk_last[DESK_SUBSCRIBERS];

static bool prepared;
static unsigned busy;
static uint64_t until;

/* ---- asking, on a fiber ---- */

struct asked {
	struct fiber *fiber;
	int status; /* 0: no answer */
	bool over;
	struct buf body;
};

static void on_answer(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct asked *a = ctx;
	if (n->kind == NET_REPLY) {
		a->status = n->code;
		buf_put(&a->body, n->body.p, n->body.n);
	}
	a->over = true;
	net_close(e);
	fiber_wake(a->fiber);
}

static void on_loss(void *ctx, struct net_end *e, const char *why)
{
	struct asked *a = ctx;
	(void)e, (void)why;
	a->over = true;
	fiber_wake(a->fiber);
}

struct ask {
	const char *method, *path, *body, *key, *trace;
	uint64_t patience_us;
};

/* The status, 0 without an answer. The text is the caller's to free. */
static int ask(const struct ask *q, char **ret_text)
{
	struct asked *a = calloc(1, sizeof(*a));
	struct net_note *n = net_note_new(NET_ASK);
	char bearer[160], parent[64];

	if (!a)
		abort();
	snprintf(bearer, sizeof(bearer), "Bearer %s", world.key);
	n->method = strdup(q->method);
	n->path = strdup(q->path);
	net_note_field(n, "authorization", bearer);
	net_note_field(n, "content-type", q->body ? "application/json" : NULL);
	net_note_field(n, "idempotency-key", q->key);
	if (q->trace) {
		snprintf(parent, sizeof(parent), "00-%s-0123456789abcdef-01", q->trace);
		net_note_field(n, "traceparent", parent);
	}
	if (q->body)
		buf_str(&n->body, q->body);
	a->fiber = sim.current;
	uint64_t end = sim.now_us + (q->patience_us ? q->patience_us : 5 * SIM_SECOND);
	const struct net_on on = { .ctx = a, .got = on_answer, .lost = on_loss };
	struct net_end *e = net_dial(&world.desk, "cp", n, NULL, &on);
	while (!a->over && sim.now_us < end)
		fiber_wait(end);
	a->fiber = NULL;
	if (!a->over)
		net_abort(e);
	if (ret_text)
		*ret_text = strdup(buf_text(&a->body));
	int status = a->status;
	buf_done(&a->body);
	if (a->over)
		free(a);
	return status;
}

/* The text of a member of a JSON text, the first of that name. */
static bool member(const char *json, const char *name, char *to, size_t n)
{
	char find[64];
	snprintf(find, sizeof(find), "\"%s\":\"", name);
	const char *at = strstr(json, find);
	if (!at)
		return false;
	at += strlen(find);
	snprintf(to, n, "%.*s", (int)strcspn(at, "\""), at);
	return true;
}

static bool is_answer(int status)
{
	return (status >= 200 && status < 300) ||
	       (status >= 400 && status < 500 && status != 409 && status != 429 && status != 408);
}

/* Says it again and again, as a client does that wants to know. */
static int insist(struct ask *q, char **ret_text)
{
	for (;;) {
		q->patience_us = sim_between(200, 6000) * SIM_MS;
		int status = ask(q, ret_text);
		if (is_answer(status))
			return status;
		free(*ret_text);
		fiber_sleep(sim_between(10, 800) * SIM_MS);
	}
}

/* ---- the beginning ---- */

static void must(const struct ask *q, const char *name, char *to, size_t n)
{
	char *text;
	int status = ask(q, &text);
	if (status < 200 || status > 299 || (name && !member(text, name, to, n)))
		sim_break("%s %s: %d %s", q->method, q->path, status, text);
	free(text);
}

static void make_account(int i)
{
	char body[128], path[128];

	snprintf(body, sizeof(body), "{\"login\":\"acc%d\",\"anonymous\":true}", i);
	must(&(struct ask){ .method = "POST", .path = "/v1/accounts", .body = body, .key = body + 10 }, "id",
		world.accounts[i], sizeof(world.accounts[i]));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", world.accounts[i]);
	must(&(struct ask){ .method = "PUT", .path = path, .body = "{\"mode\":\"online\"}" }, NULL, NULL, 0);
}

static bool all_online(void)
{
	for (int i = 0; i < WORLD_ACCOUNTS; i++) {
		char path[128], state[32] = "", *text;
		snprintf(path, sizeof(path), "/v1/accounts/%s/session", world.accounts[i]);
		ask(&(struct ask){ .method = "GET", .path = path }, &text);
		member(text, "state", state, sizeof(state));
		free(text);
		if (strcmp(state, "online") != 0)
			return false;
	}
	return true;
}

static void prepare(void *arg)
{
	char region[64] = "", body[128];
	(void)arg;

	const struct disk_file *key;
	while (!world_is_served() || !(key = disk_find(world.control.disk, "/data/admin.key")))
		fiber_sleep(10 * SIM_MS);
	snprintf(world.key, sizeof(world.key), "%.*s", (int)key->n, (const char *)key->p);
	must(&(struct ask){ .method = "POST", .path = "/v1/regions", .body = "{\"name\":\"eu\"}", .key = "r" },
		"id", region, sizeof(region));
	snprintf(body, sizeof(body), "{\"regionId\":\"%s\"}", region);
	for (int i = 0; i < WORLD_AGENTS; i++) {
		must(&(struct ask){ .method = "POST", .path = "/v1/agents/enrollments", .body = body }, "token",
			world.tokens[i], sizeof(world.tokens[i]));
		machine_start(&world.agents[i]);
	}
	for (int i = 0; i < WORLD_ACCOUNTS; i++)
		make_account(i);
	while (!*sim.broken && !all_online())
		fiber_sleep(100 * SIM_MS);
	prepared = true;
	sim.over = true;
}

void desk_prepare(void) { fiber_new(&world.desk, prepare, NULL); }
bool desk_is_prepared(void) { return prepared; }

/* ---- clients ---- */

static struct desk_key *new_key(void)
{
	struct desk_key *k = &desk_keys[desk_keys_n];
	*k = (struct desk_key){ 0 };
	snprintf(k->key, sizeof(k->key), "key-%zu", desk_keys_n);
	snprintf(k->trace, sizeof(k->trace), "%016llx%016zx", (unsigned long long)(sim.seed | 1), desk_keys_n + 1);
	desk_keys_n++;
	return k;
}

/* I2, as the client sees it: every answer under a key names the same job. */
static void take_job(struct desk_key *k, int status, const char *text)
{
	char id[64];

	if (status < 200 || status > 299 || !member(text, "id", id, sizeof(id)))
		return;
	if (*k->job && strcmp(k->job, id) != 0)
		sim_break("I2: the key %s got the jobs %s and %s", k->key, k->job, id);
	snprintf(k->job, sizeof(k->job), "%s", id);
	sim_note(1, desk_keys_n);
}

static void submit(void)
{
	static const struct {
		const char *action, *payload;
	} kinds[] = { { "friends.message",
			      "{\"steamId\":\"76561197960265729\",\"text\":\"x\",\"dedupeKey\":\"k\"}" },
		{ "licenses.remove", "{\"subs\":[1],\"confirm\":true}" },
		{ "licenses.remove", "{\"subs\":[1],\"confirm\":true}" },
		{ "friends.add", "{\"steamId\":\"76561197960265729\"}" }, { "friends.list", "{}" } };
	size_t kind = (size_t)sim_below(sizeof(kinds) / sizeof(*kinds));
	struct desk_key *k = new_key();
	struct buf b = { 0 };
	char *text;

	k->action = kinds[kind].action;
	buf_fmt(&b, "{\"action\":\"%s\",\"priority\":%d,\"payload\":%s,\"targets\":[", k->action,
		(int)sim_below(10), kinds[kind].payload);
	for (int i = 0; i < WORLD_ACCOUNTS; i++)
		if (sim_chance(350) || (i == WORLD_ACCOUNTS - 1 && !k->targets)) {
			buf_fmt(&b, "%s\"%s\"", k->targets++ ? "," : "", world.accounts[i]);
			k->accounts |= 1u << i;
		}
	buf_str(&b, "]}");
	struct ask q = {
		.method = "POST", .path = "/v1/jobs", .key = k->key, .trace = k->trace, .body = buf_text(&b)
	};
	int status = insist(&q, &text);
	if (status < 200 || status > 299)
		sim_break("a job was refused: %d %s", status, text);
	take_job(k, status, text);
	free(text);
	if (sim_chance(200)) { /* once more, though it has the answer */
		status = insist(&q, &text);
		take_job(k, status, text);
		free(text);
	}
	buf_done(&b);
}

static const struct desk_key *some_job(void)
{
	const struct desk_key *k = desk_keys_n ? &desk_keys[sim_below(desk_keys_n)] : NULL;
	return k && *k->job ? k : NULL;
}

static void cancel(void)
{
	const struct desk_key *k = some_job();
	char path[128], *text;

	if (!k)
		return;
	snprintf(path, sizeof(path), "/v1/jobs/%s/cancel", k->job);
	insist(&(struct ask){ .method = "POST", .path = path }, &text);
	free(text);
}

static void retry(void)
{
	const struct desk_key *of = some_job();
	char path[128], *text;

	if (!of)
		return;
	snprintf(path, sizeof(path), "/v1/jobs/%s/retry", of->job);
	struct desk_key *k = new_key();
	struct ask q = { .method = "POST", .path = path, .key = k->key, .trace = k->trace };
	for (int tries = 0; tries < 4; tries++) { /* 409: none failed yet */
		q.patience_us = 3 * SIM_SECOND;
		int status = ask(&q, &text);
		take_job(k, status, text);
		free(text);
		if (is_answer(status))
			return;
		fiber_sleep(200 * SIM_MS);
	}
}

/* An operator looks at Steam and says what became of a task in doubt. */
static void resolve(void)
{
	char job[64], task[64], path[192], body[96], *text;

	if (!check_in_doubt(job, task))
		return;
	snprintf(path, sizeof(path), "/v1/jobs/%s/tasks/%s/resolve", job, task);
	snprintf(body, sizeof(body), "{\"outcome\":\"%s\",\"evidence\":\"looked\"}",
		steam_count(task) ? "done" : "not_done");
	ask(&(struct ask){ .method = "POST", .path = path, .body = body }, &text);
	free(text);
}

static void look(void)
{
	const struct desk_key *k = some_job();
	char path[128], *text;

	if (!k)
		return;
	snprintf(path, sizeof(path), "/v1/jobs/%s", k->job);
	int status = insist(&(struct ask){ .method = "GET", .path = path }, &text);
	if (status == 404)
		sim_break("I1: the acknowledged job %s is not there", k->job);
	free(text);
}

static void client(void *arg)
{
	(void)arg;
	while (sim.now_us < until && desk_keys_n < DESK_JOBS - CLIENTS) {
		uint64_t what = sim_below(10);
		if (what < 6)
			submit();
		else if (what == 6)
			cancel();
		else if (what == 7)
			retry();
		else if (what == 8)
			resolve();
		else
			look();
		fiber_sleep(sim_below(1500) * SIM_MS);
	}
	busy--;
}

/* ---- subscribers ---- */

static struct subscriber {
	struct net_end *end;
	struct buf in;
	char cursor[64];
	uint64_t heard_us, life;
} subscribers[DESK_SUBSCRIBERS];

static void connect_one(struct subscriber *s);

static void on_again(void *a, uint64_t b)
{
	struct subscriber *s = a;
	if (s->life == b && !s->end)
		connect_one(s);
}

static void hang_up(struct subscriber *s)
{
	if (s->end && !s->end->gone)
		net_abort(s->end);
	s->end = NULL;
	s->life++;
	sim_in(sim_between(1, 1500) * SIM_MS, on_again, s, s->life);
}

void desk_hang_up(void)
{
	for (int i = 0; i < DESK_SUBSCRIBERS; i++)
		hang_up(&subscribers[i]);
}

/* I5: the next position, or a gap that says so; and what another was told under the same position. */
static void take_frame(struct subscriber *s, const char *frame)
{
	size_t number = (size_t)(s - subscribers);
	char id[64] = "", type[64] = "";
	const char *at = strstr(frame, "id: "), *kind = strstr(frame, "event: "), *data = strstr(frame, "data: ");

	if (kind)
		snprintf(type, sizeof(type), "%.*s", (int)strcspn(kind + 7, "\n"), kind + 7);
	if (!strcmp(type, "stream.reset"))
		sim_break("I5: a subscriber was told that its cursor %s belongs to another log", s->cursor);
	if (!at || at > data)
		return;
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
	int64_t pos = strtoll(strrchr(id, '-') ? strrchr(id, '-') + 1 : id, NULL, 10);
	if (strcmp(type, "stream.gap") != 0) {
		if (pos != desk_last[number] + 1)
			sim_break("I5: subscriber %zu got position %lld after %lld", number, (long long)pos,
				(long long)desk_last[number]);
		check_seen(pos, data + 6, strcspn(data + 6, "\n"));
	}
	desk_last[number] = pos;
	snprintf(s->cursor, sizeof(s->cursor), "%s", id);
}

static void on_bytes(void *ctx, struct net_end *e, const struct net_note *n)
{
	struct subscriber *s = ctx;

	if (e != s->end)
		return;
	s->heard_us = sim.now_us;
	if (n->kind == NET_SHUT || (n->kind == NET_REPLY && n->code != 200)) {
		net_close(e);
		hang_up(s);
		return;
	}
	buf_put(&s->in, n->body.p, n->body.n);
	for (char *end; s->in.n && (end = strstr(buf_text(&s->in), "\n\n"));) {
		end[1] = 0;
		take_frame(s, (const char *)s->in.p);
		buf_drop(&s->in, (size_t)(end + 2 - (char *)s->in.p));
	}
}

static void on_end(void *ctx, struct net_end *e, const char *why)
{
	struct subscriber *s = ctx;
	(void)why;
	if (e == s->end)
		hang_up(s);
}

static void connect_one(struct subscriber *s)
{
	struct net_note *n = net_note_new(NET_ASK);
	const struct net_on on = { .ctx = s, .got = on_bytes, .lost = on_end };
	char bearer[160];

	snprintf(bearer, sizeof(bearer), "Bearer %s", world.key);
	n->method = strdup("GET");
	n->path = strdup("/v1/events");
	n->query = strdup("after=0");
	n->upgrade = false;
	net_note_field(n, "authorization", bearer);
	net_note_field(n, "accept", "text/event-stream");
	net_note_field(n, "last-event-id", *s->cursor ? s->cursor : NULL);
	s->in.n = 0;
	s->heard_us = sim.now_us;
	s->end = net_dial(&world.desk, "cp", n, NULL, &on);
}

/* A stream has a heartbeat; one that is silent is given up. */
static void on_watch(void *a, uint64_t b)
{
	(void)a, (void)b;
	for (int i = 0; i < DESK_SUBSCRIBERS; i++)
		if (subscribers[i].end && sim.now_us - subscribers[i].heard_us > 20 * SIM_SECOND)
			hang_up(&subscribers[i]);
	sim_in(SIM_SECOND, on_watch, NULL, 0);
}

void desk_begin(uint64_t until_us)
{
	until = until_us;
	busy = CLIENTS;
	for (int i = 0; i < CLIENTS; i++)
		fiber_new(&world.desk, client, NULL);
	for (int i = 0; i < DESK_SUBSCRIBERS; i++)
		connect_one(&subscribers[i]);
	on_watch(NULL, 0);
}

bool desk_is_idle(void) { return busy == 0; }
