/*
 * field: describes the members of a struct, once. The same table decodes, checks and encodes JSON (wire/field_json), reads
 * the configuration (wire/field_conf), reads a database row (control/rows), and documents (OpenAPI, command help, docs/generated).
 *
 * A table is an array that ends in { 0 }. Members have these C types:
 *
 *   FIELD_BOOL  bool            FIELD_U32  uint32_t       FIELD_I64   int64_t
 *   FIELD_ID64  uint64_t, in JSON a decimal string (Steam's 64-bit ids)
 *   FIELD_TIME  int64_t ms, in JSON RFC 3339; 0 is null
 *   FIELD_STR   const char *, NULL is null              FIELD_JSON  const char *, JSON text as it is; NULL is null
 *   FIELD_ENUM  int, in JSON one of `words`             FIELD_OBJ   the struct that `sub` describes, embedded
 *   FIELD_MAP   struct field_list of struct field_pair: an object whose values are texts (labels)
 *   FIELD_LIST  struct field_list of `item`s (FIELD_STR, FIELD_U32 or FIELD_OBJ with `sub` and `sub_size`)
 *
 * Decoded texts and lists live in the arena that the decoder was given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
	FIELD_END,
	FIELD_BOOL,
	FIELD_U32,
	FIELD_I64,
	FIELD_ID64,
	FIELD_TIME,
	FIELD_STR,
	FIELD_JSON,
	FIELD_ENUM,
	FIELD_OBJ,
	FIELD_MAP,
	FIELD_LIST,
};

enum field_flag {
	FIELD_REQUIRED = 1,  /* a request must have it */
	FIELD_OMIT = 2,      /* an answer leaves it out when it is null, 0 or empty */
	FIELD_SECRET = 4,    /* is never printed: config dumps show "(set)" */
	FIELD_READONLY = 8,  /* may not be in a request */
	FIELD_NULLABLE = 16, /* null in a request is lawful, and means the default */
};

struct field_list {
	void *at;
	size_t n;
};

struct field_pair {
	const char *key, *value;
};

#define FIELD_LIST_MAX_DEFAULT 10000 /* of a list whose row names no `max` */
#define FIELD_STR_MAX_DEFAULT  4096  /* bytes of a text whose row names no `max` */
#define FIELD_PAIRS_MAX        64    /* of a FIELD_MAP */

struct field {
	const char *name; /* as JSON spells it: camelCase */
	enum field_type type;
	unsigned flags;
	size_t at;        /* offsetof in the struct */
	int64_t min, max; /* of a number's value, a text's bytes, a list's length; both 0: the type's own bounds */
	int64_t def;      /* what an absent number, bool or enum becomes */
	const char *def_text; /* what an absent text becomes (configuration) */
	const char *doc;      /* one sentence */
	const struct field *sub;
	size_t sub_size;
	enum field_type item;     /* of a FIELD_LIST */
	const char *const *words; /* of a FIELD_ENUM; ends in NULL */
	const char *chars;        /* a text may hold only these, when given */
};

/* FIELD_AT(struct job_new, action) fills `at` after checking that the member exists. */
#define FIELD_AT(type, member) .at = offsetof(type, member)

size_t field_count(const struct field *t);
const struct field *field_find(const struct field *t, const char *name); /* NULL when there is none */

/* The name in t that is closest to `name` (at most a third of its characters and one differ), or NULL: for "did you mean". */
const char *field_nearest(const struct field *t, const char *name);

/* Edits needed between two texts (Levenshtein), at most `cap`; texts over 63 characters count as cap. */
unsigned field_distance(const char *a, const char *b, unsigned cap);

/* Puts each member's default into the struct; of a map and a list, the empty one. */
void field_defaults(const struct field *t, void *to);
