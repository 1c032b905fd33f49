/*
 * generate: product info of apps that do not exist, with the members and the size that real ones have. The same id and seed
 * give the same bytes.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

struct generate_app {
	uint32_t id;
	uint64_t seed;
	uint32_t min_bytes, max_bytes; /* of the buffer; it may be a little over */
};

/* Appends the PICS buffer: text VDF and a NUL. */
must_check enum rc generate_app(const struct generate_app *how, struct buf *to, struct fault *f);

/* Appends the PICS buffer of a package that holds apps first … last: u32 1 and binary VDF. */
must_check enum rc generate_package(uint32_t id, uint32_t first, uint32_t last, struct buf *to, struct fault *f);
