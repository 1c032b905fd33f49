/*
 * json_check: is it one JSON text (RFC 8259)? Looks without building anything, for texts of tens of megabytes that are handed
 * through as they came. Depth as json_read allows; UTF-8 must be right; members that stand twice are not looked for. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool json_check(const char *p, size_t n);

/* The same of a text that is still being put where it lies: `more` waits for more of it and says where that ends; false: there will be no
 * more. It is not asked before all that is there was looked at. */
bool json_check_coming(const char *p, bool (*more)(void *ctx, const char **ret_end), void *ctx);
