/*
 * vdf: Valve's key-value tree, as text or as bytes. Nodes are ordered; a key may occur more than once among siblings;
 * keys are compared without case.
 *
 * A document is an object without a name whose children are the nodes at the top (PICS has one there). The whole tree lives
 * in the arena that the parser was given, and borrows nothing from the input.
 * vdf_text and vdf_binary read and write it. Source: steam-protocol facts, section 0.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define VDF_DEPTH_MAX 64          /* objects inside objects */
#define VDF_BYTES_MAX (16u << 20) /* of one document */
#define VDF_NODES_MAX \
	400000 /* of one document; a node takes about 80 bytes, one of a text at least 4 bytes of input */

enum vdf_kind { VDF_OBJECT, VDF_STR, VDF_I32, VDF_F32, VDF_PTR, VDF_COLOR, VDF_U64, VDF_I64 };

struct vdf {
	struct vdf *next; /* the sibling after it */
	const char *key;
	enum vdf_kind kind;
	uint32_t children;
	struct vdf *first, *last; /* VDF_OBJECT */
	union {
		const char *s; /* VDF_STR */
		int32_t i32;   /* VDF_I32, VDF_PTR, VDF_COLOR */
		float f32;
		uint64_t u64;
		int64_t i64;
	};
	const char *
		spelled; /* a text's value as the document spelled it, when we would escape it otherwise; else NULL */
};

/* Adds a node at the end of `parent`; NULL when the arena is full. The key is copied. */
struct vdf *vdf_add(struct vdf *parent, struct arena *a, enum vdf_kind kind, const char *key);
struct vdf *vdf_addn(struct vdf *parent, struct arena *a, enum vdf_kind kind, const char *key, size_t n);
struct vdf *vdf_add_text(struct vdf *parent, struct arena *a, const char *key, const char *value);

/* The first child with that key; NULL when there is none, or `v` is NULL or no object. */
const struct vdf *vdf_get(const struct vdf *v, const char *key);

/* Walks down keys parted by '/': "appinfo/common/name". */
const struct vdf *vdf_at(const struct vdf *v, const char *path);

/* The value of the text at `path`; NULL when there is none. */
const char *vdf_text_at(const struct vdf *v, const char *path);

/* The value at `path` as a number: a decimal text or one of the integer kinds. False when it is neither, or over 64 bits. */
bool vdf_number_at(const struct vdf *v, const char *path, uint64_t *ret);

/* Appends the node's value as JSON. Texts are strings, integers numbers, 64-bit ones strings; a key that occurs more than once
 * becomes one member whose value is a list. */
void vdf_json(struct buf *to, const struct vdf *v);
void vdf_json_sorted(struct buf *to, const struct vdf *v); /* members in the order of their names */
