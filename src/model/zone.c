#include "model/zone.h"
#include "model/civil.h"

#include <string.h>

#define HEAD    44 /* bytes of a header */
#define DAY_S   86400
#define TYPES   256
#define LONGEST ((int64_t)1 << 59) /* seconds: files have the Big Bang */
#define NEVER   INT64_MAX

/* ---- the file ---- */

struct counts {
	uint32_t utc, std, leap, times, types, chars;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p) { return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4)); }

static enum rc bad(const char *why, struct fault *f)
{
	return fault_set(f, RC_MALFORMED, "not a file of a time zone: %s", why);
}

static enum rc read_counts(const uint8_t *p, size_t n, struct counts *ret, struct fault *f)
{
	if (n < HEAD || memcmp(p, "TZif", 4) != 0)
		return bad("no header", f);
	*ret = (struct counts){ be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36),
		be32(p + 40) };
	if (ret->types == 0 || ret->types > TYPES || ret->times > ZONE_JUMPS_MAX || ret->chars > 4096 ||
		ret->leap > 1000 || ret->utc > TYPES || ret->std > TYPES)
		return bad("its counts", f);
	return RC_OK;
}

static size_t size_of(const struct counts *c, size_t width)
{
	return (size_t)c->times * (width + 1) + (size_t)c->types * 6 + c->chars + c->leap * (width + 4) + c->std +
	       c->utc;
}

/* The jumps of a block whose moments have `width` bytes. */
static enum rc read_block(
	const uint8_t *p, const struct counts *c, size_t width, struct arena *a, struct zone *ret, struct fault *f)
{
	const uint8_t *which = p + c->times * width, *types = which + c->times;

	if (c->leap)
		return fault_set(f, RC_INVALID, "a time zone with leap seconds: take one without");
	for (uint32_t i = 0; i < c->types; i++) {
		int32_t offset = (int32_t)be32(types + (size_t)i * 6);
		if (offset > ZONE_OFFSET_MAX || offset < -ZONE_OFFSET_MAX)
			return bad("an offset", f);
	}
	ret->jumps = arena_take(a, (c->times + 1) * sizeof(*ret->jumps));
	if (!ret->jumps)
		return RC_NOMEM;
	ret->before = (int32_t)be32(types);
	for (uint32_t i = 0; i < c->times; i++) {
		int64_t at = width == 8 ? be64(p + (size_t)i * 8) : (int32_t)be32(p + (size_t)i * 4);
		if (at < -LONGEST || at > LONGEST || which[i] >= c->types || (i && at <= ret->jumps[i - 1].at))
			return bad("the order of its jumps", f);
		ret->jumps[i] = (struct zone_jump){ at, (int32_t)be32(types + (size_t)which[i] * 6) };
	}
	ret->n = c->times;
	return RC_OK;
}

/* The line behind the block: what holds from its last jump on. */
static enum rc read_footer(const uint8_t *p, size_t n, struct zone *ret, struct fault *f)
{
	char text[64];

	if (n < 2 || p[0] != '\n')
		return bad("no footer", f);
	const uint8_t *end = memchr(p + 1, '\n', n - 1);
	size_t len = end ? (size_t)(end - p - 1) : 0;
	if (!end || len >= sizeof(text))
		return bad("its footer", f);
	if (len == 0)
		return RC_OK;
	memcpy(text, p + 1, len);
	text[len] = 0;
	ret->ruled = true;
	return zone_rule_parse(text, &ret->rule, f);
}

enum rc zone_parse(const void *bytes, size_t n, struct arena *a, struct zone *ret, struct fault *f)
{
	const uint8_t *p = bytes;
	struct zone z = { 0 };
	struct counts c;

