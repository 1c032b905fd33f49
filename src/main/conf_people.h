/*
 * conf_people: the settings people.*, and what they become.
 */
#pragma once

#include "base/field.h"

#include <stdint.h>

struct arena;
struct people_rules;

struct conf_people {
	uint32_t argon2_kib, argon2_passes, password_min, login_tries, address_tries, code_tries, try_s, lock_s,
		lock_max_s, step_up_s;
	const char *common_passwords;
};

extern const struct field conf_people_fields[];

/* In the arena; the texts are the configuration's. NULL without memory. */
const struct people_rules *conf_people_rules(const struct conf_people *c, struct arena *a);
