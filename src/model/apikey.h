/*
 * apikey: the form of our keys, `fp_live_<30 base62><6 base62>`: 178 random bits and the CRC-32 of all that stands before
 * it, so that a mistyped or made-up key is refused without a look into the database, and secret scanners can be sure.
 * What is kept of a key is a keyed hash (control/access/keys); this file knows the form alone. Pure. control-plane.md 6.4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define APIKEY_KIND_MAX 6
#define APIKEY_MAX      56 /* with NUL */
#define APIKEY_RANDOM   64 /* bytes that apikey_make uses */
#define APIKEY_PREFIX   12 /* characters that may be shown: "fp_live_Ab3d" */

/* Kinds in use: "live" (people and programs), "agt" (one-time enrolment tokens). */
void apikey_make(char ret[static APIKEY_MAX], const char *kind, const uint8_t random[static APIKEY_RANDOM]);

/* Has it the form, this kind (NULL: any) and the right checksum? */
bool apikey_is(const char *text, const char *kind);
