/*
 * output: an answer in the format that was asked for, by the columns of the command's verb. --quiet leaves ids alone.
 */
#pragma once

#include "cli/cmd.h"

void output_object(struct cmd *c, const struct json_t *object);
void output_list(struct cmd *c, const struct json_t *items);

/* One of many that come one by one; `first` writes what must stand before them all. What was written is seen at once. */
void output_item(struct cmd *c, const struct json_t *item, bool first);
