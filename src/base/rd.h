/*
 * rd: a reading cursor over borrowed bytes. Reading past the end sets `bad` and yields zeros,
 * so a parser states the format line by line and asks once, at the end, whether it held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct rd rd_over(const void *p, size_t n)
{
	const uint8_t *b = p;
	return (struct rd){ .at = b, .end = n ? b + n : b };
}

static inline size_t rd_left(const struct rd *r) { return (size_t)(r->end - r->at); }

static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	if (r->bad || rd_left(r) < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->at;
	if (n > 0)
		r->at += n;
	return p;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);
	return p ? p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	uint16_t hi = rd_u8(r);
	return (uint16_t)(hi << 8 | rd_u8(r));
}

static inline uint32_t rd_u32(struct rd *r)
{
	uint32_t hi = rd_u16(r);
	return hi << 16 | rd_u16(r);
}

static inline uint64_t rd_u64(struct rd *r)
{
	uint64_t hi = rd_u32(r);
	return hi << 32 | rd_u32(r);
}

/* Little endian, as Steam's wires are. */
static inline uint16_t rd_le16(struct rd *r)
{
	uint16_t lo = rd_u8(r);
	return (uint16_t)(lo | rd_u8(r) << 8);
}

static inline uint32_t rd_le32(struct rd *r)
{
	uint32_t lo = rd_le16(r);
	return lo | (uint32_t)rd_le16(r) << 16;
}

static inline uint64_t rd_le64(struct rd *r)
{
	uint64_t lo = rd_le32(r);
	return lo | (uint64_t)rd_le32(r) << 32;
}

/* A text that ends in NUL; NULL and bad when none ends before the bytes do. Borrowed from the bytes. */
static inline const char *rd_cstr(struct rd *r)
{
	const uint8_t *p = r->at;
	while (!r->bad && p && r->at < r->end)
		if (*r->at++ == 0)
			return (const char *)p;
	r->bad = true;
	return NULL;
}
