#include "proof/stack.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature) && !defined(__SANITIZE_ADDRESS__)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SIZE (1u << 20)
#else
#define SIZE (256u << 10)
#endif
#define GUARD 4096u

#if defined(__x86_64__)
/* Saves what the ABI wants kept, and the stack's pointer in *save; goes on where `load` left. */
void stack_switch(void **save, void *load);
__asm__(".text\n.globl stack_switch\n.type stack_switch,@function\nstack_switch:\n"
	"\tpush %rbp\n\tpush %rbx\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n"
	"\tmov %rsp, (%rdi)\n\tmov %rsi, %rsp\n"
	"\tpop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbx\n\tpop %rbp\n\tret\n"
	".size stack_switch,.-stack_switch\n");
#define SAVED 6
#elif defined(__aarch64__)
void stack_switch(void **save, void *load);
__asm__(".text\n.globl stack_switch\n.type stack_switch,%function\nstack_switch:\n"
	"\tsub sp, sp, #176\n\tstp x19, x20, [sp]\n\tstp x21, x22, [sp, #16]\n\tstp x23, x24, [sp, #32]\n"
	"\tstp x25, x26, [sp, #48]\n\tstp x27, x28, [sp, #64]\n\tstp x29, x30, [sp, #80]\n"
	"\tstp d8, d9, [sp, #96]\n\tstp d10, d11, [sp, #112]\n\tstp d12, d13, [sp, #128]\n\tstp d14, d15, [sp, "
	"#144]\n"
	"\tmov x2, sp\n\tstr x2, [x0]\n\tmov sp, x1\n"
	"\tldp x19, x20, [sp]\n\tldp x21, x22, [sp, #16]\n\tldp x23, x24, [sp, #32]\n"
	"\tldp x25, x26, [sp, #48]\n\tldp x27, x28, [sp, #64]\n\tldp x29, x30, [sp, #80]\n"
	"\tldp d8, d9, [sp, #96]\n\tldp d10, d11, [sp, #112]\n\tldp d12, d13, [sp, #128]\n\tldp d14, d15, [sp, "
	"#144]\n"
	"\tadd sp, sp, #176\n\tret\n.size stack_switch,.-stack_switch\n");
#else
#error "footplate-sim changes stacks by hand: write stack_switch for this processor"
#endif

static struct stack *entered; /* whose first steps these are */

static void arrived(struct stack *s)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(s->fake, &s->back_base, &s->back_size);
#else
	(void)s;
#endif
}

__attribute__((noreturn, used)) static void first(void)
{
	struct stack *s = entered;
	arrived(s);
	s->run(s->arg);
	abort();
}

void stack_make(struct stack *s, void (*run)(void *arg), void *arg)
{
	if (!s->base) {
		char *p = mmap(NULL, SIZE + GUARD, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED || mprotect(p, GUARD, PROT_NONE) != 0)
			abort();
		s->base = p + GUARD;
	}
#ifdef __SANITIZE_ADDRESS__
	__asan_unpoison_memory_region(s->base, SIZE);
#endif
	s->run = run;
	s->arg = arg;
	s->fake = NULL;
	void **top = (void **)(void *)(s->base + SIZE - 64);
#if defined(__x86_64__)
	*--top = NULL; /* as if `first` had been called: the ABI wants the pointer so */
	*--top = (void *)(uintptr_t)first;
	for (int i = 0; i < SAVED; i++)
		*--top = NULL;
#else
	top -= 22;
	memset(top, 0, 176);
	top[11] = (void *)(uintptr_t)first;
#endif
	s->sp = top;
}

void stack_enter(struct stack *s)
{
	entered = s;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(&s->back_fake, s->base, SIZE);
#endif
	stack_switch(&s->back, s->sp);
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(s->back_fake, NULL, NULL);
#endif
}

void stack_leave(struct stack *s)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(&s->fake, s->back_base, s->back_size);
#endif
	stack_switch(&s->sp, s->back);
	arrived(s);
}
