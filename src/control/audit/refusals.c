#include "control/audit/refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MS  60000
#define CALLER_MAX 128

struct caller {
	char name[CALLER_MAX];
	uint32_t written;
	uint64_t counted;
};

struct refusals {
	uint64_t began_ms;
	uint32_t written; /* of all */
	uint64_t others;  /* counted, of those that have no entry */
	size_t n;
	struct caller callers[REFUSALS_CALLERS];
};

struct refusals *refusals_new(void) { return calloc(1, sizeof(struct refusals)); }
void refusals_free(struct refusals *r) { free(r); }

static struct caller *find(struct refusals *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strncmp(r->callers[i].name, name, CALLER_MAX - 1))
			return &r->callers[i];
	if (r->n == REFUSALS_CALLERS)
		return NULL;
	struct caller *c = &r->callers[r->n++];
	*c = (struct caller){ 0 };
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

bool refusals_admit(struct refusals *r, const char *caller, uint64_t now_ms)
{
	struct caller *c = find(r, caller);

	if (r->began_ms == 0)
		r->began_ms = now_ms;
	if (c && c->written < REFUSALS_EACH && r->written < REFUSALS_ALL) {
		c->written++;
		r->written++;
		return true;
	}
	*(c ? &c->counted : &r->others) += 1;
	return false;
}

bool refusals_next(struct refusals *r, uint64_t now_ms, char *ret_caller, size_t n, uint64_t *ret_count)
{
	if (r->began_ms == 0 || now_ms < r->began_ms + WINDOW_MS)
		return false;
	while (r->n > 0) {
		const struct caller *c = &r->callers[--r->n];
		if (c->counted == 0)
			continue;
		snprintf(ret_caller, n, "%s", c->name);
		*ret_count = c->counted;
		return true;
	}
	*ret_caller = 0;
	*ret_count = r->others;
	r->others = r->written = 0;
	r->began_ms = 0;
	return *ret_count > 0;
}
