/*
 * manual: the man page (roff), made from the tables.
 */
#pragma once

#include "cli/cmd.h"

/* footplate(1) */
enum cli_exit manual_run(struct cmd *c, char **words, int n);
void manual_page(struct buf *to, const struct cli_extra *extra);
