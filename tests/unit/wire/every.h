/*
 * every: a struct with a member of every type that a field table knows, and its table. Of field_json's test and its fuzz
 * harness.
 */
#pragma once

#include "base/field.h"

enum every_color { EVERY_RED, EVERY_GREEN, EVERY_BLUE };

struct every_inner {
	uint32_t depth;
	const char *word;
};

struct every {
	bool on, off;
	uint32_t count, small;
	int64_t number, balance;
	uint64_t steam_id;
	int64_t at;
	const char *name, *code, *note, *json;
	int color;
	struct every_inner inner;
	struct field_list labels, words, ids, inners; /* pairs, texts, uint32_t, struct every_inner */
	uint32_t version;
};

static const char *const every_colors[] = { "red", "green", "blue", NULL };

static const struct field every_inner_fields[] = {
	{ .name = "depth", .type = FIELD_U32, FIELD_AT(struct every_inner, depth), .def = 3, .doc = "How deep." },
	{ .name = "word",
		.type = FIELD_STR,
		FIELD_AT(struct every_inner, word),
		.flags = FIELD_OMIT,
		.max = 8,
		.doc = "A word." },
	{ 0 },
};

static const struct field every_item_fields[] = {
	{ .name = "depth", .type = FIELD_U32, FIELD_AT(struct every_inner, depth), .def = 7, .doc = "How deep." },
	{ .name = "word",
		.type = FIELD_STR,
		FIELD_AT(struct every_inner, word),
		.flags = FIELD_REQUIRED,
		.doc = "A word." },
	{ 0 },
};

static const struct field every_fields[] = {
	{ .name = "on", .type = FIELD_BOOL, FIELD_AT(struct every, on), .def = 1, .doc = "Is it on?" },
	{ .name = "off",
		.type = FIELD_BOOL,
		FIELD_AT(struct every, off),
		.flags = FIELD_OMIT,
		.doc = "Is it off?" },
	{ .name = "count", .type = FIELD_U32, FIELD_AT(struct every, count), .doc = "Any 32 bits." },
	{ .name = "small",
		.type = FIELD_U32,
		FIELD_AT(struct every, small),
		.min = 2,
		.max = 9,
		.def = 5,
		.flags = FIELD_NULLABLE,
		.doc = "From 2 to 9." },
	{ .name = "number", .type = FIELD_I64, FIELD_AT(struct every, number), .def = -7, .doc = "Any 64 bits." },
	{ .name = "balance",
		.type = FIELD_I64,
		FIELD_AT(struct every, balance),
		.min = -100,
		.max = 100,
		.flags = FIELD_OMIT,
		.doc = "From -100 to 100." },
	{ .name = "steamId",
		.type = FIELD_ID64,
		FIELD_AT(struct every, steam_id),
		.flags = FIELD_OMIT,
		.doc = "A SteamID." },
	{ .name = "at",
		.type = FIELD_TIME,
		FIELD_AT(struct every, at),
		.flags = FIELD_NULLABLE,
		.doc = "A moment." },
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct every, name),
		.flags = FIELD_REQUIRED,
		.min = 2,
		.max = 20,
		.doc = "Its \"name\"." },
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct every, code),
		.chars = "abc-",
		.flags = FIELD_OMIT,
		.doc = "Of a, b, c and -." },
	{ .name = "a/b~c",
		.type = FIELD_STR,
		FIELD_AT(struct every, note),
		.def_text = "none",
		.flags = FIELD_NULLABLE,
		.doc = "A name that a pointer must escape." },
	{ .name = "json",
		.type = FIELD_JSON,
		FIELD_AT(struct every, json),
		.flags = FIELD_OMIT,
		.doc = "Any JSON." },
	{ .name = "color",
		.type = FIELD_ENUM,
		FIELD_AT(struct every, color),
		.words = every_colors,
		.def = EVERY_GREEN,
		.doc = "A color." },
	{ .name = "inner",
		.type = FIELD_OBJ,
		FIELD_AT(struct every, inner),
		.sub = every_inner_fields,
		.flags = FIELD_NULLABLE,
		.doc = "One in the other." },
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct every, labels),
		.flags = FIELD_NULLABLE | FIELD_OMIT,
		.doc = "Labels." },
	{ .name = "words",
		.type = FIELD_LIST,
		FIELD_AT(struct every, words),
		.item = FIELD_STR,
		.max = 3,
		.flags = FIELD_OMIT,
		.doc = "At most 3 texts." },
	{ .name = "ids",
		.type = FIELD_LIST,
		FIELD_AT(struct every, ids),
		.item = FIELD_U32,
		.flags = FIELD_NULLABLE,
		.doc = "Numbers." },
	{ .name = "inners",
		.type = FIELD_LIST,
		FIELD_AT(struct every, inners),
		.item = FIELD_OBJ,
		.sub = every_item_fields,
		.sub_size = sizeof(struct every_inner),
		.max = 1000,
		.doc = "Many in the other." },
	{ .name = "version",
		.type = FIELD_U32,
		FIELD_AT(struct every, version),
		.flags = FIELD_READONLY | FIELD_OMIT,
		.doc = "Counted by the server." },
	{ 0 },
};
