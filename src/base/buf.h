/*
 * buf: bytes that grow. A failed growth is remembered in `bad` and every later call does nothing,
 * so a writer is a straight line of calls and one test at its end.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *p;
	size_t n, room;
	bool bad;
	bool wipes; /* it holds secrets: what is given back, also by growing, is wiped */
};

void buf_done(struct buf *b);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s); /* without its NUL */
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_dec(struct buf *b, uint64_t v); /* decimal text */
static inline void buf_u8(struct buf *b, uint8_t v)
{
	if (b->n < b->room && !b->bad)
		b->p[b->n++] = v;
	else
		buf_put(b, &v, 1);
}
void buf_u16(struct buf *b, uint16_t v); /* big endian, as all wires of our own are */
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_le32(struct buf *b, uint32_t v); /* little endian, as Steam's wires are */
void buf_le64(struct buf *b, uint64_t v);
void buf_drop(struct buf *b, size_t n); /* forgets the first n bytes */

/* Room for n more bytes at the end, to be filled by the caller and then counted by adding to b->n; NULL when bad. */
uint8_t *buf_room(struct buf *b, size_t n);

/* Adds a NUL that is not counted, and returns the text; "" when bad or empty. Valid until the next call on b. */
const char *buf_text(struct buf *b);
