/*
 * conf_people: the settings people.*, and what they become.
 */
#pragma once

#include "base/field.h"

struct arena;
struct conf;
struct people_rules;

extern const struct field conf_people_fields[];

/* In the arena; the texts are the configuration's. NULL without memory. */
const struct people_rules *conf_people_rules(const struct conf *c, struct arena *a);
