/*
 * scan: decimal numbers in text, read strictly: digits only, no sign, no blank, and no more than is meant. Pure; the text ends
 * in NUL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The number right behind `before`; *at is then what follows it. False, with *at and *ret untouched: there is none, or it is over
 * `most`. */
static inline bool scan_u64(const char **at, const char *before, uint64_t most, uint64_t *ret)
{
	const char *s = *at;
	uint64_t v = 0;

	for (; *before; before++)
		if (*s++ != *before)
			return false;
	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');
		if (digit > most || v > (most - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*at = s;
	*ret = v;
	return true;
}
