/*
 * id: our own ids. `job_01JD…` is a prefix that tells the kind and a ULID: 48 bits of milliseconds and 80 random bits in
 * Crockford's base 32, so that ids sort by the time they were made. Pure: the caller brings time and randomness.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ID_ULID_CHARS 26
#define ID_MAX        40 /* prefix, ULID and NUL */
#define ID_RANDOM     10 /* bytes that id_make uses */

/* Writes prefix, '_' and the ULID. The prefix has at most 12 characters. */
void id_make(char ret[static ID_MAX], const char *prefix, int64_t now_ms, const uint8_t random[static ID_RANDOM]);

/* Has s the form of an id with this prefix? (NULL: with any prefix.) */
bool id_is(const char *s, const char *prefix);

/* The milliseconds in an id that id_is; -1 in another text. */
int64_t id_time_ms(const char *s);
