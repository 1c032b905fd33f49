/*
 * clock: the only place that asks the machine for the time, and for randomness. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void);  /* milliseconds since 1970, UTC */
uint64_t clock_mono_ms(void); /* never goes back; for deadlines and machines */
uint64_t clock_mono_us(void);
void clock_random(void *p, size_t n); /* from the kernel; aborts when there is none */
void clock_sleep_ms(uint32_t ms);     /* for the command line; nobody else may wait by sleeping */
