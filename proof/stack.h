/*
 * stack: a stack of its own for a fiber, and the two ways to change to it and back. One thread. Under ASAN it is told of every
 * change.
 */
#pragma once

#include <stddef.h>

struct stack {
	char *base; /* kept when it is made anew */
	void *sp, *back;
	void (*run)(void *arg);
	void *arg;
	void *fake, *back_fake; /* ASAN's */
	const void *back_base;
	size_t back_size;
};

/* run must not return: it ends by stack_leave. What ran there before is forgotten. */
void stack_make(struct stack *s, void (*run)(void *arg), void *arg);
void stack_enter(struct stack *s); /* comes back when what runs there leaves */
void stack_leave(struct stack *s); /* on the stack */
