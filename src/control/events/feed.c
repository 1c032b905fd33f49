#include "control/events/feed.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/events/slice.h"
#include "control/http/waits.h"

#include <inttypes.h>
#include <stdio.h>

struct feed {
	struct control *control;
	struct list live;   /* subscribers that have all up to `last` */
	struct list behind; /* subscribers that read pages, or wait for their socket to drain before the next */
	int64_t last;       /* position up to which live subscribers have everything; -1 before the first read */
	bool reading;       /* a page for the live ones is being read */
	bool again;         /* and there is more since */
	_Atomic bool woken; /* `bell` is posted and has not run yet */
	struct loop_job bell;
	struct loop_timer *beat;
	size_t open;
};

struct subscriber {
	struct list all; /* feed.live or feed.behind */
	struct feed *feed;
	struct web_stream *
		stream; /* NULL once it is closed; freed when its page comes back, or at once when none is on its way */
	struct feed_wish *wish;
	int64_t at; /* has all up to here */
	bool greeted, reading;
};

static void read_on(struct subscriber *s);

static void forget(struct subscriber *s)
{
	list_remove(&s->all);
	free(s->wish);
	free(s);
}

static void on_close(void *ctx, struct web_stream *stream)
{
	struct subscriber *s = ctx;
	(void)stream;
	s->stream = NULL;
	s->feed->open--;
	metric_set(s->feed->control->metrics, METRIC_EVENT_SUBSCRIBERS, "sse", (int64_t)s->feed->open);
	if (!s->reading)
		forget(s);
}

static void on_drain(void *ctx, struct web_stream *stream)
{
	struct subscriber *s = ctx;
	(void)stream;
	if (!s->reading && s->at < s->feed->last)
		read_on(s);
}

static bool write_text(struct subscriber *s, struct buf *b)
{
	bool ok = !b->bad && s->stream && web_stream_write(s->stream, b->p, b->n);
	buf_done(b);
	return ok;
}

bool feed_wants(const struct feed_wish *w, const struct slice_event *e)
{
	if ((w->job_id && (!e->job_id || strcmp(w->job_id, e->job_id) != 0)) ||
		(w->account_id && (!e->account_id || strcmp(w->account_id, e->account_id) != 0)) ||
		(w->region_id && (!e->region_id || strcmp(w->region_id, e->region_id) != 0)))
		return false;
	for (size_t i = 0; i < w->types_n; i++)
		if (events_matches(w->types[i], e->type))
			return true;
	return w->types_n == 0;
}

static void put_frame(struct buf *b, const char *epoch, const struct slice_event *e)
{
	buf_fmt(b, "id: %s-%" PRId64 "\nevent: %s\ndata: ", epoch, e->pos, e->type);
	slice_put(b, epoch, e);
	buf_str(b, "\n\n");
}

/* The first words to a subscriber: where the log begins and ends, and what it asked for and cannot have. */
static void greet(struct subscriber *s, const struct slice *p, struct buf *b)
{
	const char *epoch = s->feed->control->epoch;

	buf_fmt(b,
		"retry: 2000\nevent: stream.hello\ndata: {\"epoch\":\"%s\",\"oldest\":%" PRId64
		",\"newest\":%" PRId64 "}\n\n",
		epoch, p->oldest, p->newest);
	if (s->wish->reset)
		buf_fmt(b,
			"event: stream.reset\ndata: {\"epoch\":\"%s\",\"reason\":\"the cursor belongs to another "
			"log\"}\n\n",
			epoch);
	s->greeted = true;
}

static void note_gap(struct subscriber *s, const struct slice *p, struct buf *b)
{
	if (p->oldest == 0 || s->at + 1 >= p->oldest)
		return;
	buf_fmt(b,
		"id: %s-%" PRId64 "\nevent: stream.gap\ndata: {\"from\":%" PRId64 ",\"to\":%" PRId64
		",\"reason\":\"the log does not reach back so far\"}\n\n",
		s->feed->control->epoch, p->oldest - 1, s->at + 1, p->oldest - 1);
	s->at = p->oldest - 1;
	metric_add(s->feed->control->metrics, METRIC_EVENT_GAPS, NULL, 1);
}

/* What one subscriber has got behind gets it: greeting, gap, events. Returns false when its stream was closed. */
static bool write_slice(struct subscriber *s, const struct slice *p)
{
	struct feed *f = s->feed;
	struct buf b = { 0 };

	if (s->at < 0)
		s->at = p->newest;
	if (!s->greeted)
		greet(s, p, &b);
	note_gap(s, p, &b);
	for (size_t i = 0; i < p->n; i++) {
		if (p->events[i].pos <= s->at)
			continue;
		if (feed_wants(s->wish, &p->events[i]))
			put_frame(&b, f->control->epoch, &p->events[i]);
		s->at = p->events[i].pos;
	}
	return b.n == 0 || write_text(s, &b);
}

/* A slice for one subscriber that is behind. */
static void on_slice(struct slice_read *r)
{
	struct subscriber *s = r->ctx;
	struct feed *f = s->feed;
	bool whole = r->slice.n < FEED_PAGE, ok = s->stream && r->rc == RC_OK;

	s->reading = false;
	if (r->rc != RC_OK)
		log_warn(f->control->log, "events not read, subscriber dropped: %s", r->fault.text);
	bool open = ok && write_slice(s, &r->slice);
	if (whole && ok && s->wish->job_id && s->at < r->slice.newest)
		s->at = r->slice.newest; /* nothing more of this job up to there */
	slice_free(r);
	if (!s->stream) {
		forget(s);
		return;
	}
	if (!open) {
		web_stream_close(s->stream);
		return;
	}
	list_remove(&s->all);
	if (whole && f->last >= 0 && s->at >= f->last) {
		list_append(&f->live, &s->all);
		return;
	}
	list_append(&f->behind, &s->all);
	if (web_stream_queued(s->stream) < FEED_QUEUED_MAX / 2)
		read_on(s); /* else on_drain does */
}

