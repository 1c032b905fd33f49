/*
 * pics.product_info: what Steam says of apps and packages, its tree of keys and values written as JSON.
 *
 * Many records are asked for in slices: while one is on its way, a thread of the task's own reads the one before. The task's arena is that
 * thread's as long as it runs.
 */
#include "agent/action_run.h"
#include "agent/long_result.h"
#include "agent/sessions_call.h"
#include "io/clock.h"
#include "model/action_pics.h"
#include "wire/steam/vdf.h"
#include "wire/steam/vdf_quick.h"
#include "wire/tunnel_auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern const struct action_run pics_product_info;

#define TREE_MAX (64u << 20) /* memory to read one record in */
#define SLICE    (4 * (size_t)STEAM_CALL_BATCH_FULL)

static enum rc want_of(struct action_task *t, const struct action_product_info *in, struct steam_ask *ask)
{
	size_t n = in->apps.n + in->packages.n;
	const uint32_t *apps = in->apps.at, *packages = in->packages.at;
	struct steam_product *to = arena_take(t->arena, (n + 1) * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < in->apps.n; i++)
		to[i] = (struct steam_product){ .kind = PICS_APP, .id = apps[i] };
	for (size_t i = 0; i < in->packages.n; i++)
		to[in->apps.n + i] = (struct steam_product){ .kind = PICS_PACKAGE, .id = packages[i] };
	*ask = (struct steam_ask){ .kind = STEAM_CALL_PRODUCTS,
		.products = to,
		.products_n = n,
		.metadata_only = in->metadata_only,
		.unchecked = true,
		.gap_ms = sessions_pics_interval_ms(t->sessions) * (in->metadata_only ? 2 : 1) };
	return RC_OK;
}

/* What one record is read with; used again for the next. */
struct scratch {
	struct arena texts; /* its name, its SHA-1 */
	struct buf json;
};

/* The document's one child is the record itself. */
static enum rc read_tree(const struct steam_product *p, struct scratch *s, const char **ret_name, struct fault *f)
{
	struct arena a = { .limit = TREE_MAX };
	struct vdf *doc;

	enum rc rc = pics_parse(p->kind, p->buffer, p->buffer_n, &a, &doc, f);
	if (rc == RC_OK) {
		const char *name = doc->first ? vdf_text_at(doc->first, "common/name") : NULL;
		if (doc->first)
			vdf_json(&s->json, doc->first);
		else
			buf_str(&s->json, "{}");
		*ret_name = arena_str(&s->texts, name);
	}
	arena_done(&a);
	return rc;
}

/* The record as JSON, and its name when it has one. */
static enum rc read_record(
	const struct steam_product *p, struct scratch *s, struct action_product *to, struct fault *f)
{
	bool quick = p->kind == PICS_APP && vdf_quick_json(p->buffer, p->buffer_n, &s->json, &s->texts, &to->name);
	enum rc rc = quick ? RC_OK : read_tree(p, s, &to->name, f);

	to->data = buf_text(&s->json);
	return rc == RC_OK && s->json.bad
		       ? fault_set(f, RC_TOO_LARGE, "the records take too much memory: ask for fewer ids")
		       : rc;
}

static enum rc read_known(
	const struct steam_product *p, struct scratch *s, struct action_product *ret, struct fault *f)
{
	struct action_product one = {
		.id = p->id, .change_number = p->change_number, .size = p->size, .missing_token = p->missing_token
	};
	char *sha = p->has_sha ? arena_take(&s->texts, 2 * PICS_SHA + 1) : NULL;

	if (p->has_sha && !sha)
		return RC_NOMEM;
	if (sha)
		tunnel_auth_hex(p->sha, PICS_SHA, sha);
	one.sha1 = sha;
	enum rc rc = p->buffer && p->buffer_n ? read_record(p, s, &one, f) : RC_OK;
	if (rc == RC_OK)
		*ret = one;
	return rc;
}

/* An app goes into the result at once; a package waits in the task's arena until all apps are there. */
static enum rc put_known(
	struct action_task *t, const struct steam_product *p, struct field_list *packages, struct fault *f)
{
	struct scratch s = { 0 };
	struct action_product one = { 0 };
	enum rc rc = read_known(p, &s, &one, f);

