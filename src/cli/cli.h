/*
 * cli: the command line. Nouns and verbs are tables (nouns.h, verb.h); parsing, help, completion, the man page and
 * docs/generated/cli.md are made from these alone. The command line is a client of the HTTP API and of nothing else.
 *
 * What needs more of the house than a client has (serve, agent run, server doctor …) comes from main/ as rows of
 * struct cli_extra, and stands in help and completion like all else. Everything is borrowed for the call. One thread.
 */
#pragma once

#include "base/buf.h"
#include "cli/exit.h"
#include "cli/extra.h"

#include <stdio.h>

/* The whole program but main's own verbs. `extra` may be NULL. Returns the exit code. */
int cli_main(int argc, char **argv, const struct cli_extra *extra);

/* The same with other places for what it says. */
int cli_run(FILE *out, FILE *err, int argc, char **argv, const struct cli_extra *extra);

/* docs/generated/cli.md */
void cli_document(struct buf *to, const struct cli_extra *extra);
