/* titles_controls: what a test does to titles: builds, manifests, what vanishes, lines of a world file. One thread. */
#pragma once

#include "sim/web/ask.h"

/* False: not a path of these controls. */
bool titles_controls_answer(struct ask *q, struct answer *a);

/* What they are, a line each. */
extern const char titles_controls_help[];
