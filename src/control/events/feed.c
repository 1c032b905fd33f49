#include "control/events/feed.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/events/feed_line.h"
#include "control/events/feed_whose.h"
#include "control/events/slice.h"

#include <inttypes.h>
#include <stdio.h>

struct feed {
	struct control *control;
	struct list live;   /* subscribers that have all up to `last` */
	struct list behind; /* subscribers that read pages, or wait for their socket to drain before the next */
	struct list asking; /* those of them whose turn to read has not come */
	size_t reads;       /* pages being read for them */
	int64_t last;       /* position up to which live subscribers have everything; -1 before the first read */
	bool reading;       /* a page for the live ones is being read */
	bool again;         /* and there is more since */
	_Atomic bool woken; /* `bell` is posted and has not run yet */
	struct loop_job bell;
	struct loop_timer *beat;
	size_t open[2]; /* streams, sockets */
};

struct subscriber {
	struct list all; /* feed.live or feed.behind */
	struct feed *feed;
	struct feed_line
		line; /* once it is closed: freed when its page comes back, or at once when none is on its way */
	struct feed_line_on on;
	struct feed_wish *wish;
	int64_t at;                                  /* has all up to here */
	bool greeted, reading, asking, live, socket; /* live, asking: on that list */
};

static void read_on(struct subscriber *s);

_Static_assert(FEED_MARK_BYTES == FEED_WHOSE_BYTES, "a mark fits into a wish");

static void free_wish(struct control *c, struct feed_wish *w)
{
	feed_whose_free(c, w->mark, w->hold);
	free(w);
}

static void forget(struct subscriber *s)
{
	list_remove(&s->all);
	free_wish(s->feed->control, s->wish);
	free(s);
}

static void count(struct subscriber *s, int more)
{
	size_t *n = &s->feed->open[s->socket];

	*n += (size_t)more;
	metric_set(s->feed->control->metrics, METRIC_EVENT_SUBSCRIBERS, feed_line_name(s->socket), (int64_t)*n);
}

static void on_close(void *ctx)
{
	struct subscriber *s = ctx;

	s->line = (struct feed_line){ 0 };
	feed_whose_leave(s->wish->mark);
	count(s, -1);
	if (!s->reading)
		forget(s);
}

static void on_drain(void *ctx)
{
	struct subscriber *s = ctx;
	if (!s->reading && !s->asking && !s->live)
		read_on(s);
}

static void put_event(struct feed_out *o, const struct slice_event *e, bool cloud)
{
	struct fault fault = { 0 };

	feed_line_begin(o, e->type, e->pos);
	if (!cloud)
		slice_put(&o->text, o->epoch, e);
	else if (slice_put_cloud(&o->text, o->epoch, e, &fault) != RC_OK)
		o->lost = true; /* it comes back with the cursor of the one before */
	feed_line_end(o);
}

/* An event that it wants, in its words. True: the stream ends behind it. */
static bool tell_one(struct subscriber *s, struct feed_out *o, const struct slice_event *e)
{
	if (s->wish->say)
		return s->wish->say(&o->text, e);
	put_event(o, e, s->wish->cloud);
	return false;
}

/* The first words to a subscriber: where the log begins and ends, and what it asked for and cannot have. */
static void greet(struct subscriber *s, const struct slice *p, struct feed_out *o)
{
	s->greeted = true;
	if (s->wish->say) {
		buf_str(&o->text, s->wish->first);
		return;
	}
	if (!s->socket)
		buf_str(&o->text, "retry: 2000\n");
	feed_line_begin(o, "stream.hello", 0);
	buf_fmt(&o->text, "{\"epoch\":\"%s\",\"oldest\":%" PRId64 ",\"newest\":%" PRId64 "}", o->epoch, p->oldest,
		p->newest);
	feed_line_end(o);
	bool ahead = s->at > p->newest; /* of what an older copy of the database had */
	if (s->wish->reset || ahead) {
		feed_line_begin(o, "stream.reset", 0);
		buf_fmt(&o->text, "{\"epoch\":\"%s\",\"reason\":\"the cursor %s\"}", o->epoch,
			ahead ? "is ahead of this log" : "belongs to another log");
		feed_line_end(o);
	}
	if (ahead)
		s->at = 0;
	if (s->wish->first) {
		feed_line_begin(o, s->wish->first_type, 0);
		buf_str(&o->text, s->wish->first);
		feed_line_end(o);
	}
}

