#include "model/meter.h"
#include "model/civil.h"

#include <string.h>

#define SECOND_NS  1000000000ll
#define DAY_S      86400
#define RATE_S     60
#define PART       16                /* a share is such a part of what is left */
#define COUNTED_NS (200 * 1000000ll) /* a count that is used up is asked again after this: others may give back */
#define SLOTS_NS   (50 * 1000000ll)

static int64_t day_of(int64_t now_ns) { return civil_floor(now_ns / SECOND_NS, DAY_S); }

static int64_t month_of(int64_t now_ns)
{
	struct civil c = civil_of_day(day_of(now_ns));
	return (int64_t)c.year * 12 + c.month - 1;
}

static int64_t month_begin_s(int64_t month)
{
	return civil_day((int32_t)(month / 12), (int32_t)(month % 12) + 1, 1) * DAY_S;
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static struct gcra rule_of(const struct meter_limits *l) { return gcra_rule(l->rate, RATE_S); }

/* Units of the rate that could be spent now. */
static uint32_t rate_units(const struct meter_share *s, const struct meter_limits *l, int64_t now_ns)
{
	const struct gcra rule = rule_of(l);
	struct gcra_lease copy = s->rate;

	return gcra_spend(&rule, &copy, now_ns) ? copy.n + 1 : 0;
}

static int64_t window_units(const struct meter_window *w, int64_t left, int64_t period)
{
	return w->period >= period ? left : 0;
}

/* Units that could be spent now of what is limited. */
static int64_t units(const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns)
{
	switch (p) {
	case METER_RATE:
		return rate_units(s, l, now_ns);
	case METER_DAILY:
		return window_units(&s->day, s->day_left, day_of(now_ns));
	case METER_MONTHLY:
		return window_units(&s->month, s->month_left, month_of(now_ns));
	case METER_CONCURRENT:
		return (int64_t)(s->slots < l->concurrent ? s->slots : l->concurrent) - s->busy;
	case METER_POLICIES:
		break;
	}
	return 0;
}

int64_t meter_limit(const struct meter_limits *l, enum meter_policy p)
{
	const int64_t all[METER_POLICIES] = { l->rate, l->daily, l->monthly, l->concurrent };
	return all[p];
}

const char *meter_policy_name(enum meter_policy p)
{
	static const char *const names[METER_POLICIES] = { "perkey", "daily", "monthly", "concurrency" };
	return names[p];
}

static bool is_out(const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns)
{
	if (p == METER_CONCURRENT && s->busy >= l->concurrent)
		return true;
	return now_ns < s->out_until_ns[p];
}

enum meter_answer meter_try(
	struct meter_share *s, const struct meter_limits *l, int64_t now_ns, enum meter_policy *ret_policy)
{
	const struct gcra rule = l->rate ? rule_of(l) : (struct gcra){ 0 };
	bool ask = false;

	for (int p = 0; p < METER_POLICIES; p++) {
		if (!meter_limit(l, (enum meter_policy)p) || units(s, l, (enum meter_policy)p, now_ns) > 0)
			continue;
		*ret_policy = (enum meter_policy)p;
		if (is_out(s, l, *ret_policy, now_ns))
			return METER_OUT;
		ask = true;
	}
	if (ask)
		return METER_ASK;
	if (l->rate && !gcra_spend(&rule, &s->rate, now_ns))
		return METER_ASK;
	s->day_left -= l->daily ? 1 : 0;
	s->month_left -= l->monthly ? 1 : 0;
	s->busy += l->concurrent ? 1 : 0;
	s->peak = s->busy > s->peak ? s->busy : s->peak;
	s->spent = true;
	return METER_IN;
}

bool meter_is_same(const struct meter_limits *a, const struct meter_limits *b)
{
	return a->rate == b->rate && a->daily == b->daily && a->monthly == b->monthly &&
	       a->concurrent == b->concurrent;
}

bool meter_is_idle(const struct meter_share *s) { return !s->busy && !s->slots && !s->day_left && !s->month_left; }

void meter_undo(struct meter_share *s, const struct meter_limits *l)
{
	if (l->rate) {
		s->rate.from_ns -= rule_of(l).interval_ns;
		s->rate.n++;
	}
	s->day_left += l->daily ? 1 : 0;
	s->month_left += l->monthly ? 1 : 0;
	if (l->concurrent)
		meter_leave(s);
}

void meter_leave(struct meter_share *s)
{
	if (s->busy > 0)
		s->busy--;
}

static int64_t part_of(int64_t left) { return left / PART < METER_SHARE_MAX ? left / PART : METER_SHARE_MAX; }

/* What the row has left, as far as the share knows. */
static int64_t row_left(
	const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns)
{
	int64_t left = p == METER_DAILY ? l->daily - s->day.used : l->monthly - s->month.used;

	if (p == METER_RATE) {
		const struct gcra rule = rule_of(l);
		return gcra_free(&rule, s->tat_ns, now_ns);
	}
	return left > 0 ? left : 0;
}

bool meter_is_low(const struct meter_share *s, const struct meter_limits *l, int64_t now_ns)
{
	for (int p = METER_RATE; p <= METER_MONTHLY; p++) {
		if (!meter_limit(l, (enum meter_policy)p))
			continue;
		if (units(s, l, (enum meter_policy)p, now_ns) * 4 <
			part_of(row_left(s, l, (enum meter_policy)p, now_ns)))
			return true;
	}
	return false;
}

/* What a share gets of what is left: for those who wait, and a part of the rest when that is much. */
static int64_t portion(int64_t left, uint32_t waiting, int64_t has)
{
	int64_t want = waiting + part_of(left) - has;

	return want < 0 ? 0 : want > left ? left : want;
}

struct ask {
	int64_t limit, period, has;
	uint32_t waiting;
};

/* *ret_n: units of the period at hand. */
static bool lease_window(struct meter_window *w, const struct ask *a, struct meter_window *ret, int64_t *ret_n)
{
	if (a->period > w->period)
		*w = (struct meter_window){ a->period, 0 };
	int64_t left = a->limit > w->used ? a->limit - w->used : 0;
	*ret_n = portion(left, a->waiting, a->has);
	w->used += *ret_n;
	*ret = *w;
	return *ret_n + a->has >= a->waiting;
}

/* Does the lease go on where the share's own ends? */
static bool goes_on(const struct gcra *rule, const struct meter_share *s, int64_t from_ns)
{
	return s->rate.n > 0 && s->rate.from_ns + rule->interval_ns * s->rate.n == from_ns;
}

static bool lease_rate(struct meter_row *row, const struct meter_limits *l, const struct meter_share *s,
	uint32_t waiting, struct meter_grant *g)
{
	const struct gcra rule = rule_of(l);
	uint32_t has = goes_on(&rule, s, row->tat_ns) ? rate_units(s, l, g->at_ns) : 0;
	uint32_t free = gcra_free(&rule, row->tat_ns, g->at_ns);
	uint32_t want = (uint32_t)portion(free, waiting, has);

	row->tat_ns = gcra_take(&rule, row->tat_ns, g->at_ns, want, &g->rate);
	return g->rate.n + has >= waiting;
}

static bool lease_slots(struct meter_row *row, const struct meter_limits *l, const struct meter_share *s,
	uint32_t waiting, struct meter_grant *g)
{
	int64_t left = l->concurrent > row->slots ? l->concurrent - row->slots : 0;
	int64_t has = s->slots > s->busy ? s->slots - s->busy : 0;
	int64_t want = waiting > has ? waiting - has : 0;

	g->slots_n = (uint32_t)(want < left ? want : left);
	row->slots += g->slots_n;
	return g->slots_n + has >= waiting;
}

void meter_lease(struct meter_row *row, const struct meter_limits *l, const struct meter_share *s, uint32_t waiting,
	int64_t now_ns, struct meter_grant *ret)
{
	struct meter_grant g = { .at_ns = now_ns };
	int64_t day = later(day_of(now_ns), row->day.period), month = later(month_of(now_ns), row->month.period);

	if (l->rate && !lease_rate(row, l, s, waiting, &g)) {
		const struct gcra rule = rule_of(l);
		g.out_until_ns[METER_RATE] = now_ns + gcra_wait_ns(&rule, row->tat_ns, now_ns, 1);
	}
	g.tat_ns = row->tat_ns;
	const struct ask daily = { l->daily, day, window_units(&s->day, s->day_left, day), waiting },
			 monthly = { l->monthly, month, window_units(&s->month, s->month_left, month), waiting };
	if (l->daily && !lease_window(&row->day, &daily, &g.day, &g.day_n))
		g.out_until_ns[METER_DAILY] = now_ns + COUNTED_NS;
	if (l->monthly && !lease_window(&row->month, &monthly, &g.month, &g.month_n))
		g.out_until_ns[METER_MONTHLY] = now_ns + COUNTED_NS;
	if (l->concurrent && !lease_slots(row, l, s, waiting, &g))
		g.out_until_ns[METER_CONCURRENT] = now_ns + SLOTS_NS;
	*ret = g;
}

/* Units of an earlier period are gone with it. */
static void refill_window(struct meter_window *w, int64_t *left, const struct meter_window *from, int64_t n)
{
	*left = (w->period == from->period ? *left : 0) + n;
	*w = *from;
}

void meter_refill(struct meter_share *s, const struct meter_limits *l, const struct meter_grant *g)
{
	if (g->rate.n > 0) {
		const struct gcra rule = rule_of(l);
		if (goes_on(&rule, s, g->rate.from_ns))
			s->rate.n += g->rate.n;
		else /* others took in between, or all of the last one has drained */
			s->rate = g->rate;
	}
	s->tat_ns = g->tat_ns;
	if (g->day.period)
		refill_window(&s->day, &s->day_left, &g->day, g->day_n);
	if (g->month.period)
		refill_window(&s->month, &s->month_left, &g->month, g->month_n);
	s->slots += g->slots_n;
	memcpy(s->out_until_ns, g->out_until_ns, sizeof(s->out_until_ns));
}

static bool rest_window(struct meter_window *w, int64_t *left, struct meter_window *ret)
{
	if (*left <= 0)
		return false;
	*ret = (struct meter_window){ w->period, *left };
	w->used -= *left;
	*left = 0;
	return true;
}

bool meter_take_rest(struct meter_share *s, bool all, struct meter_rest *ret)
{
	uint32_t needed = all ? s->busy : s->peak;
	bool day = false, month = false;

	*ret = (struct meter_rest){ .slots = s->slots > needed ? s->slots - needed : 0 };
	s->slots -= ret->slots;
	if (all || !s->spent) {
		day = rest_window(&s->day, &s->day_left, &ret->day);
		month = rest_window(&s->month, &s->month_left, &ret->month);
	}
	s->peak = s->busy;
	s->spent = false;
	return day || month || ret->slots > 0;
}

static void return_window(struct meter_window *w, const struct meter_window *rest)
{
	if (w->period == rest->period)
		w->used = w->used > rest->used ? w->used - rest->used : 0;
}

void meter_return(struct meter_row *row, const struct meter_rest *rest)
{
	return_window(&row->day, &rest->day);
	return_window(&row->month, &rest->month);
	row->slots = row->slots > rest->slots ? row->slots - rest->slots : 0;
}

void meter_look(const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns,
	struct meter_view *ret)
{
	int64_t now_s = now_ns / SECOND_NS, have = units(s, l, p, now_ns), end_s;

	*ret = (struct meter_view){ .limit = meter_limit(l, p), .left = have > 0 ? have : 0 };
	if (p == METER_RATE) {
		const struct gcra rule = rule_of(l);
		ret->left += gcra_free(&rule, s->tat_ns, now_ns);
		ret->reset_s = (gcra_wait_ns(&rule, s->tat_ns, now_ns, rule.burst) + SECOND_NS - 1) / SECOND_NS;
		ret->window_s = RATE_S;
	} else if (p == METER_DAILY) {
		ret->left += l->daily > s->day.used ? l->daily - s->day.used : 0;
		end_s = (later(s->day.period, day_of(now_ns)) + 1) * DAY_S;
		ret->reset_s = end_s - now_s;
		ret->window_s = DAY_S;
	} else if (p == METER_MONTHLY) {
		int64_t month = later(s->month.period, month_of(now_ns));
		ret->left += l->monthly > s->month.used ? l->monthly - s->month.used : 0;
		ret->reset_s = month_begin_s(month + 1) - now_s;
		ret->window_s = month_begin_s(month + 1) - month_begin_s(month);
	} else {
		ret->left = l->concurrent > s->busy ? l->concurrent - s->busy : 0;
	}
	if (ret->left > ret->limit)
		ret->left = ret->limit;
}

int64_t meter_retry_s(
	const struct meter_share *s, const struct meter_limits *l, enum meter_policy p, int64_t now_ns)
{
	struct meter_view v;

	if (p == METER_DAILY || p == METER_MONTHLY) {
		meter_look(s, l, p, now_ns, &v);
		return v.reset_s > 0 ? v.reset_s : 1;
	}
	int64_t wait = s->out_until_ns[p] - now_ns;
	return wait > SECOND_NS ? (wait + SECOND_NS - 1) / SECOND_NS : 1;
}
