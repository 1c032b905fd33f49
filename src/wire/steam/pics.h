/*
 * pics: the two kinds of buffers that product info carries.
 *
 *   app      text VDF and one NUL; its SHA-1 is that of the text without the NUL
 *   package  u32 1, then binary VDF; its SHA-1 is that of the buffer without those 4 bytes
 *
 * Source: steam-protocol facts, section 3.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct vdf;

#define PICS_SHA 20

enum pics_kind { PICS_APP, PICS_PACKAGE };

/* The SHA-1 that Steam gives for this buffer. A buffer too short to be one has the SHA-1 of nothing. */
void pics_sha(enum pics_kind kind, const void *p, size_t n, uint8_t ret[static PICS_SHA]);

/* RC_MALFORMED when the buffer is not the one that `sha` (sha_n bytes) announces. */
must_check enum rc pics_check(
	enum pics_kind kind, const void *p, size_t n, const void *sha, size_t sha_n, struct fault *f);

/* The buffer's tree, in the arena. Its one child is "appinfo", or the package's id. */
must_check enum rc pics_parse(
	enum pics_kind kind, const void *p, size_t n, struct arena *a, struct vdf **ret_doc, struct fault *f);
