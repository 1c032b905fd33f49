#include "model/gcra.h"

#include <assert.h>

struct gcra gcra_rule(uint32_t units, uint32_t seconds)
{
	int64_t window = (int64_t)seconds * 1000000000;

	assert(units > 0 && units <= GCRA_UNITS_MAX && seconds > 0 && seconds <= 86400);
	return (struct gcra){ (window + units - 1) / units, units };
}

/* What has not drained yet, as a time. More than the rule allows at all is what a clock leaves behind that was set back. */
static int64_t undrained(const struct gcra *g, int64_t tat_ns, int64_t now_ns)
{
	int64_t most = g->interval_ns * g->burst;

	if (tat_ns <= now_ns)
		return 0;
	return tat_ns - now_ns > most ? most : tat_ns - now_ns;
}

uint32_t gcra_free(const struct gcra *g, int64_t tat_ns, int64_t now_ns)
{
	return (uint32_t)((g->interval_ns * g->burst - undrained(g, tat_ns, now_ns)) / g->interval_ns);
}

int64_t gcra_take(const struct gcra *g, int64_t tat_ns, int64_t now_ns, uint32_t want, struct gcra_lease *ret_lease)
{
	uint32_t free = gcra_free(g, tat_ns, now_ns), n = want < free ? want : free;
	int64_t from = now_ns + undrained(g, tat_ns, now_ns);

	*ret_lease = (struct gcra_lease){ from, n };
	return from + g->interval_ns * n;
}

int64_t gcra_wait_ns(const struct gcra *g, int64_t tat_ns, int64_t now_ns, uint32_t units)
{
	int64_t room = g->interval_ns * (g->burst - (units < g->burst ? units : g->burst));
	int64_t wait = undrained(g, tat_ns, now_ns) - room;

	return wait > 0 ? wait : 0;
}

bool gcra_spend(const struct gcra *g, struct gcra_lease *l, int64_t now_ns)
{
	if (l->n > 0 && l->from_ns < now_ns) {
		int64_t gone = (now_ns - l->from_ns + g->interval_ns - 1) / g->interval_ns;
		uint32_t n = gone < l->n ? (uint32_t)gone : l->n;
		l->from_ns += g->interval_ns * n;
		l->n -= n;
	}
	if (l->n == 0)
		return false;
	l->from_ns += g->interval_ns;
	l->n--;
	return true;
}
