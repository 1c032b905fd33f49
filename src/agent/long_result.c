#include "agent/long_result.h"

#include "wire/field_json.h"
#include "wire/packed.h"

#include <pthread.h>
#include <stdlib.h>

#define PART (512u << 10) /* is packed at once */

/* The thread that packs. It has one part in hand while the next may wait. */
struct packer {
	pthread_t thread;
	bool beside; /* there is a thread; else the parts are packed as they come */
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct buf waiting; /* guarded by the lock: the next part, when it is not empty */
	bool last;          /* guarded: no more will come */
	struct packed_parts parts;
};

static void swap(struct buf *a, struct buf *b)
{
	struct buf was = *a;
	*a = *b;
	*b = was;
}

/* Swaps the part that waits for the empty buffer. False: there will be none. */
static bool next_part(struct packer *p, struct buf *empty)
{
	pthread_mutex_lock(&p->lock);
	while (p->waiting.n == 0 && !p->last)
		pthread_cond_wait(&p->news, &p->lock);
	swap(empty, &p->waiting);
	pthread_cond_signal(&p->news);
	pthread_mutex_unlock(&p->lock);
	return empty->n > 0;
}

static void *pack_on(void *arg)
{
	struct packer *p = arg;
	struct buf part = { 0 };

	pthread_setname_np(pthread_self(), "packer");
	for (; next_part(p, &part); part.n = 0)
		packed_parts_add(&p->parts, part.p, part.n);
	buf_done(&part);
	return NULL;
}

static struct packer *packer_new(void)
{
	struct packer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->news, NULL);
	p->beside = pthread_create(&p->thread, NULL, pack_on, p) == 0;
	return p;
}

/* Hands the part over, and gives an empty buffer for it. */
static void packer_take(struct packer *p, struct buf *part)
{
	if (!p->beside) {
		packed_parts_add(&p->parts, part->p, part->n);
		part->n = 0;
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (p->waiting.n > 0)
		pthread_cond_wait(&p->news, &p->lock);
	swap(part, &p->waiting);
	pthread_cond_signal(&p->news);
	pthread_mutex_unlock(&p->lock);
}

/* Waits until all is packed. */
static void packer_finish(struct packer *p)
{
	if (!p->beside)
		return;
	pthread_mutex_lock(&p->lock);
	p->last = true;
	pthread_cond_signal(&p->news);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	p->beside = false;
}

static void packer_free(struct packer *p)
{
	if (!p)
		return;
	packer_finish(p);
	pthread_cond_destroy(&p->news);
	pthread_mutex_destroy(&p->lock);
	buf_done(&p->waiting);
	packed_parts_done(&p->parts);
	free(p);
}

/* ---- the result ---- */

void long_result_begin(struct long_result *l, const struct field *table)
{
	l->table = table;
	buf_fmt(&l->text, "{\"%s\":[", table->name);
}

static void pack(struct long_result *l)
{
	if (!l->packer)
		l->packer = packer_new();
	if (!l->packer || l->text.bad) {
		l->text.bad = true;
		return;
	}
	l->n += l->text.n;
	packer_take(l->packer, &l->text);
}

void long_result_item(struct long_result *l, const void *item)
{
	if (l->more)
		buf_u8(&l->text, ',');
	l->more = true;
	field_json_encode(l->table->sub, item, &l->text);
	if (l->text.n >= PART)
		pack(l);
}

static void put_rest(struct long_result *l, const void *rest)
{
	struct buf b = { 0 };

	buf_u8(&l->text, ']');
	field_json_encode(l->table + 1, rest, &b);
	if (b.n > 2) /* more than "{}" */
		buf_u8(&l->text, ',');
	if (b.n > 0)
		buf_put(&l->text, b.p + 1, b.n - 1);
	l->text.bad |= b.bad;
	buf_done(&b);
}

static enum rc pack_last(struct long_result *l, struct buf *to, struct fault *f)
{
	pack(l);
	if (l->text.bad)
		return RC_NOMEM;
	packer_finish(l->packer);
	return packed_parts_end(&l->packer->parts, to, f);
}

enum rc long_result_end(struct long_result *l, const void *rest, struct buf *to, size_t *ret_n, struct fault *f)
{
	enum rc rc = RC_OK;

	put_rest(l, rest);
	*ret_n = l->n + l->text.n;
	if (l->text.bad)
		rc = RC_NOMEM;
	else if (*ret_n < PACKED_MIN)
		swap(to, &l->text);
	else
		rc = pack_last(l, to, f);
	long_result_done(l);
	return rc;
}

void long_result_done(struct long_result *l)
{
	packer_free(l->packer);
	buf_done(&l->text);
	*l = (struct long_result){ 0 };
}
