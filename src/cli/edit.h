/*
 * edit: changes of things that have labels. People say which labels to set and which to take away; the API takes the whole
 * set. So the thing is read, its labels are merged, and the change is sent with the ETag that was read: nobody's change
 * in between is lost.
 */
#pragma once

#include "cli/cmd.h"

#define EDIT_LABEL_OPTIONS                                                                                       \
	{ .row = { .name = "label", .type = FIELD_MAP, .doc = "Set a label; again for more. The others stay." }, \
		.letter = 'l',                                                                                   \
		.value = "NAME=VALUE",                                                                           \
		.member = "labels",                                                                              \
		.place = VERB_BODY },                                                                            \
	{                                                                                                        \
		.row = { .name = "unlabel",                                                                      \
			.type = FIELD_LIST,                                                                      \
			.item = FIELD_STR,                                                                       \
			.doc = "Take a label away; again for more." },                                           \
		.value = "NAME"                                                                                  \
	}

enum cli_exit edit_run(struct cmd *c);

/* The labels now, less those in `away`, with those in `set`. Yours; NULL without memory. */
struct json_t *edit_labels(const struct json_t *now, const struct json_t *set, const struct json_t *away);
