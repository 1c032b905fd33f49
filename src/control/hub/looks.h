/*
 * looks: what the areas look at by themselves each SCAN_MS: schedules, triggers, sources of updates, downloads. Each is a write of its
 * own, so that what is wrong with one stops no other, and each is done by one of the control planes (the role of its name). Loop thread,
 * but for control.look_within.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct looks;

/* NULL without memory. Sets control.look_within. */
struct looks *looks_new(struct control *c);
void looks_free(struct looks *ls); /* after the writer */

void looks_all(struct looks *ls); /* those that are not under way */
