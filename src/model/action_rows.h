/*
 * action_rows: short spellings for the field tables of actions. A row is ACTION_ROW(struct, "name", member, type, "What it is.")
 * and whatever else a struct field has. For model/action_*.c alone.
 */
#pragma once

#include "base/field.h"

#define ACTION_ROW(s, name_, member, type_, doc_, ...)                                                     \
	{                                                                                                  \
		.name = (name_), .type = (type_), FIELD_AT(struct s, member), .doc = (doc_), ##__VA_ARGS__ \
	}

#define ACTION_NEEDED .flags = FIELD_REQUIRED
#define ACTION_MAYBE  .flags = FIELD_OMIT
#define ACTION_DIGITS .chars = "0123456789", .min = 1

/* A list of structs, and of numbers or texts. */
#define ACTION_ROWS(s, name_, member, rows, item_, doc_, ...)                          \
	ACTION_ROW(s, name_, member, FIELD_LIST, doc_, .item = FIELD_OBJ, .sub = rows, \
		.sub_size = sizeof(struct item_), ##__VA_ARGS__)
#define ACTION_LIST(s, name_, member, item_, doc_, ...) \
	ACTION_ROW(s, name_, member, FIELD_LIST, doc_, .item = (item_), ##__VA_ARGS__)

/* The shapes of an action: its tables and their structs. */
#define ACTION_SHAPES(in, in_struct, out, out_struct)                               \
	.payload = (in), .payload_size = sizeof(struct in_struct), .result = (out), \
	.result_size = sizeof(struct out_struct)
