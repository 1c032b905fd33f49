/* load: a whole simulated Steam from its world file, with the rooms behind it, and its end. */
#pragma once

#include "sim/sim.h"

/* Loads the world with its people, and makes the keys of this Steam. */
must_check enum rc sim_load(struct sim *s, const char *path, struct fault *f);
/* A line of a world file, while it runs: of depots, the workshop, items and people. RC_INVALID: none of these. Paths begin at `/`. */
must_check enum rc sim_line(struct sim *s, const char *line, struct fault *f);
void sim_done(struct sim *s);
