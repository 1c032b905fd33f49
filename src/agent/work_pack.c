/* A long result is packed before it goes into the journal: it is less to sync, to send and to keep. */
#include "agent/long_result.h"
#include "agent/work.h"
#include "wire/packed.h"

#include <pthread.h>

#define WORTH(n) ((n) / 4 * 3) /* what is not shorter than this stays as it is */

struct half {
	const uint8_t *p;
	size_t n;
	struct buf frame;
	enum rc rc;
};

static void *pack(void *arg)
{
	struct half *h = arg;
	h->rc = packed_frame(h->p, h->n, &h->frame, NULL);
	return NULL;
}

/* The second half by a thread of its own, when there is one to be had. */
static enum rc pack_both(struct half *first, struct half *second)
{
	pthread_t thread;
	bool beside = pthread_create(&thread, NULL, pack, second) == 0;

	pack(first);
	if (beside)
		pthread_join(thread, NULL);
	else
		pack(second);
	buf_put(&first->frame, second->frame.p, second->frame.n);
	return first->rc != RC_OK ? first->rc : second->rc;
}

void work_pack(struct work *w)
{
	size_t n = w->result.n;
	struct buf text = { 0 };

	if (n < PACKED_MIN || packed_is((const char *)w->result.p, n))
		return;
	struct half first = { .p = w->result.p, .n = n / 2 };
	struct half second = { .p = w->result.p + n / 2, .n = n - n / 2 };
	enum rc rc = pack_both(&first, &second);
	if (rc == RC_OK)
		rc = packed_put(&first.frame, n, &text, NULL);
	if (rc == RC_OK && text.n < WORTH(n)) {
		buf_done(&w->result);
		w->result = text;
		text = (struct buf){ 0 };
	}
	buf_done(&text);
	buf_done(&first.frame);
	buf_done(&second.frame);
}

enum rc work_long_new(struct work *w)
{
	w->run.result = arena_take(&w->arena, sizeof(*w->run.result));
	return w->run.result ? RC_OK : RC_NOMEM;
}

bool work_long_is(const struct work *w) { return w->run.result->table; }

enum rc work_long_end(struct work *w, const void *rest, size_t *ret_n)
{
	return long_result_end(w->run.result, rest, &w->result, ret_n, &w->fault);
}

void work_long_free(struct work *w)
{
	if (w->run.result)
		long_result_done(w->run.result);
	w->run.result = NULL;
}
