#include "io/tracing.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/metric.h"
#include "io/clock.h"
#include "io/http_call.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HEADERS_MAX   18 /* with the media type and the end */
#define ANSWER_MAX    65536
#define PAUSE_MS      500 /* before the second try; doubles */
#define PAUSE_MAX_MS  30000
#define WARN_EVERY_MS 60000

struct tracing {
	struct tracer tracer; /* first: tracing_tracer's pointer is its own */
	struct tracing_conf conf;
	struct arena texts;
	char url[1024];
	struct http_call_header headers[HEADERS_MAX];
	size_t headers_n;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	bool ending;
	uint64_t end_by_ms;
	size_t first, n; /* of the ring */
	uint64_t dropped;
	struct span ring[TRACING_RING];
	/* The thread's own. */
	struct span batch[TRACING_BATCH];
	uint64_t warned_ms;
};

static void count(struct tracing *t, const char *result, uint64_t n)
{
	if (t->conf.metrics && n)
		metric_add(t->conf.metrics, METRIC_TRACE_SPANS, result, n);
}

static void add(struct tracer *tracer, const struct span *s)
{
	struct tracing *t = (struct tracing *)(void *)tracer;
	bool full;

	pthread_mutex_lock(&t->lock);
	full = t->n == TRACING_RING || t->ending;
	if (!full)
		t->ring[(t->first + t->n++) % TRACING_RING] = *s;
	t->dropped += full;
	if (!full && (t->n == 1 || t->n == TRACING_BATCH))
		pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
	if (full)
		count(t, "dropped", 1);
}

/* Waits with the lock held, at most for so long. */
static void wait_ms(struct tracing *t, uint64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&t->work, &t->lock, &until);
}

/* The next batch; 0 at the end. */
static size_t take_batch(struct tracing *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->n == 0 && !t->ending)
		pthread_cond_wait(&t->work, &t->lock);
	uint64_t due = clock_mono_ms() + TRACING_DELAY_MS;
	for (uint64_t now; t->n < TRACING_BATCH && !t->ending && (now = clock_mono_ms()) < due;)
		wait_ms(t, due - now);
	size_t n = t->n < TRACING_BATCH ? t->n : TRACING_BATCH;
	for (size_t i = 0; i < n; i++)
		t->batch[i] = t->ring[(t->first + i) % TRACING_RING];
	t->first = (t->first + n) % TRACING_RING;
	t->n -= n;
	uint64_t dropped = t->dropped;
	t->dropped = 0;
	pthread_mutex_unlock(&t->lock);
	if (dropped)
		log_warn(t->conf.log, "spans dropped n=%llu: more come than the collector takes",
			(unsigned long long)dropped);
	return n;
}

/* Milliseconds that are left; without an end, all that are asked for. */
static uint64_t left_ms(struct tracing *t, uint64_t ms)
{
	pthread_mutex_lock(&t->lock);
	uint64_t now = clock_mono_ms(), left = !t->ending ? ms : t->end_by_ms > now ? t->end_by_ms - now : 0;
	pthread_mutex_unlock(&t->lock);
	return left < ms ? left : ms;
}

