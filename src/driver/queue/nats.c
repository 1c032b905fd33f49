#include "driver/queue/nats.h"
#include "base/list.h"
#include "base/map.h"
#include "driver/queue/nats_count.h"
#include "driver/queue/nats_options.h"
#include "io/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define SECOND_NS 1000000000ll

/* A topic that was rung. Lives as long as the queue. */
struct bell {
	struct list all; /* nats.bells */
	struct list due; /* nats.due, while it is to be sent */
	char topic[QUEUE_TOPIC_MAX], log[QUEUE_LOG_MAX];
	int64_t seq, kept;
	bool waits;
};

struct nats {
	struct queue base;
	char prefix[128], name[64], instance[24];
	natsOptions *options;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below, but for what only the thread uses */
	pthread_cond_t news;
	struct list bells, due;
	struct map by_topic; /* struct bell */
	size_t bells_n;
	struct list ears; /* queue_ear.all; others append, the thread removes */
	bool stopping;
	bool rung;    /* by others, since the thread looked */
	bool back;    /* the server is, since the thread looked */
	bool suspect; /* the server may not know our consumers */
	bool fresh;   /* ears have come: they hear what is rung from then on, so they are tended first */
	unsigned serial;
	struct nats_count subs; /* subscriptions that the library is not done with */
	struct nats_count open; /* connections of which it may still tell something */
	atomic_bool up;
	/* The thread's. */
	natsConnection *nc;
	jsCtx *js;
	bool has_stream, thread_runs;
};

struct queue_ear {
	struct list all; /* nats.ears */
	struct nats *nats;
	char topic[QUEUE_TOPIC_MAX], durable[64];
	natsSubscription *sub; /* the thread's */
	bool again;            /* the thread's: it had one before, and may have missed bells */
	_Atomic int refs;      /* the list's, and one of each subscription that the library is not done with */
	pthread_mutex_t lock;  /* held while `heard` runs */
	atomic_bool dead;      /* hears nothing any more */
	queue_heard *heard;
	void *ctx;
};

static struct nats *of(struct queue *q) { return (struct nats *)q; }

static void tell(struct queue_ear *ear, const char *topic)
{
	pthread_mutex_lock(&ear->lock);
	if (!atomic_load(&ear->dead))
		ear->heard(ear->ctx, topic);
	pthread_mutex_unlock(&ear->lock);
}

