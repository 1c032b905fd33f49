/*
 * long_result: a result that is written, and packed (wire/packed), while it is made: its first member is a list of objects, which are
 * handed over one by one and need not be kept. So most of the work is done when the last of it comes, and nobody ever has all of
 * the text. What is long is packed by a thread of its own; what is short stays as it is. One thread at a time.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

struct field;
struct packer;

struct long_result {
	const struct field *table; /* of the whole; NULL: the result is not written so */
	struct buf text;           /* its end, not packed yet */
	size_t n;                  /* bytes before it */
	struct packer *packer;     /* NULL: nothing had to be packed yet */
	bool more;                 /* the next object is not the first */
};

void long_result_begin(struct long_result *l, const struct field *table);
void long_result_item(struct long_result *l, const void *item);

/*
 * Adds the members after the first from `rest`, a struct of the table's, and fills the empty *to with the result, packed when it is long;
 * *ret_n: how long it is unpacked. It is empty then.
 */
must_check enum rc long_result_end(
	struct long_result *l, const void *rest, struct buf *to, size_t *ret_n, struct fault *f);
void long_result_done(struct long_result *l);
