/*
 * utf8: where one character of a text ends (RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes the character at p has, of at most n; 0 when there is none. */
size_t utf8_len(const uint8_t *p, size_t n);
