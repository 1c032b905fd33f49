/* load: a whole simulated Steam from its world file, with the rooms behind it, and its end. */
#pragma once

#include "sim/sim.h"

/* Loads the world with its people, and makes the keys of this Steam. */
must_check enum rc sim_load(struct sim *s, const char *path, struct fault *f);
void sim_done(struct sim *s);
