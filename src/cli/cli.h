/*
 * cli: the command line. Nouns and verbs are tables (nouns.h, verb.h); parsing, help, completion, the man page and
 * docs/generated/cli.md are made from these alone. The command line is a client of the HTTP API and of nothing else.
 *
 * What needs more of the house than a client has (serve, agent run, server doctor …) comes from main/ as rows of
 * struct cli_extra, and stands in help and completion like all else. Everything is borrowed for the call. One thread.
 */
#pragma once

#include "base/buf.h"

#include <stdio.h>

/* product.md 5.11 */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_PARTIAL = 3,
	CLI_MISSING = 4,
	CLI_DENIED = 5,
	CLI_CONFLICT = 6,
	CLI_LIMITED = 7,
	CLI_UNKNOWN = 8, /* the outcome is not known, or somebody must look */
	CLI_AWAY = 9,
	CLI_WAIT_EXPIRED = 124, /* the work goes on */
};

/* A verb of main's. A table of them ends in { 0 }. */
struct cli_extra {
	const char *noun, *verb; /* verb NULL: the noun stands alone, as in `footplate serve` */
	/* Gets the words behind the verb; argv[0] is the verb's own name. Its answer is the exit code. */
	int (*run)(int argc, char **argv);
	const char *doc;
	/* Its options, for help: lines of "--name VALUE" and a sentence, parted by a tab. NULL: none. --help never runs it. */
	const char *help;
};

/* The whole program but main's own verbs. `extra` may be NULL. Returns the exit code. */
int cli_main(int argc, char **argv, const struct cli_extra *extra);

/* The same with other places for what it says. */
int cli_run(FILE *out, FILE *err, int argc, char **argv, const struct cli_extra *extra);

/* docs/generated/cli.md */
void cli_document(struct buf *to, const struct cli_extra *extra);
