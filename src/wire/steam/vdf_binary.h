/*
 * vdf_binary: the binary form. A node is a type byte, its name, its value; an object's children end with 8 (or 11), and so
 * does the document. Wide strings (5) are not used by Steam and are refused.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/steam/vdf.h"

/* RC_MALFORMED names the offset. Bytes after the document's end are refused too. */
must_check enum rc vdf_binary_parse(
	const void *p, size_t n, struct arena *a, struct vdf **ret_doc, struct fault *f);
void vdf_binary_write(struct buf *to, const struct vdf *doc);
