#include "control/people/people_rules.h"
#include "control/control.h"

#include <stddef.h>

const struct people_rules *people_rules_of(const struct control *c)
{
	static const struct people_rules defaults = {
		.argon2_kib = 65536,
		.argon2_passes = 3,
		.password_min = 12,
		.login = { .burst = 5, .refill_ms = 60000, .lock_ms = 30000, .lock_max_ms = 900000 },
		.address = { .burst = 30, .refill_ms = 10000, .lock_ms = 30000, .lock_max_ms = 900000 },
		.code = { .burst = 5, .refill_ms = 60000, .lock_ms = 30000, .lock_max_ms = 900000 },
		.step_up_ms = 300000,
	};
	return c->conf->people ? c->conf->people : &defaults;
}