static void drop(struct queue_ear *ear)
{
	if (atomic_fetch_sub(&ear->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&ear->lock);
	free(ear);
}

/* ---- the library's threads ---- */

/* Its own ears heard it when it was rung. */
static bool is_own(const struct nats *q, const natsMsg *m)
{
	size_t n = strlen(q->instance);
	return (size_t)natsMsg_GetDataLength(m) == n && !memcmp(natsMsg_GetData(m), q->instance, n);
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *closure)
{
	struct queue_ear *ear = closure;
	const char *subject = natsMsg_GetSubject(m);
	size_t n = strlen(ear->nats->prefix);
	(void)nc;
	(void)sub;

	if (strlen(subject) > n && !is_own(ear->nats, m))
		tell(ear, subject + n);
	natsMsg_Ack(m, NULL); /* one that is lost is heard again, which does no harm */
	natsMsg_Destroy(m);
}

/* The library is done with it. */
static void on_complete(void *closure)
{
	struct queue_ear *ear = closure;
	struct nats *q = ear->nats;

	drop(ear);
	nats_count_add(&q->subs, -1);
}

static void suspect(struct nats *q, bool back)
{
	pthread_mutex_lock(&q->lock);
	q->suspect = true;
	q->back |= back;
	pthread_cond_signal(&q->news);
	pthread_mutex_unlock(&q->lock);
}

static void on_lost(natsConnection *nc, void *closure)
{
	struct nats *q = closure;
	(void)nc;
	atomic_store(&q->up, false);
}

static void on_back(natsConnection *nc, void *closure)
{
	(void)nc;
	suspect(closure, true);
}

/* The last that is told of a connection. */
static void on_closed(natsConnection *nc, void *closure)
{
	struct nats *q = closure;

	(void)nc;
	nats_count_add(&q->open, -1);
}

/* Such as a consumer whose heartbeat is missing. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
	(void)nc;
	(void)sub;
	(void)s;
	suspect(closure, false);
}

/* ---- the driver's thread ---- */

static bool make_stream(struct nats *q)
{
	const char *subjects[1];
	jsStreamConfig c;
	jsErrCode code = 0;
	char all[160];

	snprintf(all, sizeof(all), "%s>", q->prefix);
	subjects[0] = all;
	jsStreamConfig_Init(&c);
	c.Name = q->name;
	c.Subjects = subjects;
	c.SubjectsLen = 1;
	c.Storage = js_FileStorage;
	c.Retention = js_LimitsPolicy;
	c.Discard = js_DiscardOld;
	c.MaxMsgsPerSubject = 1;
	c.MaxAge = 3600 * SECOND_NS;
	c.MaxBytes = 16 << 20;
	c.Duplicates = 120 * SECOND_NS;
	natsStatus s = js_AddStream(NULL, q->js, &c, NULL, &code);
	if (s != NATS_OK && code == JSStreamNameExistErr) /* made by a version with other limits */
		s = js_UpdateStream(NULL, q->js, &c, NULL, &code);
	return s == NATS_OK;
}

static bool connect_to(struct nats *q)
{
	jsOptions o;

	if (!q->nc) {
		natsConnection *nc = NULL;
		if (natsConnection_Connect(&nc, q->options) != NATS_OK)
			return false;
		nats_count_add(&q->open, 1);
		q->nc = nc;
	}
	if (natsConnection_Status(q->nc) != NATS_CONN_STATUS_CONNECTED)
		return false;
	jsOptions_Init(&o);
	o.Wait = NATS_CALL_MS;
	if (!q->js && natsConnection_JetStream(&q->js, q->nc, &o) != NATS_OK)
		return false;
	q->has_stream = q->has_stream || make_stream(q);
	return q->has_stream;
}

static void configure(const struct nats *q, const struct queue_ear *ear, jsSubOptions *so)
{
	jsSubOptions_Init(so);
	so->Stream = q->name;
	so->ManualAck = true;
	so->Config.Durable = ear->durable;
	so->Config.DeliverPolicy = js_DeliverNew;
	so->Config.AckPolicy = js_AckExplicit;
	so->Config.AckWait = 10 * SECOND_NS;
	so->Config.Heartbeat = 10 * SECOND_NS;
	so->Config.InactiveThreshold = NATS_FORGET_S * SECOND_NS;
}

static bool subscribe(struct nats *q, struct queue_ear *ear)
{
	bool many = !*ear->topic || ear->topic[strlen(ear->topic) - 1] == '.';
	char subject[256];
	jsSubOptions so;
	jsErrCode code = 0;

	snprintf(subject, sizeof(subject), "%s%s%s", q->prefix, ear->topic, many ? ">" : "");
	snprintf(ear->durable, sizeof(ear->durable), "%s-%u", q->instance, ++q->serial);
	configure(q, ear, &so);
	atomic_fetch_add(&ear->refs, 1);
	natsStatus s = js_Subscribe(&ear->sub, q->js, subject, on_message, ear, NULL, &so, &code);
	if (s != NATS_OK) {
		ear->sub = NULL;
		drop(ear);
		q->has_stream = code != JSStreamNotFoundErr;
		return false;
	}
	nats_count_add(&q->subs, 1);
	if (natsSubscription_SetOnCompleteCB(ear->sub, on_complete, ear) != NATS_OK) {
		nats_count_add(&q->subs, -1);
		return false; /* it ended already; what it holds of the ear stays */
	}
	if (ear->again)
		tell(ear, ear->topic);
	ear->again = true;
	return true;
}

/* The consumer is forgotten, too; if the server cannot be told, it forgets by itself. */
static void unsubscribe(struct queue_ear *ear)
{
	natsSubscription_Unsubscribe(ear->sub);
	natsSubscription_Destroy(ear->sub);
	ear->sub = NULL;
}

/* The server was started anew, or took nobody for listening: what it does not know any more is made again. */
static bool check(struct nats *q, struct queue_ear *ear)
{
	jsConsumerInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus s = js_GetConsumerInfo(&info, q->js, q->name, ear->durable, NULL, &code);

	jsConsumerInfo_Destroy(info);
	if (s == NATS_OK)
		return true;
	if (code != JSConsumerNotFoundErr && code != JSStreamNotFoundErr && s != NATS_NOT_FOUND)
		return false;
	unsubscribe(ear);
	return code != JSStreamNotFoundErr || make_stream(q);
}

static struct list *step(struct nats *q, struct list *at, bool remove)
{
	pthread_mutex_lock(&q->lock);
	struct list *next = at->next;
	if (remove)
		list_remove(at);
	pthread_mutex_unlock(&q->lock);
	return next;
}

/* Others only append to the list, so one may stand on a node of it without the lock. */
static bool tend_ears(struct nats *q, bool doubt)
{
	bool ok = true;

	for (struct list *at = step(q, &q->ears, false), *next; ok && at != &q->ears; at = next) {
		struct queue_ear *ear = list_of(at, struct queue_ear, all);
		bool dead = atomic_load(&ear->dead);
		if (doubt && ear->sub && !dead)
			ok = check(q, ear);
		if (ok && !ear->sub && !dead)
			ok = subscribe(q, ear);
		next = step(q, at, dead);
		if (dead && ear->sub)
			unsubscribe(ear);
		if (dead)
			drop(ear);
	}
	return ok;
}

/* The first bell that is due, as it is now. */
static bool next_bell(struct nats *q, struct bell **ret, char topic[static QUEUE_TOPIC_MAX], char id[static 128],
	int64_t *ret_seq)
{
	pthread_mutex_lock(&q->lock);
	bool any = !list_empty(&q->due) && !q->fresh;
	if (any) {
		struct bell *b = list_of(q->due.next, struct bell, due);
		snprintf(topic, QUEUE_TOPIC_MAX, "%s", b->topic);
		snprintf(id, 128, "%s-%s-%lld", b->log, b->topic, (long long)b->seq);
		*ret_seq = b->seq;
		*ret = b;
		b->waits = false;
		list_remove(&b->due);
	}
	pthread_mutex_unlock(&q->lock);
	return any;
}

static bool publish(struct nats *q, struct bell *b, const char *topic, const char *id, int64_t seq)
{
	char subject[256];
	jsPubOptions o;
	jsErrCode code = 0;

	snprintf(subject, sizeof(subject), "%s%s", q->prefix, topic);
	jsPubOptions_Init(&o);
	o.MaxWait = NATS_CALL_MS;
	o.MsgId = seq ? id : NULL;
	natsStatus s = js_Publish(NULL, q->js, subject, q->instance, (int)strlen(q->instance), &o, &code);
	if (s == NATS_NO_RESPONDERS) /* nobody keeps the subject */
		q->has_stream = false;
	pthread_mutex_lock(&q->lock);
	if (s == NATS_OK && b->kept < seq)
		b->kept = seq;
	if (s != NATS_OK && !b->waits) {
		b->waits = true;
		list_append(&q->due, &b->due);
	}
	pthread_mutex_unlock(&q->lock);
	return s == NATS_OK;
}

/* All that can be done now. Returns false when something could not be done. */
static bool work(struct nats *q)
{
	char topic[QUEUE_TOPIC_MAX], id[128];
	struct bell *b = NULL;
	int64_t seq = 0;

	if (!connect_to(q))
		return false;
	pthread_mutex_lock(&q->lock);
	bool doubt = q->suspect, ok = true;
	q->suspect = q->fresh = false;
	pthread_mutex_unlock(&q->lock);
	if (!tend_ears(q, doubt)) {
		if (doubt)
			suspect(q, false);
		return false;
	}
	while (ok && next_bell(q, &b, topic, id, &seq))
		ok = publish(q, b, topic, id, seq);
	return ok;
}

/* For so long, or until there is something new; what others ring cannot be told to a server that is not there. */
static void rest(struct nats *q, bool ok, uint64_t wait_ms)
{
	uint64_t until_us = clock_mono_us() + wait_ms * 1000;
	const struct timespec until = { (time_t)(until_us / 1000000), (long)(until_us % 1000000) * 1000 };

	pthread_mutex_lock(&q->lock);
	while (!q->stopping && !q->back && !(ok && (q->rung || q->suspect)))
		if (pthread_cond_timedwait(&q->news, &q->lock, &until) != 0)
			break;
	q->rung = q->back = false;
	pthread_mutex_unlock(&q->lock);
}

static void *run(void *arg)
{
	struct nats *q = arg;
	uint64_t wait_ms = NATS_WAIT_MS;

	for (bool stop = false; !stop;) {
		bool ok = work(q);
		atomic_store(&q->up, ok);
		wait_ms = ok ? NATS_WAIT_MS : wait_ms * 2 < NATS_WAIT_MAX_MS ? wait_ms * 2 : NATS_WAIT_MAX_MS;
		rest(q, ok, ok ? NATS_WAIT_MAX_MS : wait_ms);
		pthread_mutex_lock(&q->lock);
		stop = q->stopping;
		pthread_mutex_unlock(&q->lock);
	}
	for (struct list *at = step(q, &q->ears, false); at != &q->ears; at = step(q, at, false))
		if (list_of(at, struct queue_ear, all)->sub)
			unsubscribe(list_of(at, struct queue_ear, all));
	nats_count_await(&q->subs, NATS_CALL_MS);
	jsCtx_Destroy(q->js);
	natsConnection_Destroy(q->nc);
	nats_count_await(&q->open, NATS_CALL_MS);
	nats_ReleaseThreadMemory();
	return NULL;
}

/* ---- anybody's ---- */

static struct bell *bell_of(struct nats *q, const char *topic)
{
	struct bell *b = map_get(&q->by_topic, topic);

	if (b || q->bells_n >= QUEUE_TOPICS_MAX)
		return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	snprintf(b->topic, sizeof(b->topic), "%s", topic);
	list_init(&b->due);
	if (map_put(&q->by_topic, b->topic, b) != RC_OK) {
		free(b);
		return NULL;
	}
	q->bells_n++;
	list_append(&q->bells, &b->all);
	return b;
}

static enum rc ring(struct queue *base, const struct queue_bell *what, struct fault *f)
{
	struct nats *q = of(base);

	pthread_mutex_lock(&q->lock);
	list_each (at, next, &q->ears) {
		struct queue_ear *ear = list_of(at, struct queue_ear, all);
		if (queue_hears(ear->topic, what->topic))
			tell(ear, what->topic);
	}
	struct bell *b = bell_of(q, what->topic);
	if (b && what->seq && strcmp(b->log, what->log) != 0) {
		snprintf(b->log, sizeof(b->log), "%s", what->log);
		b->seq = b->kept = 0;
	}
	if (b && b->seq < what->seq)
		b->seq = what->seq;
	if (b && !b->waits) {
		b->waits = true;
		list_append(&q->due, &b->due);
		q->rung = true;
		pthread_cond_signal(&q->news);
	}
	pthread_mutex_unlock(&q->lock);
	return b ? RC_OK : fault_set(f, RC_OVERLOADED, "more than %d topics of bells", QUEUE_TOPICS_MAX);
}

static enum rc listen_to(struct queue *base, const char *topic, queue_heard *heard, void *ctx,
	struct queue_ear **ret_ear, struct fault *f)
{
	struct nats *q = of(base);
	struct queue_ear *ear = calloc(1, sizeof(*ear));
	(void)f;

	if (!ear)
		return RC_NOMEM;
	ear->nats = q;
	ear->heard = heard;
	ear->ctx = ctx;
	atomic_store(&ear->refs, 1);
	snprintf(ear->topic, sizeof(ear->topic), "%s", topic);
	pthread_mutex_init(&ear->lock, NULL);
	pthread_mutex_lock(&q->lock);
	list_append(&q->ears, &ear->all);
	q->rung = q->fresh = true;
	pthread_cond_signal(&q->news);
	pthread_mutex_unlock(&q->lock);
	*ret_ear = ear;
	return RC_OK;
}

static void unlisten(struct queue *base, struct queue_ear *ear)
{
	struct nats *q = of(base);

	pthread_mutex_lock(&ear->lock);
	atomic_store(&ear->dead, true);
	pthread_mutex_unlock(&ear->lock);
	pthread_mutex_lock(&q->lock);
	q->rung = true;
	pthread_cond_signal(&q->news);
	pthread_mutex_unlock(&q->lock);
}

static int64_t kept(struct queue *base, const char *topic)
{
	struct nats *q = of(base);

	pthread_mutex_lock(&q->lock);
	const struct bell *b = map_get(&q->by_topic, topic);
	int64_t n = b ? b->kept : 0;
	pthread_mutex_unlock(&q->lock);
	return n;
}

static bool is_up(struct queue *base) { return atomic_load(&of(base)->up); }

static atomic_int queues; /* that use the library */

static void free_queue(struct queue *base)
{
	struct nats *q = of(base);

	if (q->thread_runs) {
		pthread_mutex_lock(&q->lock);
		q->stopping = true;
		pthread_cond_signal(&q->news);
		pthread_mutex_unlock(&q->lock);
		pthread_join(q->thread, NULL);
	}
	natsOptions_Destroy(q->options);
	if (atomic_fetch_sub(&queues, 1) == 1)
		nats_CloseAndWait(NATS_CALL_MS); /* its threads let go of the ears */
	else if (nats_count_await(&q->subs, 0) + nats_count_await(&q->open, 0) > 0)
		return; /* its threads may still come back to it: better lost than used */
	list_each (at, next, &q->bells)
		free(list_of(at, struct bell, all));
	list_each (ear, after, &q->ears)
		drop(list_of(ear, struct queue_ear, all));
	map_done(&q->by_topic);
	pthread_cond_destroy(&q->news);
	nats_count_done(&q->subs);
	nats_count_done(&q->open);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static const struct queue_impl impl = {
	.name = "nats",
	.far = true,
	.ring = ring,
	.listen = listen_to,
	.unlisten = unlisten,
	.kept = kept,
	.is_up = is_up,
	.free = free_queue,
};

static enum rc set_options(struct nats *q, const struct nats_queue_conf *conf, struct fault *f)
{
	enum rc rc = nats_options_new(conf, q->instance, &q->options, f);

	if (rc == RC_OK && (natsOptions_SetErrorHandler(q->options, on_error, q) != NATS_OK ||
				   natsOptions_SetDisconnectedCB(q->options, on_lost, q) != NATS_OK ||
				   natsOptions_SetReconnectedCB(q->options, on_back, q) != NATS_OK ||
				   natsOptions_SetClosedCB(q->options, on_closed, q) != NATS_OK))
		return fault_set(f, RC_INTERNAL, "the NATS library refuses its options");
	return rc;
}

static void init(struct nats *q, const struct nats_queue_conf *conf)
{
	pthread_condattr_t attr;
	uint8_t random[8];

	q->base.impl = &impl;
	nats_count_init(&q->subs);
	nats_count_init(&q->open);
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->news, &attr);
	pthread_condattr_destroy(&attr);
	list_init(&q->bells);
	list_init(&q->due);
	list_init(&q->ears);
	clock_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(q->instance + 2 * i, 3, "%02x", random[i]);
	snprintf(q->name, sizeof(q->name), "%s", conf->name);
	snprintf(q->prefix, sizeof(q->prefix), "%s.bell.", q->name);
	atomic_fetch_add(&queues, 1);
}

enum rc nats_queue_new(const struct nats_queue_conf *conf, struct queue **ret_queue, struct fault *f)
{
	struct nats *q = calloc(1, sizeof(*q));

	if (!q)
		return RC_NOMEM;
	init(q, conf);
	enum rc rc = set_options(q, conf, f);
	if (rc == RC_OK && pthread_create(&q->thread, NULL, run, q) != 0)
		rc = fault_set(f, RC_NOMEM, "no thread for the queue");
	if (rc != RC_OK) {
		free_queue(&q->base);
		return rc;
	}
	q->thread_runs = true;
	*ret_queue = &q->base;
	return RC_OK;
}
