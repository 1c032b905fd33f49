#include "control/schedules/schedule_next.h"
#include "model/civil.h"

#include <stdlib.h>

const struct field schedule_next_fields[] = {
	{ .name = "at", .type = FIELD_TIME, FIELD_AT(struct schedule_moment, at), .doc = "The tick." },
	{ .name = "clock",
		.type = FIELD_STR,
		FIELD_AT(struct schedule_moment, clock),
		.doc = "What the clocks of the time zone show then." },
	{ 0 },
};

static const char *clock_text(struct tx *tx, const struct zone *z, int64_t at)
{
	int32_t offset = zone_offset(z, at);
	int64_t shown = at + offset, day = civil_floor(shown, 86400), rest = shown - day * 86400;
	struct civil d = civil_of_day(day);

	return arena_fmt(tx->arena, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", d.year, d.month, d.day,
		(int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), offset < 0 ? '-' : '+',
		abs(offset) / 3600, abs(offset) / 60 % 60);
}

enum rc schedule_next_list(
	struct tx *tx, const struct schedule_clock *c, int64_t after_ms, uint32_t n, struct field_list *ret)
{
	struct schedule_moment *all = arena_take(tx->arena, (n + 1) * sizeof(*all));
	size_t got = 0;

	if (!all)
		return RC_NOMEM;
	for (int64_t tick = after_ms; got < n && (tick = schedule_next(c, tick)); got++) {
		all[got] = (struct schedule_moment){ tick, clock_text(tx, &c->zone, civil_floor(tick, 1000)) };
		if (!all[got].clock)
			return RC_NOMEM;
	}
	*ret = (struct field_list){ all, got };
	return RC_OK;
}
