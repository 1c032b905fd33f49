/*
 * fault: why it failed, in words, beside the rc. The caller owns it and passes it down; the deepest function that knows
 * the answer fills it in. Code below control/ and agent/ never logs an error that it returns: who handles it, logs it, once.
 * The words may reach an API caller as the `detail` of a problem: they say what is wrong and how to mend it, never a secret.
 */
#pragma once

#include "base/rc.h"

#define FAULT_TEXT_MAX 256

struct fault {
	enum rc rc;
	char text[FAULT_TEXT_MAX];
};

/* Fills f (which may be NULL) and returns rc, so that a failing function ends in one line. */
enum rc fault_set(struct fault *f, enum rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__ /* it looks into no other file: what comes back is told here */
static inline enum rc fault_is(enum rc said, enum rc rc)
{
	(void)said;
	return rc;
}
#define fault_set(f, rc, ...) fault_is(fault_set((f), (rc), __VA_ARGS__), (rc))
#endif
