/*
 * words: reads the words that were typed, finds the verb, and runs it.
 */
#pragma once

#include "cli/cmd.h"

#define WORDS_MAX 8 /* that are no options */

int words_run(struct cmd *c, int argc, char **argv);
