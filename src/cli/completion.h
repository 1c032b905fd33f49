/*
 * completion: scripts for bash, zsh and fish that know all nouns, verbs, options and fixed values, made from the tables.
 */
#pragma once

#include "cli/cmd.h"

/* `words` is the shell's name. */
enum cli_exit completion_run(struct cmd *c, char **words, int n);

void completion_bash(struct buf *to, const struct cli_extra *extra);
void completion_zsh(struct buf *to, const struct cli_extra *extra);
void completion_fish(struct buf *to, const struct cli_extra *extra);
