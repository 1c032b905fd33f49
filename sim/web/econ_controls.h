/*
 * econ_controls: /sim/econ..., with which a test looks at items and trades, and does what nobody asked for. One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* False: not one of these. */
bool econ_controls_answer(struct ask *q, struct answer *a);

/* The help text of these controls. */
extern const char econ_controls_help[];
