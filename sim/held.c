#include "sim/held.h"

#include "base/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct address {
	struct list node;
	char ip[48];
	uint32_t failed;
	uint32_t turned_away; /* so many of its next logons are answered 84 */
	int64_t since, until; /* held off until then */
};

struct held {
	struct list all; /* address.node, oldest first */
	size_t n;
};

enum rc held_new(struct held **ret, struct fault *f)
{
	struct held *h = calloc(1, sizeof(*h));
	if (!h)
		return fault_set(f, RC_NOMEM, "no memory for the addresses");
	list_init(&h->all);
	*ret = h;
	return RC_OK;
}

void held_free(struct held *h)
{
	if (!h)
		return;
	list_each (at, after, &h->all) {
		free(list_of(at, struct address, node));
	}
	free(h);
}

static struct address *address_of(struct held *h, const char *ip, bool make)
{
	if (!h) /* a sim without the room: nobody is held */
		return NULL;
	list_each (at, after, &h->all) {
		struct address *x = list_of(at, struct address, node);
		if (!strcmp(x->ip, ip))
			return x;
	}
	struct address *x = make ? calloc(1, sizeof(*x)) : NULL;
	if (!x)
		return NULL;
	if (h->n == HELD_ADDRESSES_MAX) {
		struct address *old = list_of(h->all.next, struct address, node);
		list_remove(&old->node);
		free(old);
		h->n--;
	}
	snprintf(x->ip, sizeof(x->ip), "%s", ip);
	list_append(&h->all, &x->node);
	h->n++;
	return x;
}

bool held_is(struct sim *s, const char *ip)
{
	const struct address *x = address_of(s->held, ip, false);
	return x && sim_time(s) < x->until;
}

void held_set(struct sim *s, const char *ip, uint32_t seconds)
{
	struct address *x = address_of(s->held, ip, true);
	if (x)
		x->until = sim_time(s) + seconds;
}

void held_failed(struct sim *s, const char *ip, struct person *p)
{
	struct address *x = address_of(s->held, ip, true);
	int64_t now = sim_time(s);

	if (p && now - p->login_since >= s->limits.login_window_s) {
		p->login_since = now;
		p->login_failed = 0;
	}
	if (p)
		p->login_failed++;
	if (!x)
		return;
	if (now - x->since >= s->limits.login_window_s) {
		x->since = now;
		x->failed = 0;
	}
	x->failed++;
	if (s->limits.login_failures && x->failed >= s->limits.login_failures)
		x->until = now + s->limits.login_window_s;
}

void held_throttle(struct sim *s, const char *ip, uint32_t calls)
{
	struct address *x = address_of(s->held, ip, true);
	if (x)
		x->turned_away = calls;
}

bool held_next(struct sim *s, const char *ip)
{
	struct address *x = address_of(s->held, ip, false);
	if (!x || x->turned_away == 0)
		return false;
	x->turned_away--;
	return true;
}
