#include "flow/steam_calls.h"
#include "wire/steam/frame.h"

static struct steam_call *call_of(struct list *node) { return list_of(node, struct steam_call, node); }

void steam_calls_init(struct steam_calls *cs)
{
	*cs = (struct steam_calls){ 0 };
	list_init(&cs->running);
	list_init(&cs->ended);
}

static void free_all(struct list *calls)
{
	list_each (at, after, calls) {
		list_remove(at);
		steam_call_free(call_of(at));
	}
}

void steam_calls_done(struct steam_calls *cs)
{
	free_all(&cs->running);
	free_all(&cs->ended);
}

/* Writes one request with its length in front; false when the call has none to make now. */
static bool request(struct steam_calls *cs, uint64_t now_ms, struct steam_call *c, struct steam_calls_line line)
{
	struct buf *out = line.out;
	struct steam_frame head = { .steamid = line.steamid,
		.session = line.session,
		.job_source = cs->last_job + 1,
		.job_target = STEAM_JOB_NONE };
	size_t before = out->n;

	buf_le32(out, 0);
	size_t begun = out->n;
	if (!steam_call_request(c, now_ms, head, out)) {
		out->n = before;
		return false;
	}
	cs->last_job++;
	if (out->bad)
		return false;
	uint32_t n = (uint32_t)(out->n - begun);
	for (unsigned i = 0; i < 4; i++)
		out->p[before + i] = (uint8_t)(n >> 8 * i);
	return true;
}

static void retire(struct steam_calls *cs, struct steam_call *c)
{
	if (!c->ended)
		return;
	list_remove(&c->node);
	list_append(&cs->ended, &c->node);
	cs->running_n--;
}

static void pump(struct steam_calls *cs, uint64_t now_ms, struct steam_call *c, struct steam_calls_line line)
{
	while (!line.out->bad && request(cs, now_ms, c, line))
		;
	retire(cs, c);
}

enum rc steam_calls_ask(struct steam_calls *cs, uint64_t now_ms, const struct steam_ask *ask,
	struct steam_calls_line line, uint64_t *ret_call, struct fault *f)
{
	if (cs->running_n >= STEAM_CALLS_MAX)
		return fault_set(f, RC_OVERLOADED, "%d calls are under way on this Steam session", STEAM_CALLS_MAX);
	struct steam_call *c;
	enum rc rc = steam_call_new(ask, now_ms, &c, f);
	if (rc != RC_OK)
		return rc;
	*ret_call = c->id = ++cs->last_call;
	list_append(&cs->running, &c->node);
	cs->running_n++;
	pump(cs, now_ms, c, line);
	return RC_OK;
}

void steam_calls_feed(
	struct steam_calls *cs, uint64_t now_ms, const struct steam_frame *fr, struct steam_calls_line line)
{
	list_each (at, after, &cs->running) {
		struct steam_call *c = call_of(at);
		if (steam_call_feed(c, now_ms, fr)) {
			pump(cs, now_ms, c, line);
			return;
		}
	}
}

void steam_calls_tick(struct steam_calls *cs, uint64_t now_ms, struct steam_calls_line line)
{
	list_each (at, after, &cs->running) {
		struct steam_call *c = call_of(at);
		if (now_ms >= c->deadline_ms)
			steam_call_end(c, now_ms, RC_TIMEOUT, "no answer in time");
		pump(cs, now_ms, c, line);
	}
}

uint64_t steam_calls_due(const struct steam_calls *cs)
{
	uint64_t due = UINT64_MAX;
	list_each (at, after, &cs->running) {
		uint64_t one = steam_call_due(call_of(at));
		due = one < due ? one : due;
	}
	return due;
}

void steam_calls_end(struct steam_calls *cs, uint64_t now_ms, uint64_t job, enum rc rc, const char *why)
{
	list_each (at, after, &cs->running) {
		struct steam_call *c = call_of(at);
		if (job != 0 && !steam_call_has_job(c, job))
			continue;
		steam_call_end(c, now_ms, rc, why);
		retire(cs, c);
	}
}

struct steam_call *steam_calls_take(struct steam_calls *cs)
{
	if (list_empty(&cs->ended))
		return NULL;
	struct steam_call *c = call_of(cs->ended.next);
	list_remove(&c->node);
	return c;
}
