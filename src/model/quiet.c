#include "model/quiet.h"

#include "model/civil.h"

#define DAY_S 86400

static bool digits(const char *s, uint32_t max, uint32_t *ret)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*ret = (uint32_t)(s[0] - '0') * 10 + (uint32_t)(s[1] - '0');
	return *ret <= max;
}

enum rc quiet_minutes(const char *text, uint32_t *ret, struct fault *f)
{
	uint32_t hour, minute;

	if (!digits(text, 23, &hour) || text[2] != ':' || !digits(text + 3, 59, &minute) || text[5])
		return fault_set(f, RC_INVALID, "'%.10s' is no time of a day: write it as 22:30", text);
	*ret = hour * 60 + minute;
	return RC_OK;
}

int64_t quiet_until(const struct quiet *q, int64_t at_ms)
{
	int64_t at = civil_floor(at_ms, 1000), clock = at + zone_offset(&q->zone, at),
		day = civil_floor(clock, DAY_S) * DAY_S, from = (int64_t)q->from * 60, to = (int64_t)q->to * 60,
		since = clock - day;
	bool within = from < to ? since >= from && since < to : from > to && (since >= from || since < to);

	if (!within)
		return at_ms;
	int64_t end = zone_moment(&q->zone, day + to + (since >= to ? DAY_S : 0)) * 1000;
	return end > at_ms ? end : at_ms;
}