static void note_gap(struct subscriber *s, const struct slice *p, struct feed_out *o)
{
	if (p->oldest == 0 || s->at + 1 >= p->oldest || s->wish->say)
		return;
	feed_line_begin(o, "stream.gap", p->oldest - 1);
	buf_fmt(&o->text,
		"{\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"reason\":\"the log does not reach back so far\"}",
		s->at + 1, p->oldest - 1);
	feed_line_end(o);
	s->at = p->oldest - 1;
	metric_add(s->feed->control->metrics, METRIC_EVENT_GAPS, NULL, 1);
}

/* What one subscriber has got behind gets it: greeting, gap, events. Returns false when its line was closed, or is to be. */
static bool write_slice(struct subscriber *s, const struct slice *p)
{
	struct feed_out o = { .line = &s->line, .epoch = s->feed->control->epoch };
	bool ends = s->wish->over;

	if (s->at < 0)
		s->at = p->newest;
	if (!s->greeted)
		greet(s, p, &o);
	note_gap(s, p, &o);
	for (size_t i = 0; i < p->n && !ends; i++) {
		if (p->events[i].pos <= s->at)
			continue;
		if (feed_wants(s->wish, &p->events[i]))
			ends = tell_one(s, &o, &p->events[i]);
		s->at = p->events[i].pos;
	}
	return feed_line_done(&o) && !ends;
}

/* A page for one subscriber that is behind. */
static void on_page(struct slice_read *r)
{
	struct subscriber *s = r->ctx;
	struct feed *f = s->feed;
	bool whole = r->slice.n < FEED_PAGE, ok = feed_line_is_open(&s->line) && r->rc == RC_OK;

	s->reading = false;
	if (r->rc != RC_OK)
		log_warn(f->control->log, "events not read, subscriber dropped: %s", r->fault.text);
	bool open = ok && write_slice(s, &r->slice);
	if (whole && ok && s->wish->job_id && s->at < r->slice.newest)
		s->at = r->slice.newest; /* nothing more of this job up to there */
	slice_free(r);
	if (!feed_line_is_open(&s->line)) {
		forget(s);
		return;
	}
	if (!open) {
		feed_line_close(&s->line);
		return;
	}
	list_remove(&s->all);
	if (whole && f->last >= 0 && s->at >= f->last) {
		s->live = true;
		list_append(&f->live, &s->all);
		return;
	}
	list_append(&f->behind, &s->all);
	if (feed_line_queued(&s->line) < FEED_QUEUED_MAX / 2)
		read_on(s); /* else on_drain does */
}

static void on_slice(struct slice_read *r)
{
	struct feed *f = ((struct subscriber *)r->ctx)->feed;

	f->reads--;
	on_page(r);
	while (f->reads < FEED_READS_MAX && !list_empty(&f->asking))
		read_on(list_of(f->asking.next, struct subscriber, all));
}

/* Reads the next page for it, when so few others do that memory stays within bounds. */
static void read_on(struct subscriber *s)
{
	const struct slice_read how = { .ask = { s->at, FEED_PAGE, s->wish->job_id }, .ctx = s, .done = on_slice };
	struct feed *f = s->feed;

	s->asking = f->reads >= FEED_READS_MAX;
	list_remove(&s->all);
	list_append(s->asking ? &f->asking : &f->behind, &s->all);
	if (s->asking)
		return;
	s->reading = slice_start(f->control, &how) == RC_OK;
	if (s->reading)
		f->reads++;
	else
		feed_line_close(&s->line); /* overloaded: it comes back by itself, with its cursor */
}

