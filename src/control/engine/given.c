#include "control/engine/given.h"
#include "wire/json_check.h"
#include "wire/packed.h"
#include "wire/tunnel_msg.h"

#include <pthread.h>
#include <stdlib.h>

#define BESIDE (1u << 20) /* a text that is longer is unpacked by a thread of its own, while it is read */

struct unpacking {
	struct packed_reader packed;
	pthread_t thread;
	bool beside; /* there is a thread */
	pthread_mutex_t lock;
	pthread_cond_t news;
	/* Guarded by the lock: */
	size_t done; /* bytes that can be read */
	enum rc rc;  /* RC_MISSING: that is all */
	struct fault fault;
	bool stop; /* nobody reads on */
};

static void unpack_one(struct unpacking *u)
{
	struct fault f = { 0 };
	enum rc rc = packed_reader_next(&u->packed, &f);

	pthread_mutex_lock(&u->lock);
	u->done = u->packed.done;
	u->rc = rc;
	u->fault = f;
	pthread_cond_signal(&u->news);
	pthread_mutex_unlock(&u->lock);
}

static bool goes_on(struct unpacking *u)
{
	pthread_mutex_lock(&u->lock);
	bool on = u->rc == RC_OK && !u->stop;
	pthread_mutex_unlock(&u->lock);
	return on;
}

static void *unpack_on(void *arg)
{
	struct unpacking *u = arg;

	pthread_setname_np(pthread_self(), "unpacker");
	while (goes_on(u))
		unpack_one(u);
	return NULL;
}

/* More than was there before, which ends at *end. */
static bool more(void *ctx, const char **end)
{
	struct unpacking *u = ctx;
	size_t had = (size_t)(*end - u->packed.room);

	pthread_mutex_lock(&u->lock);
	while (u->done == had && u->rc == RC_OK) {
		if (u->beside) {
			pthread_cond_wait(&u->news, &u->lock);
			continue;
		}
		pthread_mutex_unlock(&u->lock);
		unpack_one(u);
		pthread_mutex_lock(&u->lock);
	}
	*end = u->packed.room + u->done;
	bool came = u->done > had;
	pthread_mutex_unlock(&u->lock);
	return came;
}

static enum rc end(struct unpacking *u, bool json, struct fault *f)
{
	pthread_mutex_lock(&u->lock);
	u->stop = true;
	pthread_mutex_unlock(&u->lock);
	if (u->beside)
		pthread_join(u->thread, NULL);
	pthread_cond_destroy(&u->news);
	pthread_mutex_destroy(&u->lock);
	if (u->rc != RC_OK && u->rc != RC_MISSING)
		return fault_set(f, u->rc, "%s", u->fault.text);
	return json && u->rc == RC_MISSING ? RC_OK : fault_set(f, RC_MALFORMED, GIVEN_NO_JSON);
}

/* The text is read where it is unpacked to. */
static enum rc read_packed(const struct tunnel_msg_result *m, char *room, size_t n, struct fault *f)
{
	struct unpacking u = { 0 };
	enum rc rc = packed_reader_begin(&u.packed, m->result, m->result_n, room, f);

	if (rc == RC_OK) {
		pthread_mutex_init(&u.lock, NULL);
		pthread_cond_init(&u.news, NULL);
		u.beside = n > BESIDE && pthread_create(&u.thread, NULL, unpack_on, &u) == 0;
		rc = end(&u, json_check_coming(room, more, &u), f);
	}
	packed_reader_done(&u.packed);
	return rc;
}

static enum rc unpack(const struct tunnel_msg_result *m, char **ret_text, struct fault *f)
{
	size_t n = 0;
	enum rc rc = packed_size(m->result, m->result_n, &n, f);
	auto_free char *text = rc == RC_OK ? malloc(n + 1) : NULL;

	if (rc == RC_OK)
		rc = text ? read_packed(m, text, n, f) : RC_NOMEM;
	if (rc == RC_OK)
		*ret_text = take(text);
	return rc;
}

enum rc given_read(const struct tunnel_msg_result *m, char **ret_text, struct fault *f)
{
	if (m->result && packed_is(m->result, m->result_n))
		return unpack(m, ret_text, f);
	*ret_text = NULL;
	return !m->result || json_check(m->result, m->result_n) ? RC_OK : fault_set(f, RC_MALFORMED, GIVEN_NO_JSON);
}
