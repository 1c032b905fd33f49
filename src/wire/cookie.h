/*
 * cookie: one cookie of a Cookie header (RFC 6265 section 4.2). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Its value, without quotes; `n` counts the NUL. False: the header (NULL: none) does not have it, has it twice (somebody else may have
 * planted one of them), or it does not fit.
 */
bool cookie_find(const char *header, const char *name, char *ret, size_t n);
