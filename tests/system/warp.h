/*
 * warp: a time that runs faster, shared by the programs of a test through a mapped file. The rig writes it, warp_shim reads it:
 * a clock shows `from` + (now - true_from) * scale. All in nanoseconds.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct warp_time {
	atomic_uint turn; /* odd while it is being changed */
	_Atomic int64_t scale;
	_Atomic int64_t true_from;            /* of the machine's monotonic clock */
	_Atomic int64_t mono_from, real_from; /* what the fast clocks showed then */
};
