#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b)
{
	if (b->wipes && b->p)
		explicit_bzero(b->p, b->room);
	free(b->p);
	*b = (struct buf){ 0 };
}

/* realloc may leave the old bytes where they were. */
static uint8_t *move(struct buf *b, size_t room)
{
	if (!b->wipes)
		return realloc(b->p, room);
	uint8_t *p = malloc(room);
	if (!p)
		return NULL;
	if (b->p) {
		memcpy(p, b->p, b->n);
		explicit_bzero(b->p, b->room);
	}
	free(b->p);
	return p;
}

static bool grow(struct buf *b, size_t more)
{
	if (b->bad || more > SIZE_MAX / 2 - b->n)
		return !(b->bad = true);
	if (b->n + more <= b->room)
		return true;

	size_t room = b->room ? b->room : 64;
	while (room < b->n + more)
		room *= 2;
	uint8_t *p = move(b, room);
	if (!p)
		return !(b->bad = true);
	b->p = p;
	b->room = room;
	return true;
}

/* Room for nothing is a place too: NULL is said for bad alone. */
uint8_t *buf_room(struct buf *b, size_t n) { return grow(b, n ? n : 1) ? b->p + b->n : NULL; }

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !grow(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_str(struct buf *b, const char *s) { buf_put(b, s, strlen(s)); }

void buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0) {
		b->bad = true;
	} else if (grow(b, (size_t)n + 1)) {
		vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void buf_dec(struct buf *b, uint64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_put(b, text + at, sizeof(text) - at);
}

void buf_u16(struct buf *b, uint16_t v) { buf_put(b, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2); }

void buf_u32(struct buf *b, uint32_t v)
{
	buf_u16(b, (uint16_t)(v >> 16));
	buf_u16(b, (uint16_t)v);
}

void buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)(v >> 32));
	buf_u32(b, (uint32_t)v);
}

void buf_le32(struct buf *b, uint32_t v)
{
	buf_put(b, (uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) }, 4);
}

void buf_le64(struct buf *b, uint64_t v)
{
	buf_le32(b, (uint32_t)v);
	buf_le32(b, (uint32_t)(v >> 32));
}

void buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

const char *buf_text(struct buf *b)
{
	if (b->bad || !grow(b, 1))
		return "";
	b->p[b->n] = 0;
	return (const char *)b->p;
}
