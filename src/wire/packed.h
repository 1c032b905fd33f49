/*
 * packed: a long JSON text as it is carried and kept:
 *
 *      zstd:SIZE:BASE64
 *
 * SIZE is the text's length in decimal, BASE64 one or more zstd frames (RFC 8878) in the alphabet of RFC 4648, section 4, with padding.
 * No JSON text begins so: whoever has either can tell which. It is text, so that it goes wherever the JSON would: a journal, a line of
 * a message, a column.
 *
 * What unpacks is whatever the packer wrote, so it has to be checked like the text itself. How long it may get is known before
 * anything is taken for it: at most PACKED_MAX bytes, and at most PACKED_RATIO_MAX for each byte that is there. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define PACKED_MIN        (256u << 10) /* shorter texts are not worth it */
#define PACKED_MAX        (64u << 20)
#define PACKED_FRAMES_MAX 1024 /* of one text */
#define PACKED_RATIO_MAX  256  /* JSON is packed to a fourth, at times to a hundredth */

bool packed_is(const char *p, size_t n);

/* Adds one frame of the text, or of a part of it; the parts' frames behind one another are those of the text. */
must_check enum rc packed_frame(const void *p, size_t n, struct buf *to, struct fault *f);

/* Adds the packed text: `frames` are those of `n` bytes. RC_TOO_LARGE: not to be packed, for its length or because it gets too short. */
must_check enum rc packed_put(const struct buf *frames, size_t n, struct buf *to, struct fault *f);

/* The same frame by frame: what is unpacked lies in the room, and may be read while more comes. Zeroed is empty. */
struct packed_reader {
	struct buf frames;
	size_t used, frames_n; /* bytes of them, and how many that were */
	char *room;
	size_t size, done; /* of the room, without its last byte; unpacked so far */
	void *zstd;
};

must_check enum rc packed_reader_begin(
	struct packed_reader *r, const char *p, size_t n, char *room, struct fault *f);
/* One frame more. RC_MISSING: that was all. */
must_check enum rc packed_reader_next(struct packed_reader *r, struct fault *f);
void packed_reader_done(struct packed_reader *r);

/* A text that is packed while it is written: part by part, each a frame, PACKED_FRAMES_MAX at most. Zeroed is empty. One thread at a time. */
struct packed_parts {
	size_t n;          /* bytes of text so far */
	size_t frames_n;   /* bytes of their frames */
	struct buf text;   /* the packed text, with room for its head */
	struct buf frames; /* what is not in it yet */
	void *zstd;
	bool bad; /* no memory, or the text is longer than PACKED_MAX */
};

void packed_parts_add(struct packed_parts *t, const void *p, size_t n);
/* Fills the empty *to with the packed text, or with the text itself where it must not be packed because it gets too short. The parts are
 * empty then. */
must_check enum rc packed_parts_end(struct packed_parts *t, struct buf *to, struct fault *f);
void packed_parts_done(struct packed_parts *t);

/* How many bytes it claims to unpack to. RC_MALFORMED, RC_TOO_LARGE. */
must_check enum rc packed_size(const char *p, size_t n, size_t *ret_size, struct fault *f);

/* Unpacks it into `room`, which has as many bytes as packed_size said, and one more, for a NUL. RC_MALFORMED: it does not unpack to these. */
must_check enum rc packed_open(const char *p, size_t n, char *room, struct fault *f);
