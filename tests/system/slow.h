/*
 * slow: clients that take their time. They say a head byte by byte, stop in the middle of a body, say nothing, or do not read what they
 * asked for. The server has to be rid of them all by itself.
 */
#pragma once

#include "tests/system/rig.h"

#define SLOW_IDLE 200

struct slow {
	int head, body, large, events;
	int idle[SLOW_IDLE];
	char head_answer[16], body_answer[16]; /* how the answer began, once it came */
	bool head_over, body_over;
	unsigned idle_over, dripped;
	uint64_t next_ms;
};

void slow_start(struct slow *s, const struct rig *r);
void slow_pump(struct slow *s); /* the next byte, when it is due; sees who was sent away */
void slow_stop(struct slow *s);
