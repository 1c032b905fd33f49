/*
 * json_run: the bytes that stand for themselves in a JSON string, eight at a time: printable ASCII but for the quote and the backslash. What
 * ends a run is looked at one by one: a byte of a longer character may be itself, too. Pure.
 */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define JSON_RUN_EACH(c) (UINT64_C(0x0101010101010101) * (c))

/*
 * How many of the eight bytes at p, from the first on, stand for themselves. Each term has its high bit set in a byte that does not; the
 * borrow of the subtractions may set it in one after that too, never in one before.
 */
static inline unsigned json_run_eight(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v = le64toh(v);
	uint64_t quote = (v ^ JSON_RUN_EACH('"')) - JSON_RUN_EACH(1);
	uint64_t slash = (v ^ JSON_RUN_EACH('\\')) - JSON_RUN_EACH(1);
	uint64_t del = (v ^ JSON_RUN_EACH(0x7f)) - JSON_RUN_EACH(1);
	uint64_t other = (v | (v - JSON_RUN_EACH(0x20)) | quote | slash | del) & JSON_RUN_EACH(0x80);

	return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}
