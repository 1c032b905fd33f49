/*
 * people_controls: /sim/people, /sim/person/NAME and the like: with which a test looks at accounts, keys and logons, does what a
 * person does at another device, and moves the clock. One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* False: not one of these. */
bool people_controls_answer(struct ask *q, struct answer *a);

/* The help text of these controls. */
extern const char people_controls_help[];
