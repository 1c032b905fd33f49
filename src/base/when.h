/*
 * when: moments as the API writes them: RFC 3339, UTC, milliseconds. Inside the house a moment is int64_t milliseconds
 * since 1970; 0 means "never".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WHEN_MAX 32

void when_text(char ret[static WHEN_MAX], int64_t ms); /* 2026-11-21T08:51:57.123Z */
bool when_parse(const char *s, int64_t *ret_ms);       /* RFC 3339 with any offset and fraction */