	enum rc rc = read_counts(p, n, &c, f);
	if (rc != RC_OK)
		return rc;
	size_t size = size_of(&c, 4), width = 4;
	if (size > n - HEAD)
		return bad("it is too short", f);
	if (p[4] >= '2') { /* the same again with moments of 64 bits, and a footer */
		p += HEAD + size;
		n -= HEAD + size;
		rc = read_counts(p, n, &c, f);
		if (rc != RC_OK)
			return rc;
		width = 8;
		size = size_of(&c, 8);
		if (size > n - HEAD)
			return bad("it is too short", f);
	}
	rc = read_block(p + HEAD, &c, width, a, &z, f);
	if (rc == RC_OK && width == 8)
		rc = read_footer(p + HEAD + size, n - HEAD - size, &z, f);
	if (rc == RC_OK)
		*ret = z;
	return rc;
}

/* ---- the rule of a year ---- */

static int64_t day_of(const struct zone_day *d, int32_t year)
{
	int64_t first = civil_day(year, 1, 1);

	switch (d->kind) {
	case ZONE_YEAR_DAY:
		return first + d->day;
	case ZONE_YEAR_DAY_NO_LEAP: /* 60 is 1 March in every year */
		return first + d->day - 1 + (d->day >= 60 && civil_days_in(year, 2) == 29);
	case ZONE_MONTH_WEEK:
		break;
	}
	first = civil_day(year, d->month, 1);
	int64_t day = first + (d->day - civil_weekday(first) + 7) % 7 + (int64_t)(d->week - 1) * 7;
	return day >= first + civil_days_in(year, d->month) ? day - 7 : day;
}

/* The moments at which daylight time begins and ends in a year. */
static struct zone_jump rule_jump(const struct zone_rule *r, int32_t year, bool begins)
{
	const struct zone_day *d = begins ? &r->begin : &r->end;
	int64_t clock = day_of(d, year) * DAY_S + d->time;

	return (struct zone_jump){ clock - (begins ? r->standard : r->daylight),
		begins ? r->daylight : r->standard };
}

static int32_t year_of(int64_t at) { return civil_of_day(civil_floor(at, DAY_S)).year; }

/* The last jump of the rule at or before `at`, and the first behind it. */
static void rule_around(const struct zone_rule *r, int64_t at, struct zone_jump *ret_last, int64_t *ret_next)
{
	int32_t year = year_of(at);

	*ret_last = (struct zone_jump){ INT64_MIN, r->standard };
	*ret_next = NEVER;
	if (!r->summer)
		return;
	for (int32_t y = year - 2; y <= year + 2; y++)
		for (int begins = 0; begins < 2; begins++) {
			struct zone_jump j = rule_jump(r, y, begins);
			if (j.at <= at && j.at >= ret_last->at)
				*ret_last = j;
			if (j.at > at && j.at < *ret_next)
				*ret_next = j.at;
		}
}

/* ---- the clock ---- */

/* How many jumps are at or before this moment. */
static size_t jumps_until(const struct zone *z, int64_t at)
{
	size_t from = 0, to = z->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (z->jumps[mid].at <= at)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* What the clock is ahead at a moment, and when it is set next. */
static int32_t around(const struct zone *z, int64_t at, int64_t *ret_next)
{
	size_t i = jumps_until(z, at);
	struct zone_jump last;

	if (i < z->n) {
		*ret_next = z->jumps[i].at;
		return i ? z->jumps[i - 1].offset : z->before;
	}
	if (!z->ruled) {
		*ret_next = NEVER;
		return i ? z->jumps[i - 1].offset : z->before;
	}
	rule_around(&z->rule, at, &last, ret_next);
	return last.offset;
}

int32_t zone_offset(const struct zone *z, int64_t at)
{
	int64_t next;
	return around(z, at, &next);
}

/* The first moment at which the clock shows `clock` or more. */
int64_t zone_moment(const struct zone *z, int64_t clock)
{
	int64_t at = clock - ZONE_OFFSET_MAX, next;

	for (;; at = next) {
		int32_t offset = around(z, at, &next);
		if (next == NEVER || next + offset > clock)
			return clock - offset > at ? clock - offset : at;
	}
}
