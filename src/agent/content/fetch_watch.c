#include "agent/content/fetch.h"
#include "agent/content/fetch_parts.h"

#include "io/clock.h"

#include <string.h>
#include <time.h>

#define LOOK_MS   100
#define SMOOTH_MS 10000 /* of the rate */

const char *const fetch_words[] = { "resolving", "allocating", "downloading", "verifying", "packaging",
	"publishing", NULL };

static void sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	nanosleep(&t, NULL);
}

static void end_all(struct fetch *x)
{
	x->stop = true;
	pthread_mutex_lock(&x->lock);
	pthread_cond_broadcast(&x->synced);
	pthread_mutex_unlock(&x->lock);
}

/* A moving average over about ten seconds. */
struct rate {
	uint64_t bytes, at_ms;
	double per_s;
	bool known;
};

static void rate_tick(struct rate *r, uint64_t bytes, uint64_t now_ms)
{
	uint64_t ms = now_ms - r->at_ms;

	if (ms == 0)
		return;
	double now = bytes >= r->bytes ? (double)(bytes - r->bytes) * 1000 / (double)ms : 0;
	double weight = r->known ? (double)ms / (double)(ms + SMOOTH_MS) : 1;
	r->per_s += (now - r->per_s) * weight;
	r->known = r->known || now > 0;
	r->bytes = bytes;
	r->at_ms = now_ms;
}

struct sight {
	struct action_download_progress p;
	const char *files[FETCH_RECENT];
	struct content_figures figures;
	struct action_download_server servers[8];
};

static size_t current_files(const struct fetch *x, const char *ret[static FETCH_RECENT])
{
	size_t n = 0;

	for (unsigned i = 0; i < FETCH_RECENT && i < x->recent_at; i++) {
		uint32_t file = x->recent[(x->recent_at - 1 - i) % FETCH_RECENT];
		bool known = x->left[file] == 0;
		for (size_t k = 0; k < n && !known; k++)
			known = ret[k] == x->plan.files[file].path;
		if (!known)
			ret[n++] = x->plan.files[file].path;
	}
	return n;
}

void fetch_figures(struct fetch *x, struct content_figures *ret)
{
	const struct content_source *source = x->ask.source;

	if (!source || !source->impl->figures || x->state < FETCH_DOWNLOADING)
		return;
	source->impl->figures(x->ask.source, ret);
	memcpy(x->errors, ret->errors, sizeof(x->errors));
}

static void look(struct fetch *x, struct sight *s)
{
	*s = (struct sight){ .p.state = fetch_words[x->state], .p.eta_s = -1 };
	if (x->state >= FETCH_ALLOCATING) {
		pthread_mutex_lock(&x->lock);
		s->p.bytes_total = x->plan.bytes;
		s->p.files_total = x->plan.real_files;
		s->p.bytes_done = x->bytes_done;
		s->p.bytes_reused = x->bytes_reused;
		s->p.files_done = x->files_done;
		s->p.package_done = x->packed;
		if (x->beside && x->state > FETCH_ALLOCATING)
			s->p.beside_bytes = tree_is_sparse(x->tree) ? x->bytes_done : x->plan.bytes;
		if (x->left)
			s->p.current_files = (struct field_list){ s->files, current_files(x, s->files) };
		pthread_mutex_unlock(&x->lock);
	}
	s->p.bytes_network = x->came;
	pthread_mutex_lock(&x->lock); /* the source may go */
	fetch_figures(x, &s->figures);
	memcpy(s->p.chunk_errors, x->errors, sizeof(s->p.chunk_errors));
	pthread_mutex_unlock(&x->lock);
	if (x->state != FETCH_DOWNLOADING)
		return;
	for (size_t i = 0; i < s->figures.servers_n && i < 8; i++)
		s->servers[i] = (struct action_download_server){ s->figures.servers[i].host,
			s->figures.servers[i].rate_bps, s->figures.servers[i].errors };
	s->p.servers = (struct field_list){ s->servers, s->figures.servers_n < 8 ? s->figures.servers_n : 8 };
	s->p.tries = s->figures.tries;
}

static void tell(struct fetch *x, struct sight *s, struct rate *net, struct rate *plain)
{
	uint64_t now = clock_mono_ms();

	look(x, s);
	rate_tick(net, s->p.bytes_network, now);
	rate_tick(plain,
		s->p.bytes_done - (s->p.bytes_reused < s->p.bytes_done ? s->p.bytes_reused : s->p.bytes_done), now);
	s->p.rate_bps = (uint64_t)(net->per_s * 8);
	if (x->state == FETCH_DOWNLOADING && plain->per_s >= 1)
		s->p.eta_s = (int64_t)((double)(s->p.bytes_total - s->p.bytes_done) / plain->per_s);
	if (x->ask.tell(x->ask.ctx, &s->p) != RC_OK) {
		x->canceled = true;
		end_all(x);
	}
}

static void *run_teller(void *ctx)
{
	struct fetch *x = ctx;
	struct rate net = { .at_ms = clock_mono_ms() }, plain = net;
	uint64_t told = 0, stall_ms = (uint64_t)(x->ask.stall_s ? x->ask.stall_s : FETCH_STALL_S) * 1000;
	struct sight *s = calloc(1, sizeof(*s));

	for (; s && !x->stop; sleep_ms(LOOK_MS)) {
		uint64_t now = clock_mono_ms(), good = x->last_good_ms;
		if (x->state == FETCH_DOWNLOADING && now > good + stall_ms) {
			x->stalled = true;
			end_all(x);
		} else if (now - told >= FETCH_TELL_MS) {
			told = now;
			tell(x, s, &net, &plain);
		}
	}
	if (!s) {
		x->canceled = true;
		end_all(x);
	}
	free(s);
	return NULL;
}

static void *run_syncer(void *ctx)
{
	struct fetch *x = ctx;
	uint64_t last = clock_mono_ms();

	for (; !x->stop; sleep_ms(LOOK_MS / 5)) {
		struct fault f = { 0 };
		pthread_mutex_lock(&x->lock);
		bool full = x->dirty_bytes >= FETCH_SYNC_BYTES;
		pthread_mutex_unlock(&x->lock);
		uint64_t now = clock_mono_ms();
		if (x->state != FETCH_DOWNLOADING || (!full && now - last < FETCH_SYNC_MS))
			continue;
		last = now;
		enum rc rc = fetch_sync(x, &f);
		if (rc == RC_OK)
			continue;
		pthread_mutex_lock(&x->lock);
		x->put_rc = rc;
		x->put_fault = f;
		pthread_mutex_unlock(&x->lock);
		end_all(x);
	}
	return NULL;
}

enum rc fetch_watch(struct fetch *x, struct fault *f)
{
	x->last_good_ms = clock_mono_ms();
	x->tells = pthread_create(&x->teller, NULL, run_teller, x) == 0;
	x->syncs = x->tells && pthread_create(&x->syncer, NULL, run_syncer, x) == 0;
	return x->syncs ? RC_OK : fault_set(f, RC_NOMEM, "no thread can be started");
}

void fetch_unwatch(struct fetch *x)
{
	end_all(x);
	if (x->tells)
		pthread_join(x->teller, NULL);
	if (x->syncs)
		pthread_join(x->syncer, NULL);
	x->tells = x->syncs = false;
}

void fetch_tell_last(struct fetch *x)
{
	struct sight *s = x ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return;
	fetch_unwatch(x);
	look(x, s);
	if (x->ask.tell(x->ask.ctx, &s->p) != RC_OK)
		x->canceled = true;
	free(s);
}