	if (rc == RC_OK && p->kind == PICS_APP) {
		long_result_item(t->result, &one);
	} else if (rc == RC_OK) {
		one.name = arena_str(t->arena, one.name);
		one.sha1 = arena_str(t->arena, one.sha1);
		one.data = arena_str(t->arena, one.data);
		((struct action_product *)packages->at)[packages->n++] = one;
		if (!one.data != !(p->buffer && p->buffer_n))
			rc = fault_set(f, RC_TOO_LARGE, "the records take too much memory: ask for fewer ids");
	}
	arena_done(&s.texts);
	buf_done(&s.json);
	return rc;
}

static enum rc damaged(const struct steam_product *p, struct fault *f)
{
	return fault_set(
		f, RC_AWAY, "Steam sent a damaged record of %s %u", p->kind == PICS_APP ? "app" : "package", p->id);
}

static enum rc put_all(struct action_task *t, const struct steam_call *answer,
	struct action_product_info_result *to, struct fault *f)
{
	for (size_t i = 0; i < answer->products_n; i++) {
		const struct steam_product *p = &answer->products[i];
		bool app = p->kind == PICS_APP;
		struct field_list *unknown = app ? &to->unknown_apps : &to->unknown_packages;
		enum rc rc = RC_OK;

		switch (p->state) {
		case STEAM_PRODUCT_UNKNOWN:
			((uint32_t *)unknown->at)[unknown->n++] = p->id;
			break;
		case STEAM_PRODUCT_KNOWN:
			rc = steam_call_is_whole(p) ? put_known(t, p, &to->packages, f) : damaged(p, f);
			break;
		case STEAM_PRODUCT_DAMAGED:
			rc = damaged(p, f);
			break;
		case STEAM_PRODUCT_UNANSWERED:
			rc = fault_set(f, RC_AWAY, "Steam left out %s %u", app ? "app" : "package", p->id);
			break;
		}
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static bool make_room(struct action_task *t, size_t n, struct action_product_info_result *to)
{
	to->packages.at = arena_take(t->arena, (n + 1) * sizeof(struct action_product));
	to->unknown_apps.at = arena_take(t->arena, (n + 1) * sizeof(uint32_t));
	to->unknown_packages.at = arena_take(t->arena, (n + 1) * sizeof(uint32_t));
	return to->packages.at && to->unknown_apps.at && to->unknown_packages.at;
}

/* ---- reading beside asking ---- */

struct reading {
	struct action_task *task;
	struct action_product_info_result *to;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t news;
	struct list answers; /* steam_call.node: to be read */
	bool last;           /* no more will come */
	enum rc rc;          /* of the first that cannot be read: those after it are not */
	struct fault fault;
};

static struct steam_call *next_answer(struct reading *r)
{
	struct steam_call *c = NULL;

	pthread_mutex_lock(&r->lock);
	while (list_empty(&r->answers) && !r->last)
		pthread_cond_wait(&r->news, &r->lock);
	if (!list_empty(&r->answers)) {
		c = list_of(r->answers.next, struct steam_call, node);
		list_remove(&c->node);
	}
	pthread_mutex_unlock(&r->lock);
	return c;
}

static void *read_on(void *arg)
{
	struct reading *r = arg;
	struct fault f = { 0 };
	enum rc rc = RC_OK;

	pthread_setname_np(pthread_self(), "records");
	for (struct steam_call *c; (c = next_answer(r)); steam_call_free(c)) {
		if (rc != RC_OK)
			continue;
		rc = put_all(r->task, c, r->to, &f);
		pthread_mutex_lock(&r->lock);
		r->rc = rc;
		r->fault = f;
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

/* Takes the answer over. Tells whether all before could be read. */
static enum rc hand_over(struct reading *r, struct steam_call *answer)
{
	pthread_mutex_lock(&r->lock);
	if (answer)
		list_append(&r->answers, &answer->node);
	else
		r->last = true;
	enum rc rc = r->rc;
	pthread_cond_signal(&r->news);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

static enum rc ask(struct action_task *t, const struct steam_ask *what, struct steam_call **ret, struct fault *f)
{
	struct sessions_call c = {
		.want = SESSIONS_ASK, .ask = *what, .deadline_ms = t->deadline_ms, .scope = t->scope
	};
	enum rc rc = sessions_do(t->sessions, &c, f);

	t->eresult = c.eresult;
	if (rc == RC_OK)
		*ret = c.answer;
	else
		steam_call_free(c.answer);
	return rc;
}

/* The less is left, the less is asked at once: what is read when all is there is to be little. */
static size_t slice_of(size_t left)
{
	size_t n = left / 2;

	n = n < STEAM_CALL_BATCH_FULL ? STEAM_CALL_BATCH_FULL : n > SLICE ? SLICE : n;
	return n < left ? n : left;
}

static enum rc ask_all(struct reading *r, const struct steam_ask *all, struct fault *f)
{
	struct steam_ask some = *all;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < all->products_n && rc == RC_OK; i += some.products_n) {
		struct steam_call *answer;
		some.products = all->products + i;
		some.products_n = slice_of(all->products_n - i);
		rc = ask(r->task, &some, &answer, f);
		some.from_ms = clock_mono_ms() + all->gap_ms;
		if (rc == RC_OK)
			rc = hand_over(r, answer);
	}
	return rc;
}

static enum rc ask_and_read(
	struct action_task *t, const struct steam_ask *all, struct action_product_info_result *to, struct fault *f)
{
	struct reading r = { .task = t, .to = to };

	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.news, NULL);
	list_init(&r.answers);
	bool started = pthread_create(&r.thread, NULL, read_on, &r) == 0;
	enum rc rc = started ? ask_all(&r, all, f)
			     : fault_set(f, RC_NOMEM, "no thread to read records could be started");
	hand_over(&r, NULL);
	if (started)
		pthread_join(r.thread, NULL);
	pthread_cond_destroy(&r.news);
	pthread_mutex_destroy(&r.lock);
	return r.rc == RC_OK ? rc : fault_set(f, r.rc, "%s", r.fault.text);
}

/* ---- the task ---- */

static int by_product(const void *a, const void *b)
{
	const struct steam_product *x = a, *y = b;
	return x->kind != y->kind ? (x->kind > y->kind ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

/* A call refuses what it is asked twice; here it may be of two calls. */
static enum rc refuse_twice(const struct steam_ask *all, struct fault *f)
{
	auto_free struct steam_product *sorted = calloc(all->products_n, sizeof(*sorted));

	if (!sorted)
		return RC_NOMEM;
	memcpy(sorted, all->products, all->products_n * sizeof(*sorted));
	qsort(sorted, all->products_n, sizeof(*sorted), by_product);
	for (size_t i = 1; i < all->products_n; i++)
		if (by_product(&sorted[i - 1], &sorted[i]) == 0)
			return fault_set(f, RC_INVALID, "product info: id %u is asked twice", sorted[i].id);
	return RC_OK;
}

static enum rc ask_once(
	struct action_task *t, const struct steam_ask *all, struct action_product_info_result *to, struct fault *f)
{
	auto_of(steam_call) struct steam_call *answer = NULL;
	enum rc rc = ask(t, all, &answer, f);
	return rc == RC_OK ? put_all(t, answer, to, f) : rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_product_info *want = in;
	struct action_product_info_result *to = out;
	struct steam_ask all;
	size_t n = want->apps.n + want->packages.n;

	if (n > STEAM_CALL_IDS_MAX)
		return fault_set(f, RC_INVALID, "one task asks for at most %d ids, not %zu", STEAM_CALL_IDS_MAX, n);
	if (!make_room(t, n, to))
		return RC_NOMEM;
	long_result_begin(t->result, action_pics_product_info.result);
	if (n == 0)
		return RC_OK;
	enum rc rc = want_of(t, want, &all);
	if (rc != RC_OK)
		return rc;
	if (want->metadata_only || n <= SLICE)
		return ask_once(t, &all, to, f);
	rc = refuse_twice(&all, f);
	return rc == RC_OK ? ask_and_read(t, &all, to, f) : rc;
}

const struct action_run pics_product_info = { .name = "pics.product_info", .run = run };
