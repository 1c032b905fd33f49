/* The settings of how stores are asked about titles, a section of conf_fields. */
#include "main/conf.h"

#define IN(member) .at = offsetof(struct conf, updates.member) - offsetof(struct conf, updates)

const struct field conf_updates_fields[] = {
	{ .name = "tick_ms",
		.type = FIELD_U32,
		IN(tick_ms),
		.min = 1000,
		.max = 600000,
		.def = 5000,
		.doc = "Milliseconds from one question to Steam for what changed to the next." },
	{ .name = "sweep_s",
		.type = FIELD_U32,
		IN(sweep_s),
		.min = 5,
		.max = 86400,
		.def = 900,
		.doc = "Seconds from one comparison of the change numbers of all watched titles to the next." },
	{ 0 },
};