static void cut(void *ctx, const char *why)
{
	struct subscriber *s = ctx;
	(void)why;
	feed_line_cut(&s->line);
}

void feed_open(struct feed *f, struct web_request *r, struct feed_wish *wish)
{
	struct subscriber *s = calloc(1, sizeof(*s));

	if (!s) {
		free_wish(f->control, wish);
		web_reply(r, 503, NULL, "", 0);
		return;
	}
	*s = (struct subscriber){ .feed = f,
		.wish = wish,
		.at = wish->after < 0 ? f->last
				      : wish->after, /* from now on: not from when its turn to read comes */
		.socket = web_view(r)->upgrade,
		.on = { .ctx = s, .drain = on_drain, .close = on_close } };
	list_append(&f->behind, &s->all);
	if (!feed_line_open(&s->line, f->control, r, &s->on)) {
		forget(s);
		return;
	}
	count(s, 1);
	if (feed_whose_watch(f->control, wish->mark, wish->asked_ms, s, cut))
		read_on(s);
	else
		feed_line_cut(&s->line);
}

/* New events as frames of a stream, written once for all streams. */
struct batch {
	const struct slice *slice;
	struct buf text;
	size_t at[FEED_PAGE + 1]; /* where each frame begins in text */
};

static void batch_write(struct batch *b, const char *epoch)
{
	struct feed_line stream = { 0 };
	struct feed_out o = { .line = &stream, .epoch = epoch };

	for (size_t i = 0; i < b->slice->n; i++) {
		b->at[i] = o.text.n;
		put_event(&o, &b->slice->events[i], false);
	}
	b->at[b->slice->n] = o.text.n;
	b->text = o.text;
}

/* One live subscriber gets the new events, or falls behind. */
static void tell(struct subscriber *s, const struct batch *b)
{
	struct feed *f = s->feed;
	const struct slice *p = b->slice;
	struct feed_out o = { .line = &s->line, .epoch = f->control->epoch };
	bool ends = false;

	if (feed_line_queued(&s->line) >= FEED_QUEUED_MAX / 2) {
		list_remove(&s->all);
		s->live = false;
		list_append(&f->behind, &s->all);
		return;
	}
	for (size_t i = 0; i < p->n && !ends; i++) {
		if (p->events[i].pos <= s->at || !feed_wants(s->wish, &p->events[i]))
			continue;
		if (s->socket || s->wish->say || s->wish->cloud)
			ends = tell_one(s, &o, &p->events[i]);
		else
			buf_put(&o.text, b->text.p + b->at[i], b->at[i + 1] - b->at[i]);
	}
	s->at = p->events[p->n - 1].pos;
	if (!feed_line_done(&o))
		return; /* it is closed soon */
	if (ends)
		feed_line_close(&s->line);
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
		struct batch b = { .slice = p };
		batch_write(&b, f->control->epoch);
		f->last = p->events[p->n - 1].pos;
		for (size_t i = 0; i < p->n; i++) /* first: who is cut gets nothing more */
			feed_told(f->control, &p->events[i]);
		list_each (at, next, &f->live)
			tell(list_of(at, struct subscriber, all), &b);
		buf_done(&b.text);
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
	list_each (at, next, all)
		feed_line_beat(&list_of(at, struct subscriber, all)->line);
}

static void on_beat(void *ctx)
{
	struct feed *f = ctx;
	beat_list(&f->live);
	beat_list(&f->behind);
	beat_list(&f->asking);
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
	list_init(&f->asking);
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
	struct list *lists[] = { &f->live, &f->behind, &f->asking };
	for (int i = 0; i < 3; i++)
		list_each (at, next, lists[i])
			feed_line_close(&list_of(at, struct subscriber, all)->line);
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	struct list *lists[] = { &f->live, &f->behind, &f->asking };
	for (int i = 0; i < 3; i++)
		list_each (at, next, lists[i])
			forget(list_of(at, struct subscriber, all));
	loop_timer_free(f->beat);
	free(f);
}