/* A pause that the end cuts short. False: no time for another try is left. */
static bool pause_ms(struct tracing *t, uint64_t ms)
{
	uint64_t until = clock_mono_ms() + ms;

	pthread_mutex_lock(&t->lock);
	for (uint64_t now; !t->ending && (now = clock_mono_ms()) < until;)
		wait_ms(t, until - now);
	bool go_on = !t->ending || clock_mono_ms() < t->end_by_ms;
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static bool may_help(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

static uint64_t pause_after(const struct http_answer *a, uint64_t usual)
{
	const char *after = a->status ? http_call_header_of(a, "retry-after") : NULL;
	long s = after ? strtol(after, NULL, 10) : 0;
	uint64_t ms = s > 0 ? (uint64_t)s * 1000 : usual;
	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void warn(struct tracing *t, size_t n, int status, const struct fault *f)
{
	uint64_t now = clock_mono_ms();

	if (t->warned_ms && now - t->warned_ms < WARN_EVERY_MS)
		return;
	t->warned_ms = now;
	log_warn(t->conf.log, "spans not exported n=%zu url=%s status=%d: %s", n, t->url, status,
		status ? "the collector refused them" : f->text);
}

/* One try. *ret_pause_ms is how long to wait before another; 0: no other. */
static bool send_once(struct tracing *t, struct http_caller *caller, const struct buf *body, size_t n,
	uint64_t usual_ms, uint64_t *ret_pause_ms)
{
	struct http_answer a = { 0 };
	struct fault f = { 0 };
	uint64_t deadline = left_ms(t, t->conf.timeout_ms);
	const struct http_ask ask = { .caller = caller,
		.method = "POST",
		.url = t->url,
		.headers = t->headers,
		.body = body->p,
		.body_n = body->n,
		.body_max = ANSWER_MAX,
		.deadline_ms = deadline ? (uint32_t)deadline : 1,
		.tls_ca = t->conf.tls_ca };

	enum rc rc = http_call(&ask, &a, &f);
	bool taken = rc == RC_OK && a.status >= 200 && a.status < 300;
	*ret_pause_ms = !taken && (rc != RC_OK || may_help(a.status)) ? pause_after(&a, usual_ms) : 0;
	if (taken) {
		uint64_t refused = otlp_rejected(t->conf.form, a.body.p, a.body.n);
		refused = refused < n ? refused : n;
		count(t, "rejected", refused);
		count(t, "exported", n - refused);
	} else {
		warn(t, n, rc == RC_OK ? a.status : 0, &f);
	}
	http_answer_done(&a);
	return taken;
}

static void send_batch(struct tracing *t, struct http_caller *caller, size_t n)
{
	struct buf body = { 0 };
	uint64_t usual = PAUSE_MS, pause = 0;
	bool sent = false;

	otlp_request(t->conf.form, &t->conf.resource, t->batch, n, &body);
	for (int i = 0; !sent && !body.bad && i < TRACING_TRIES; i++, usual *= 2) {
		if (i && (!pause || !pause_ms(t, pause)))
			break;
		sent = send_once(t, caller, &body, n, usual, &pause);
	}
	if (!sent)
		count(t, "failed", n);
	buf_done(&body);
}

static void *run(void *arg)
{
	struct tracing *t = arg;
	struct http_caller *caller = http_call_new();

	pthread_setname_np(pthread_self(), "spans");
	for (size_t n; (n = take_batch(t)) > 0;)
		send_batch(t, caller, n);
	http_call_free(caller);
	return NULL;
}

/* --- the beginning */

static int hex_of(char c)
{
	const char *at = c ? strchr("0123456789abcdef", c | 0x20) : NULL;
	return at ? (int)(at - "0123456789abcdef") : -1;
}

/* %41 becomes A; in place. */
static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (*s == '%' && hex_of(s[1]) >= 0 && hex_of(s[2]) >= 0) {
			*to++ = (char)(hex_of(s[1]) * 16 + hex_of(s[2]));
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

static char *trimmed(char *s)
{
	s += strspn(s, " \t\r\n");
	for (size_t n = strlen(s); n && strchr(" \t\r\n", s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

/* A value that could begin a header of its own is none. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static enum rc read_headers(struct tracing *t, const char *text, struct fault *f)
{
	char *rest = arena_str(&t->texts, text ? text : ""), *save = NULL;

	if (!rest)
		return RC_NOMEM;
	t->headers[t->headers_n++] = (struct http_call_header){ "content-type", otlp_media_type(t->conf.form) };
	for (char *one = strtok_r(rest, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(one, '=');
		if (!*trimmed(one))
			continue;
		if (!equals || t->headers_n == HEADERS_MAX - 1)
			return fault_set(f, RC_INVALID,
				"the collector's headers are NAME=VALUE, parted by commas, at most %d",
				HEADERS_MAX - 2);
		*equals = 0;
		char *name = trimmed(one), *value = trimmed(equals + 1);
		unescape(value);
		if (!*name || !is_plain(name) || strpbrk(name, ": \t") || !is_plain(value))
			return fault_set(f, RC_INVALID, "the collector's header number %zu is none", t->headers_n);
		t->headers[t->headers_n++] = (struct http_call_header){ name, value };
	}
	return RC_OK;
}

static enum rc read_ratio(struct tracing *t, const char *text, struct fault *f)
{
	char *end = NULL;
	double share = text && *text ? strtod(text, &end) : 1.0;

	if ((end && *end) || !(share >= 0.0 && share <= 1.0))
		return fault_set(f, RC_INVALID, "the share of traces is a number from 0 to 1, not \"%.20s\"", text);
	t->tracer.share = (uint64_t)(share * (double)TRACE_SHARE_ALL);
	return RC_OK;
}

static enum rc read_endpoint(struct tracing *t, const char *url, struct fault *f)
{
	size_t n = strlen(url);

	if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) || n > 900)
		return fault_set(f, RC_INVALID, "the collector's endpoint begins with http:// or https://");
	while (n && url[n - 1] == '/')
		n--;
	snprintf(t->url, sizeof(t->url), "%.*s/v1/traces", (int)n, url);
	return RC_OK;
}

static enum rc copy(struct tracing *t, const struct tracing_conf *conf, struct fault *f)
{
	t->conf = *conf;
	t->conf.tls_ca = arena_str(&t->texts, conf->tls_ca);
	t->conf.resource.service_name = arena_str(&t->texts, conf->resource.service_name);
	t->conf.resource.service_version = arena_str(&t->texts, conf->resource.service_version);
	t->conf.resource.instance_id = arena_str(&t->texts, conf->resource.instance_id);
	t->conf.headers = t->conf.endpoint = t->conf.ratio = NULL;
	if (!t->conf.resource.service_name || !t->conf.resource.service_version || !t->conf.resource.instance_id ||
		(conf->tls_ca && !t->conf.tls_ca))
		return RC_NOMEM;
	t->tracer = (struct tracer){ .add = add, .sampler = conf->sampler };
	enum rc rc = read_endpoint(t, conf->endpoint, f);
	if (rc == RC_OK)
		rc = read_headers(t, conf->headers, f);
	return rc == RC_OK ? read_ratio(t, conf->ratio, f) : rc;
}

static void done(struct tracing *t)
{
	arena_done(&t->texts);
	free(t);
}

enum rc tracing_new(const struct tracing_conf *conf, struct tracing **ret_tracing, struct fault *f)
{
	pthread_condattr_t a;
	struct tracing *t = calloc(1, sizeof(*t));

	if (!t)
		return RC_NOMEM;
	t->texts.wipes = true; /* headers may hold a password */
	enum rc rc = copy(t, conf, f);
	if (rc != RC_OK) {
		done(t);
		return rc;
	}
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&t->work, &a);
	pthread_mutex_init(&t->lock, NULL);
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		done(t);
		return fault_set(f, RC_NOMEM, "no thread to export spans");
	}
	*ret_tracing = t;
	return RC_OK;
}

struct tracer *tracing_tracer(struct tracing *t) { return t ? &t->tracer : NULL; }

void tracing_free(struct tracing *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->ending = true;
	t->end_by_ms = clock_mono_ms() + TRACING_FLUSH_MS;
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->work);
	done(t);
}
