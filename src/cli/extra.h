/*
 * extra: verbs that need more of the house than a client has (serve, agent run, server doctor); main/ brings them.
 */
#pragma once

/* A verb of main's. A table of them ends in { 0 }. */
struct cli_extra {
	const char *noun, *verb; /* verb NULL: the noun stands alone, as in `footplate serve` */
	/* Gets the words behind the verb; argv[0] is the verb's own name. Its answer is the exit code. */
	int (*run)(int argc, char **argv);
	const char *doc;
	/* Its options, for help: lines of "--name VALUE" and a sentence, parted by a tab. NULL: none. --help never runs it. */
	const char *help;
};