static void read_on(struct subscriber *s)
{
	const struct slice_read how = { .ask = { s->at, FEED_PAGE, s->wish->job_id }, .ctx = s, .done = on_slice };

	s->reading = true;
	if (slice_start(s->feed->control, &how) == RC_OK)
		return;
	s->reading = false; /* overloaded: it comes back by itself, with its cursor */
	web_stream_close(s->stream);
}

void feed_open(struct feed *f, struct web_request *r, struct feed_wish *wish)
{
	static const struct web_header headers[] = {
		{ "content-type", "text/event-stream" },
		{ "cache-control", "no-store" },
		{ "x-accel-buffering", "no" },
		{ 0 },
	};
	struct subscriber *s = calloc(1, sizeof(*s));

	if (!s) {
		free(wish);
		web_reply(r, 503, NULL, "", 0);
		return;
	}
	*s = (struct subscriber){ .feed = f, .wish = wish, .at = wish->after };
	list_append(&f->behind, &s->all);
	const struct web_stream_on on = { .ctx = s, .drain = on_drain, .close = on_close };
	s->stream = web_stream(r, headers, &on);
	if (!s->stream) {
		forget(s);
		return;
	}
	metric_set(f->control->metrics, METRIC_EVENT_SUBSCRIBERS, "sse", (int64_t)++f->open);
	read_on(s);
}

/* One live subscriber gets the new events, or falls behind. */
static void tell(struct subscriber *s, const struct slice *p)
{
	struct feed *f = s->feed;
	struct buf b = { 0 };

	if (web_stream_queued(s->stream) >= FEED_QUEUED_MAX / 2) {
		list_remove(&s->all);
		list_append(&f->behind, &s->all);
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->events[i].pos > s->at && feed_wants(s->wish, &p->events[i]))
			put_frame(&b, f->control->epoch, &p->events[i]);
	s->at = p->events[p->n - 1].pos;
	if (b.n > 0 && !write_text(s, &b))
		return;
	buf_done(&b);
}

static void read_live(struct feed *f);

static void on_live(struct slice_read *r)
{
	struct feed *f = r->ctx;
	const struct slice *p = &r->slice;
	bool more = f->again || p->n == FEED_PAGE;

	f->reading = false;
	if (r->rc != RC_OK)
		log_warn(f->control->log, "new events not read, tried again at the next beat: %s", r->fault.text);
	else if (f->last < 0)
		f->last = p->newest;
	if (p->n > 0) {
		f->last = p->events[p->n - 1].pos;
		list_each (at, next, &f->live)
			tell(list_of(at, struct subscriber, all), p);
		for (size_t i = 0; i < p->n; i++)
			if (!strcmp(p->events[i].type, "job.finished"))
				waits_over(f->control->waits, p->events[i].job_id);
	}
	slice_free(r);
	if (more)
		read_live(f);
}

static void read_live(struct feed *f)
{
	const struct slice_read how = { .ask = { f->last, FEED_PAGE, NULL }, .ctx = f, .done = on_live };

	f->again = f->reading;
	if (!f->reading)
		f->reading = slice_start(f->control, &how) == RC_OK;
}

static void on_bell(struct loop_job *job)
{
	struct feed *f = (struct feed *)(void *)((char *)job - offsetof(struct feed, bell));
	atomic_store(&f->woken, false);
	read_live(f);
}

void feed_wake(struct feed *f)
{
	if (!atomic_exchange(&f->woken, true))
		loop_post(f->control->loop, &f->bell);
}

static void beat_list(struct list *all)
{
	list_each (at, next, all) {
		struct subscriber *s = list_of(at, struct subscriber, all);
		if (s->stream && web_stream_queued(s->stream) == 0 && !web_stream_write(s->stream, ":\n\n", 3))
			continue; /* closed soon */
	}
}

static void on_beat(void *ctx)
{
	struct feed *f = ctx;
	beat_list(&f->live);
	beat_list(&f->behind);
	read_live(f); /* in case a read failed */
	loop_timer_at(f->beat, loop_now_ms(f->control->loop) + FEED_HEARTBEAT_MS);
}

enum rc feed_new(struct control *c, struct feed **ret_feed, struct fault *fault)
{
	auto_of(feed) struct feed *f = calloc(1, sizeof(*f));
	if (!f)
		return RC_NOMEM;
	f->control = c;
	f->last = -1;
	f->bell.run = on_bell;
	list_init(&f->live);
	list_init(&f->behind);
	enum rc rc = loop_timer_new(c->loop, on_beat, f, &f->beat);
	if (rc != RC_OK)
		return fault_set(fault, rc, "no timer for the event feed");
	loop_timer_at(f->beat, loop_now_ms(c->loop) + FEED_HEARTBEAT_MS);
	*ret_feed = take(f);
	feed_wake(*ret_feed);
	return RC_OK;
}

void feed_close_all(struct feed *f)
{
	struct list *lists[] = { &f->live, &f->behind };
	for (int i = 0; i < 2; i++)
		list_each (at, next, lists[i]) {
			struct subscriber *s = list_of(at, struct subscriber, all);
			if (s->stream)
				web_stream_close(s->stream);
		}
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	struct list *lists[] = { &f->live, &f->behind };
	for (int i = 0; i < 2; i++)
		list_each (at, next, lists[i])
			forget(list_of(at, struct subscriber, all));
	loop_timer_free(f->beat);
	free(f);
}
